"""What a network should be: desired, observed and recorded ranges give actions. Pure.

A range is ours if the network's marker says so; where the marker is gone, if we recorded it and it
is there. All else is somebody else's and stays as it is, byte by byte. What is to go and has
addresses in use stays until these are given back.
"""

from __future__ import annotations

from akoo_avi.pools import edit, holding, marking
from akoo_avi.pools.inputs import Overlap, Plan, Situation
from akoo_avi.spec import spans
from akoo_avi.spec.spans import Ours, Span, spans_of
from akoo_core.plugin import structs


def ours(network: structs.JSON, owner: str, recorded: Ours, former: str = "") -> Ours:
    """What of a network is a pool's own."""
    claims = marking.read(network)
    foreign = [one for who, one in claims.items() if who not in (owner, former)]
    claimed = claims.get(owner) or Ours(
        recorded.spans.difference(*(one.spans for one in foreign)),
        recorded.subnets.difference(*(one.subnets for one in foreign)),
    )
    claimed |= claims.get(former, Ours())
    prefixes = {prefix for prefix, _ in spans.subnets(network)}
    return Ours(
        claimed.spans & spans.of_network(network),
        frozenset(subnet for subnet in claimed.subnets if subnet in prefixes),
        claimed.usable or recorded.usable,
    )


def plan(network: structs.JSON, given: Situation) -> Plan:
    """What to write so that ``network`` becomes what is desired, as far as it can be now."""
    own = ours(network, given.owner, given.recorded, given.former)
    target = _target(network, given, own)
    new = _missing(network, given, target - own.spans)
    overlaps = _overlaps(network, given, own, new)
    if overlaps:
        return Plan(network=None, ours=own, overlaps=overlaps)
    heirs = _heirs(given, own.spans - target, new)
    going = frozenset(own.spans - target - heirs.keys())
    held = holding.held(own.spans & target, going, new, given.allocated)
    stuck = {one.range for one in held}
    added = frozenset(one for one in new if not any(one.overlaps(each) for each in stuck))
    return edit.write(
        network, given, own, added=added, removed=going - stuck, heirs=heirs, held=held
    )


def _target(network: structs.JSON, given: Situation, own: Ours) -> frozenset[Span]:
    """The desired ranges; where nothing is said of a subnet, those of ours that it has."""
    silent = {one.prefix for one in given.desired if one.ranges is None}
    kept = (one for prefix, inside in spans.subnets(network) if prefix in silent for one in inside)
    return spans_of(given.desired) | (frozenset(kept) & own.spans)


def _missing(network: structs.JSON, given: Situation, wanted: frozenset[Span]) -> frozenset[Span]:
    """Of the wanted ranges those to add. One that is there already, by whomever, serves; but not
    one of another pool, unless configs made both."""
    claimed = _pools_ranges(network, given)
    serving = spans.of_network(network) - claimed
    return wanted - serving


def _pools_ranges(network: structs.JSON, given: Situation) -> frozenset[Span]:
    """The ranges of other pools that are theirs alone. To a pool of a config only those of pools
    that somebody wrote here: other configs, and other management clusters, may want the same."""
    alone = {other.owner for other in given.others if not (other.inline and given.inline)}
    return frozenset(
        span
        for who, what in marking.read(network).items()
        if who != given.owner and (who in alone or not given.inline)
        for span in what.spans
    )


def _overlaps(
    network: structs.JSON, given: Situation, own: Ours, new: frozenset[Span]
) -> tuple[Overlap, ...]:
    found = []
    there = spans.of_network(network) - own.spans
    for one in sorted(new):
        found += [
            Overlap(one, each, whose(network, given, each))
            for each in sorted(there)
            if one.overlaps(each)
        ]
        found += [
            Overlap(one, each, f"AviIPPool {other.name}, which is older")
            for other in given.others
            if other.older
            for each in sorted(other.spans - there)
            if one.overlaps(each) and not (one == each and given.inline and other.inline)
        ]
    return tuple(found)


def whose(network: structs.JSON, given: Situation, one: Span) -> str:
    """Who has a range that is not the pool's own, in words."""
    known = {other.owner: f"AviIPPool {other.name}" for other in given.others}
    for who, what in marking.read(network).items():
        if one in what.spans:
            return known.get(who) or f"an AviIPPool elsewhere ({who})"
    return "no pool of ours"


def _heirs(given: Situation, going: frozenset[Span], new: frozenset[Span]) -> dict[Span, str]:
    """Owner of each range that is handed over: the oldest pool that wants exactly the same.

    A range in the way of a new one of this pool is not handed over: what a pool has it keeps, as
    when a range becomes smaller that another pool wants whole.
    """
    settled = (one for one in given.others if one.settled)
    ordered = sorted(settled, key=lambda one: (not one.older, one.name))
    free = [span for span in going if not any(span.overlaps(added) for added in new)]
    return {
        span: other.owner for other in reversed(ordered) for span in free if span in other.spans
    }
