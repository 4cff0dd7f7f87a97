"""Makes the changes of a plan to a network: what is not ours is copied as it is. Pure."""

from __future__ import annotations

import copy

from akoo_avi.pools import marking
from akoo_avi.pools.inputs import Held, Plan, Situation
from akoo_avi.spec import spans
from akoo_avi.spec.spans import Ours, Prefix, Span, Subnet
from akoo_core.plugin import structs


def write(
    network: structs.JSON,
    given: Situation,
    own: Ours,
    *,
    added: frozenset[Span],
    removed: frozenset[Span],
    heirs: dict[Span, str],
    held: tuple[Held, ...],
) -> Plan:
    """The network with ``added`` and without ``removed``; the marker tells of it."""
    body = copy.deepcopy(network)
    made = _add(body, given.desired, added)
    _remove(body, removed)
    kept = (own.spans | added) - removed - heirs.keys()
    subnets, gone, left = _subnets(body, given, own.subnets | made, kept)
    usable = own.usable if given.opened is None else given.opened
    after = Ours(frozenset(kept), subnets, usable)
    claims = {given.former: Ours()} if given.former else {}
    claims[given.owner] = after
    known = {other.owner: other.recorded for other in given.others} | marking.read(network)
    for what, who in (*_inherited(heirs), *left):
        claims[who] = claims.get(who, known.get(who, Ours())) | what
    marking.write(body, claims)
    return Plan(
        network=None if body == network else body,
        ours=after,
        added=Ours(added, made),
        removed=Ours(removed, gone),
        held=held,
    )


def _inherited(heirs: dict[Span, str]) -> list[tuple[Ours, str]]:
    return [(Ours(spans=frozenset({one})), who) for one, who in sorted(heirs.items())]


def _add(
    body: structs.JSON, desired: tuple[Subnet, ...], added: frozenset[Span]
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
            ranges.extend(spans.entry_of(one) for one in new)
    return frozenset(made)


def _remove(body: structs.JSON, removed: frozenset[Span]) -> None:
    for subnet in body.get("configured_subnets") or ():
        ranges = subnet.get("static_ip_ranges") or []
        kept = [one for one in ranges if spans.of_entry(one) not in removed]
        if len(kept) != len(ranges):
            subnet["static_ip_ranges"] = kept


def _subnets(
    body: structs.JSON, given: Situation, made: frozenset[Prefix], kept: frozenset[Span]
) -> tuple[frozenset[Prefix], frozenset[Prefix], list[tuple[Ours, str]]]:
    """Of the subnets that we made: those that stay ours, those that go, those of an heir.

    One that is not wanted any more goes if no range is left in it; with ranges of ours it waits for
    these, with those of others it is theirs.
    """
    wanted = {one.prefix for one in given.desired}
    inside = {prefix: set(found) for prefix, found in spans.subnets(body)}
    stay = {one for one in made if one in wanted or inside.get(one, set()) & kept}
    left, gone = [], set()
    for one in made - stay:
        able = (other for other in given.others if other.settled)
        heir = next((o for o in able if one in {s.prefix for s in o.subnets}), None)
        if heir is not None:
            left.append((Ours(subnets=frozenset({one})), heir.owner))
        elif _is_empty(body, one):
            gone.add(one)
    listed = body.get("configured_subnets") or []
    if gone:
        body["configured_subnets"] = [one for one in listed if spans.prefix_of(one) not in gone]
    return frozenset(stay), frozenset(gone), left


def _is_empty(body: structs.JSON, prefix: Prefix) -> bool:
    return not any(
        subnet.get("static_ip_ranges")
        for subnet in body.get("configured_subnets") or ()
        if spans.prefix_of(subnet) == prefix
    )
