"""The plan of a network: actions from desired, observed and recorded ranges. Pure.

A range is ours if the network's mark says so; without a mark, if we recorded it and it is there.
Ranges of others stay as they are, byte by byte. A range with addresses in use stays until these
are given back.
"""

from __future__ import annotations

from akoo_avi.pools import edit, holding, marking
from akoo_avi.pools.inputs import NetworkPlan, Overlap, PlanInputs
from akoo_avi.spec import spans
from akoo_avi.spec.spans import AddressRange, Ours, spans_of
from akoo_core.plugin import structs


def ours(network: structs.JSON, owner: str, recorded: Ours, former: str = "") -> Ours:
    """The part of a network that is a pool's own."""
    claims = marking.read(network)
    foreign = [
        claim for owner_of_claim, claim in claims.items() if owner_of_claim not in (owner, former)
    ]
    claimed = claims.get(owner) or Ours(
        recorded.spans.difference(*(claim.spans for claim in foreign)),
        recorded.subnets.difference(*(claim.subnets for claim in foreign)),
    )
    claimed |= claims.get(former, Ours())
    prefixes = {prefix for prefix, _ in spans.subnets(network)}
    return Ours(
        claimed.spans & spans.of_network(network),
        frozenset(subnet for subnet in claimed.subnets if subnet in prefixes),
        claimed.usable or recorded.usable,
    )


def plan(network: structs.JSON, inputs: PlanInputs) -> NetworkPlan:
    """The change that makes ``network`` what is desired, as far as that is possible now."""
    own = ours(network, inputs.owner, inputs.recorded, inputs.former)
    target = _target(network, inputs, own)
    new = _missing(network, inputs, target - own.spans)
    overlaps = _overlaps(network, inputs, own, new)
    if overlaps:
        return NetworkPlan(network=None, ours=own, overlaps=overlaps)
    heirs = _heirs(inputs, own.spans - target, new)
    going = frozenset(own.spans - target - heirs.keys())
    held = holding.held(own.spans & target, going, new, inputs.allocated)
    stuck = {span.range for span in held}
    added = frozenset(span for span in new if not any(span.overlaps(other) for other in stuck))
    return edit.write(
        network, inputs, own, added=added, removed=going - stuck, heirs=heirs, held=held
    )


def _target(network: structs.JSON, inputs: PlanInputs, own: Ours) -> frozenset[AddressRange]:
    """The desired ranges; for a subnet without any statement, those of ours that it has."""
    silent = {subnet.prefix for subnet in inputs.desired if subnet.ranges is None}
    kept = (
        span for prefix, inside in spans.subnets(network) if prefix in silent for span in inside
    )
    return spans_of(inputs.desired) | (frozenset(kept) & own.spans)


def _missing(
    network: structs.JSON, inputs: PlanInputs, wanted: frozenset[AddressRange]
) -> frozenset[AddressRange]:
    """The wanted ranges that must be added.

    A range that is there already serves, whoever made it. A range of another pool serves only if
    configs made both pools.
    """
    claimed = _pools_ranges(network, inputs)
    serving = spans.of_network(network) - claimed
    return wanted - serving


def _pools_ranges(network: structs.JSON, inputs: PlanInputs) -> frozenset[AddressRange]:
    """The ranges that belong to other pools alone.

    For a pool of a config, these are the ranges of pools that somebody wrote here: other configs
    and other management clusters may want the same range.
    """
    alone = {other.owner for other in inputs.others if not (other.inline and inputs.inline)}
    return frozenset(
        span
        for owner, claim in marking.read(network).items()
        if owner != inputs.owner and (owner in alone or not inputs.inline)
        for span in claim.spans
    )


def _overlaps(
    network: structs.JSON, inputs: PlanInputs, own: Ours, new: frozenset[AddressRange]
) -> tuple[Overlap, ...]:
    overlaps = []
    there = spans.of_network(network) - own.spans
    for wanted in sorted(new):
        overlaps += [
            Overlap(wanted, existing, whose(network, inputs, existing))
            for existing in sorted(there)
            if wanted.overlaps(existing)
        ]
        overlaps += [
            Overlap(wanted, planned, f"AviIPPool {other.name}, which is older")
            for other in inputs.others
            if other.older
            for planned in sorted(other.spans - there)
            if wanted.overlaps(planned)
            and not (wanted == planned and inputs.inline and other.inline)
        ]
    return tuple(overlaps)


def whose(network: structs.JSON, inputs: PlanInputs, span: AddressRange) -> str:
    """The owner of a range that is not the pool's own, in words."""
    known = {other.owner: f"AviIPPool {other.name}" for other in inputs.others}
    for owner, claim in marking.read(network).items():
        if span in claim.spans:
            return known.get(owner) or f"an AviIPPool elsewhere ({owner})"
    return "no pool of ours"


def _heirs(
    inputs: PlanInputs, going: frozenset[AddressRange], new: frozenset[AddressRange]
) -> dict[AddressRange, str]:
    """Owner of each range that is handed over: the oldest pool that wants exactly the same.

    A range in the way of a new one of this pool is not handed over: what a pool has it keeps, as
    when a range becomes smaller that another pool wants whole.
    """
    settled = (other for other in inputs.others if other.settled)
    ordered = sorted(settled, key=lambda other: (not other.older, other.name))
    free = [span for span in going if not any(span.overlaps(added) for added in new)]
    return {
        span: other.owner for other in reversed(ordered) for span in free if span in other.spans
    }
