"""What becomes of a pool's ranges, row by row, and why, for people. Pure.

Of the same plan that the pool's controller acts on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from akoo_avi.pools import conditions, marking
from akoo_avi.pools import plan as plan_
from akoo_avi.pools.inputs import Plan, Situation
from akoo_avi.spec import spans
from akoo_avi.spec.spans import Subnet, spans_of
from akoo_core.plugin import api, structs

SHOWN = 20
"""Ranges of others that are told one by one; of more the number is told."""
NETWORK = "Network"
PROFILE = "IpamDnsProviderProfile"

Action = Literal["create", "change", "delete", "keep"]


class Row(NamedTuple):
    """One thing that is done to a network, or left alone."""

    action: Action
    why: str


def rows(
    pool: str, network: structs.JSON, given: Situation, *, report: bool = False
) -> tuple[Row, ...]:
    """What is changed, what waits, what is left as it is; in this order. ``report``: the pool only
    tells what somebody changed (driftPolicy Report), so what would be changed is kept."""
    planned = plan_.plan(network, given)
    own = plan_.ours(network, given.owner, given.recorded, given.former)
    me = f"AviIPPool/{pool}"
    changes = [] if planned.overlaps else list(_changes(me, own, planned))
    if report:
        changes = [reported(change) for change in changes]
    if planned.network is not None and not changes and marking.is_marker(network, given.owner):
        told = f"{me} has a marker, which can hide the network from users whose roles have filters"
        changes.append(Row("change", f"make the mark an attribute: {told}"))
    refused = [
        Row(
            "keep",
            f"{overlap.wanted} of {me} overlaps {overlap.there} of {overlap.whose}: with that "
            "nothing at all is changed. Choose other ranges.",
        )
        for overlap in planned.overlaps
    ]
    waiting = [
        Row("keep", f"{one.range} of {me} goes once its addresses do: {conditions.holders(one.by)}")
        for one in planned.held
    ]
    return (
        *changes,
        *refused,
        *waiting,
        *_staying(me, network, given, own, planned),
        *_foreign(network, given, own),
    )


def reported(row: Row) -> Row:
    """A change that is only told of."""
    return Row("keep", f"not done, since spec.driftPolicy is Report: {row.why}")


def _changes(me: str, own: spans.Ours, planned: Plan) -> Iterator[Row]:
    handed = own.spans - planned.ours.spans - planned.removed.spans
    for prefix in sorted(map(str, planned.added.subnets)):
        yield Row("change", f"add subnet {prefix}: {me} wants it, and it is not there")
    for span in sorted(planned.added.spans):
        yield Row("change", f"add {span}: {me} gives it")
    for one in sorted(handed):
        yield Row("change", f"leave {one} to another AviIPPool that gives it, too")
    for one in sorted(planned.removed.spans):
        told = f"{me} has put it there and does not give it any more; none of its addresses is used"
        yield Row("change", f"take out {one}: {told}")
    for prefix in sorted(map(str, planned.removed.subnets)):
        yield Row("change", f"take out subnet {prefix}: {me} has made it, and no range is left")


def _staying(
    me: str, network: structs.JSON, given: Situation, own: spans.Ours, planned: Plan
) -> Iterator[Row]:
    waiting = {one.range for one in planned.held}
    marked = marking.read(network).get(given.owner)
    by = f"attribute {marking.KEY} of the network" if marked else f"the status of {me}"
    for span in sorted((own.spans & planned.ours.spans) - waiting):
        yield Row("keep", f"{span} is of {me}: {by} says so")


def _foreign(network: structs.JSON, given: Situation, own: spans.Ours) -> Iterator[Row]:
    there = sorted(spans.of_network(network) - own.spans)
    wanted = spans_of(given.desired)
    for one in [*(w for w in there if w in wanted), *(o for o in there if o not in wanted)][:SHOWN]:
        told = f"{one} is of {plan_.whose(network, given, one)}"
        serves = "it serves as it is" if one in wanted else "left as it is"
        yield Row("keep", f"{told}: {serves}, not ours to change")
    if len(there) > SHOWN:
        yield Row("keep", f"{len(there) - SHOWN} more ranges of others: left as they are")


def opened(pool: str, *, wanted: bool, there: bool, added: bool, network: str) -> Row | None:
    """What becomes of the network's place among the usable ones. ``added``: by this pool."""
    me = f"AviIPPool/{pool}"
    if wanted and not there:
        return Row("change", f'add "{network}" to the usable networks: {me} wants it usable')
    if wanted:
        whose = f"added by {me}" if added else "not added by us, left as it is"
        return Row("keep", f'"{network}" is among the usable networks: {whose}')
    if added and there:
        told = f"{me} has added it and does not want it any more; once no address of it is used"
        return Row("change", f'take "{network}" out of the usable networks: {told}')
    return None


def action(row: Row, *, kind: str, name: str, where: str) -> api.PlannedAction:
    """A row as ``akoo-core plan`` shows it."""
    return api.PlannedAction(action=row.action, kind=kind, name=name, where=where, why=row.why)


def described(subnets: tuple[Subnet, ...]) -> str:
    """``10.70.0.10-10.70.0.19 (Both), ...`` of what is given; ``no ranges``."""
    found = sorted(spans_of(subnets))
    more = f" and {len(found) - conditions.SHOWN} more" if len(found) > conditions.SHOWN else ""
    return (", ".join(map(str, found[: conditions.SHOWN])) or "no ranges") + more
