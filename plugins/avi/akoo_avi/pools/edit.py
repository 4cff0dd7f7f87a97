"""The edits of a plan to a network: entries of others are copied as they are. Pure."""

from __future__ import annotations

import copy

from akoo_avi.pools import marking
from akoo_avi.pools.inputs import HeldRange, NetworkPlan, PlanInputs
from akoo_avi.spec import spans
from akoo_avi.spec.spans import AddressRange, Ours, Prefix, Subnet
from akoo_core.plugin import structs


def write(
    network: structs.JSON,
    inputs: PlanInputs,
    own: Ours,
    *,
    added: frozenset[AddressRange],
    removed: frozenset[AddressRange],
    heirs: dict[AddressRange, str],
    held: tuple[HeldRange, ...],
) -> NetworkPlan:
    """The network with ``added`` and without ``removed``; the mark is written to match."""
    body = copy.deepcopy(network)
    made = _add(body, inputs.desired, added)
    _remove(body, removed)
    kept = (own.spans | added) - removed - heirs.keys()
    subnets, gone, left = _subnets(body, inputs, own.subnets | made, kept)
    usable = own.usable if inputs.opened is None else inputs.opened
    after = Ours(frozenset(kept), subnets, usable)
    claims = {inputs.former: Ours()} if inputs.former else {}
    claims[inputs.owner] = after
    known = {other.owner: other.recorded for other in inputs.others} | marking.read(network)
    for part, owner in (*_inherited(heirs), *left):
        claims[owner] = claims.get(owner, known.get(owner, Ours())) | part
    marking.write(body, claims)
    return NetworkPlan(
        network=None if body == network else body,
        ours=after,
        added=Ours(added, made),
        removed=Ours(removed, gone),
        held=held,
    )


def _inherited(heirs: dict[AddressRange, str]) -> list[tuple[Ours, str]]:
    return [(Ours(spans=frozenset({span})), owner) for span, owner in sorted(heirs.items())]


def _add(
    body: structs.JSON, desired: tuple[Subnet, ...], added: frozenset[AddressRange]
) -> frozenset[Prefix]:
    """Append subnets that are missing, and ranges; the subnets that were made."""
    entries = {spans.prefix_of(subnet): subnet for subnet in body.get("configured_subnets") or ()}
    made = []
    for wanted in desired:
        if wanted.prefix not in entries:
            entries[wanted.prefix] = spans.subnet_of(wanted.prefix)
            body.setdefault("configured_subnets", []).append(entries[wanted.prefix])
            made.append(wanted.prefix)
        new = sorted(added & (wanted.ranges or frozenset()))
        if new:
            ranges = entries[wanted.prefix].setdefault("static_ip_ranges", [])
            ranges.extend(spans.entry_of(span) for span in new)
    return frozenset(made)


def _remove(body: structs.JSON, removed: frozenset[AddressRange]) -> None:
    for subnet in body.get("configured_subnets") or ():
        ranges = subnet.get("static_ip_ranges") or []
        kept = [entry for entry in ranges if spans.of_entry(entry) not in removed]
        if len(kept) != len(ranges):
            subnet["static_ip_ranges"] = kept


def _subnets(
    body: structs.JSON, inputs: PlanInputs, made: frozenset[Prefix], kept: frozenset[AddressRange]
) -> tuple[frozenset[Prefix], frozenset[Prefix], list[tuple[Ours, str]]]:
    """Split our subnets into those that stay ours, those that go, and those of an heir.

    A subnet that is not wanted any more goes if no range is left in it. With ranges of ours it
    waits for these, with ranges of others it becomes theirs.
    """
    wanted = {subnet.prefix for subnet in inputs.desired}
    inside = {prefix: set(ranges) for prefix, ranges in spans.subnets(body)}
    stay = {prefix for prefix in made if prefix in wanted or inside.get(prefix, set()) & kept}
    left, gone = [], set()
    for prefix in made - stay:
        able = (other for other in inputs.others if other.settled)
        heir = next((o for o in able if prefix in {subnet.prefix for subnet in o.subnets}), None)
        if heir is not None:
            left.append((Ours(subnets=frozenset({prefix})), heir.owner))
        elif _is_empty(body, prefix):
            gone.add(prefix)
    listed = body.get("configured_subnets") or []
    if gone:
        body["configured_subnets"] = [
            subnet for subnet in listed if spans.prefix_of(subnet) not in gone
        ]
    return frozenset(stay), frozenset(gone), left


def _is_empty(body: structs.JSON, prefix: Prefix) -> bool:
    return not any(
        subnet.get("static_ip_ranges")
        for subnet in body.get("configured_subnets") or ()
        if spans.prefix_of(subnet) == prefix
    )
