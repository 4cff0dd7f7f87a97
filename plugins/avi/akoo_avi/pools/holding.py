"""The ranges that cannot go yet, since addresses of them are in use. Pure."""

from __future__ import annotations

from akoo_avi.pools.inputs import Allocated, HeldRange
from akoo_avi.spec.spans import Address, AddressRange


def held(
    kept: frozenset[AddressRange],
    going: frozenset[AddressRange],
    new: frozenset[AddressRange],
    allocated: tuple[Allocated, ...],
) -> tuple[HeldRange, ...]:
    """The ranges that cannot go yet.

    A range that stays can keep a new one out, and with it the addresses that the new one would have
    covered. So the search repeats until nothing is added.
    """
    stuck: dict[AddressRange, tuple[Allocated, ...]] = {}
    while True:
        coming = {span for span in new if not any(span.overlaps(other) for other in stuck)}
        staying = frozenset(kept | coming | stuck.keys())
        before = len(stuck)
        for key in sorted(going - stuck.keys()):
            users = tuple(
                address
                for address in allocated
                if key.holds(address.address) and not _covered(address.address, key, staying)
            )
            if users:
                stuck[key] = users
        if len(stuck) == before:
            return tuple(HeldRange(span, stuck[span]) for span in sorted(stuck))


def _covered(address: Address, going: AddressRange, staying: frozenset[AddressRange]) -> bool:
    return any(span.holds(address) and span.serves(going.use) for span in staying)
