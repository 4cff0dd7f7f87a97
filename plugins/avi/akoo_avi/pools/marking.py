"""What of a network is ours: the marker on it. Pure.

Marker ``akoo-pool`` has one value for each range and each subnet that a pool of ours put there. It
is written in the same request as these, so it is exactly right, and it comes along when the pool's
object is moved or restored from a backup, which loses status.
"""

from __future__ import annotations

import ipaddress
from typing import Final, NamedTuple

from akoo_avi import marks
from akoo_avi.pools.spans import TYPES, Prefix, Span, Use, span
from akoo_core import structs

KEY: Final = "akoo-pool"


class Ours(NamedTuple):
    """Ranges that a pool put into a network, and subnets that it made there."""

    spans: frozenset[Span] = frozenset()
    subnets: frozenset[Prefix] = frozenset()

    def __or__(self, other: Ours) -> Ours:
        return Ours(self.spans | other.spans, self.subnets | other.subnets)

    def __bool__(self) -> bool:
        return bool(self.spans or self.subnets)


def owner(management_id: str, pool: str) -> str:
    """How a pool is called on Avi: several management clusters may share one controller."""
    return f"{management_id}/{pool}"


def read(network: structs.JSON) -> dict[str, Ours]:
    """What the marker says, by owner. Values that nobody of ours wrote are left out."""
    found: dict[str, Ours] = {}
    for values in marks.values(network, KEY):
        for value in values:
            who, _, what = value.partition("=")
            one = _read(what)
            if who and one is not None:
                found[who] = found.get(who, Ours()) | one
    return found


def _read(what: str) -> Ours | None:
    try:
        if "/" in what:
            return Ours(subnets=frozenset({ipaddress.ip_network(what)}))
        both, _, use = what.partition("=")
        begin, _, end = both.partition("-")
        known: Use | None = next((one for one in TYPES if one == use), None)
        return None if known is None else Ours(spans=frozenset({span(begin, end, known)}))
    except ValueError:
        return None


def texts(who: str, ours: Ours) -> list[str]:
    """The values for what is ours, in a fixed order."""
    ranges = [f"{who}={one.begin}-{one.end}={one.use}" for one in sorted(ours.spans)]
    return ranges + sorted(f"{who}={one}" for one in ours.subnets)


def write(network: structs.JSON, wanted: dict[str, Ours]) -> None:
    """Make the marker of ``network`` say exactly that of these owners; other values stay."""
    old = [one for values in marks.values(network, KEY) for one in values]
    kept = [one for one in old if one.partition("=")[0] not in wanted]
    new = kept + [one for who in sorted(wanted) for one in texts(who, wanted[who])]
    if sorted(new) == sorted(old):
        return
    others = [
        one
        for one in network.get("markers") or ()
        if not (isinstance(one, dict) and one.get("key") == KEY)
    ]
    marker = [{"key": KEY, "values": new}] if new else []
    network["markers"] = [*others, *marker]
