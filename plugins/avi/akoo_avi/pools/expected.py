"""The changes of a pool's ranges, row by row, with reasons for people. Pure.

The rows come from the plan that the pool's controller acts on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from akoo_avi.pools import conditions, marking, plan
from akoo_avi.pools.inputs import NetworkPlan, PlanInputs
from akoo_avi.spec import spans
from akoo_avi.spec.spans import Subnet, spans_of
from akoo_core.plugin import api, structs

SHOWN = 20
"""Ranges of others that are listed; further ones are counted."""
NETWORK = "Network"
PROFILE = "IpamDnsProviderProfile"

Action = Literal["create", "change", "delete", "keep"]


class ChangeRow(NamedTuple):
    """A change of a network, or a part of it that stays."""

    action: Action
    why: str
    refused: bool = False
    """It prevents that the pool comes into force."""


def rows(
    pool: str, network: structs.JSON, inputs: PlanInputs, *, report: bool = False
) -> tuple[ChangeRow, ...]:
    """Changes, then ranges that wait, then ranges that stay. ``report``: the pool only reports
    foreign changes (driftPolicy Report), so the rows say that they are kept."""
    planned = plan.plan(network, inputs)
    own = plan.ours(network, inputs.owner, inputs.recorded, inputs.former)
    me = f"AviIPPool/{pool}"
    changes = [] if planned.overlaps else list(_changes(me, own, planned))
    if report:
        changes = [reported(change) for change in changes]
    if planned.network is not None and not changes and marking.is_marker(network, inputs.owner):
        reason = (
            f"{me} has a marker, which can hide the network from users whose roles have filters"
        )
        changes.append(ChangeRow("change", f"make the mark an attribute: {reason}"))
    refused = [
        ChangeRow(
            "keep",
            f"{overlap.wanted} of {me} overlaps {overlap.there} of {overlap.whose}: therefore "
            "nothing is changed. Choose other ranges.",
            refused=True,
        )
        for overlap in planned.overlaps
    ]
    waiting = [
        ChangeRow(
            "keep",
            f"{held.range} of {me} goes once its addresses do: {conditions.holders(held.by)}",
            refused=True,
        )
        for held in planned.held
    ]
    return (
        *changes,
        *refused,
        *waiting,
        *_staying(me, network, inputs, own, planned),
        *_foreign(network, inputs, own),
    )


def reported(row: ChangeRow) -> ChangeRow:
    """A change that is only reported."""
    why = f"not done, since spec.driftPolicy is Report: {row.why}"
    return ChangeRow("keep", why, refused=True)


def _changes(me: str, own: spans.Ours, planned: NetworkPlan) -> Iterator[ChangeRow]:
    handed = own.spans - planned.ours.spans - planned.removed.spans
    for prefix in sorted(map(str, planned.added.subnets)):
        yield ChangeRow("change", f"add subnet {prefix}: {me} wants it, and it is not there")
    for span in sorted(planned.added.spans):
        yield ChangeRow("change", f"add {span}: {me} gives it")
    for span in sorted(handed):
        yield ChangeRow("change", f"leave {span} to another AviIPPool that gives it, too")
    for span in sorted(planned.removed.spans):
        reason = f"{me} added it and no longer gives it; none of its addresses is used"
        yield ChangeRow("change", f"take out {span}: {reason}")
    for prefix in sorted(map(str, planned.removed.subnets)):
        yield ChangeRow(
            "change", f"take out subnet {prefix}: {me} has made it, and no range is left"
        )


def _staying(
    me: str, network: structs.JSON, inputs: PlanInputs, own: spans.Ours, planned: NetworkPlan
) -> Iterator[ChangeRow]:
    waiting = {held.range for held in planned.held}
    marked = marking.read(network).get(inputs.owner)
    by = f"attribute {marking.KEY} of the network" if marked else f"the status of {me}"
    for span in sorted((own.spans & planned.ours.spans) - waiting):
        yield ChangeRow("keep", f"{span} is of {me}: {by} says so")


def _foreign(network: structs.JSON, inputs: PlanInputs, own: spans.Ours) -> Iterator[ChangeRow]:
    there = sorted(spans.of_network(network) - own.spans)
    wanted = spans_of(inputs.desired)
    ordered = [*(s for s in there if s in wanted), *(s for s in there if s not in wanted)]
    for span in ordered[:SHOWN]:
        owner = f"{span} is of {plan.whose(network, inputs, span)}"
        serves = "it serves as it is" if span in wanted else "left as it is"
        yield ChangeRow("keep", f"{owner}: {serves}, not ours to change")
    if len(there) > SHOWN:
        yield ChangeRow("keep", f"{len(there) - SHOWN} more ranges of others: left as they are")


def opened(pool: str, *, wanted: bool, there: bool, added: bool, network: str) -> ChangeRow | None:
    """The change of the network's entry among the usable ones. ``added``: by this pool."""
    me = f"AviIPPool/{pool}"
    if wanted and not there:
        return ChangeRow("change", f'add "{network}" to the usable networks: {me} wants it usable')
    if wanted:
        whose = f"added by {me}" if added else "not added by us, left as it is"
        return ChangeRow("keep", f'"{network}" is among the usable networks: {whose}')
    if added and there:
        reason = f"{me} has added it and does not want it any more; once no address of it is used"
        return ChangeRow("change", f'take "{network}" out of the usable networks: {reason}')
    return None


def action(row: ChangeRow, *, kind: str, name: str, where: str) -> api.PlannedAction:
    """A row as ``akoo-core plan`` shows it."""
    return api.PlannedAction(action=row.action, kind=kind, name=name, where=where, why=row.why)


def described(subnets: tuple[Subnet, ...]) -> str:
    """``10.70.0.10-10.70.0.19 (Both), ...`` of the ranges; ``no ranges``."""
    ranges = sorted(spans_of(subnets))
    more = f" and {len(ranges) - conditions.SHOWN} more" if len(ranges) > conditions.SHOWN else ""
    return (", ".join(map(str, ranges[: conditions.SHOWN])) or "no ranges") + more
