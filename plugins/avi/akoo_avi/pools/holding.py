"""Which ranges cannot go yet, since addresses of them are in use. Pure."""

from __future__ import annotations

from akoo_avi.pools.inputs import Allocated, Held
from akoo_avi.spec.spans import Address, Span


def held(
    kept: frozenset[Span],
    going: frozenset[Span],
    new: frozenset[Span],
    allocated: tuple[Allocated, ...],
) -> tuple[Held, ...]:
    """The ranges that cannot go yet. One that stays can keep a new one out, and with it what the
    new one would have covered: so it is asked again until nothing is added."""
    stuck: dict[Span, tuple[Allocated, ...]] = {}
    while True:
        coming = {one for one in new if not any(one.overlaps(each) for each in stuck)}
        staying = frozenset(kept | coming | stuck.keys())
        before = len(stuck)
        for key in sorted(going - stuck.keys()):
            users = tuple(
                each
                for each in allocated
                if key.holds(each.address) and not _covered(each.address, key, staying)
            )
            if users:
                stuck[key] = users
        if len(stuck) == before:
            return tuple(Held(one, stuck[one]) for one in sorted(stuck))


def _covered(address: Address, going: Span, staying: frozenset[Span]) -> bool:
    return any(one.holds(address) and one.serves(going.use) for one in staying)
