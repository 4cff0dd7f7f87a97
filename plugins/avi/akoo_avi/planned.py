"""``akoo-core plan --verb sweep``: what a sweep would do now, and why an object is taken for ours.

Reads only. It shows what :mod:`akoo_avi.sweep` acts on: the same inventory, the same plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from akoo_avi import holders, inventory, placement, sweepplan
from akoo_avi import sweep as sweeping
from akoo_avi.client import AviClient
from akoo_avi.found import Found, Inventory
from akoo_core.plugins import api


async def sweep(
    ctx: api.VerbContext, client: AviClient, stored: placement.Stored
) -> tuple[api.PlannedAction, ...]:
    """In the order in which it would be done; what stays comes last. Raises AviErrors."""
    mark = sweeping.mark_of(stored)
    seen = await inventory.collect(client, mark)
    refusal = sweeping.claim_problem(ctx.view, stored, seen)
    held = await holders.find(client, mark, seen) if seen.own else ()
    return actions(client.address, seen, held, refusal.message if refusal else "")


def actions(
    address: str, seen: Inventory, held: tuple[sweepplan.Held, ...], refusal: str = ""
) -> tuple[api.PlannedAction, ...]:
    """The same, from what was read. ``refusal``: why nothing at all may be deleted. Pure."""
    if refusal:
        return tuple(_keep(address, one, refusal) for one in (*seen.own, *seen.suspects))
    plan_ = sweepplan.plan(seen, (one.object.key for one in held))
    gone = [
        api.PlannedAction(
            action="delete",
            kind=one.kind,
            name=one.name,
            where=_where(address, one.tenant),
            why=one.verdict.why,
        )
        for level in plan_.levels
        for one in level
    ]
    by = {one.object.key: str(one) for one in held}
    reason = "what refers to it cannot go"
    kept = [_keep(address, one, by.get(one.key, reason)) for one in plan_.kept]
    suspects = [_keep(address, one, f"suspect: {one.verdict.why}") for one in seen.suspects]
    return (*gone, *_edits(address, seen), *kept, *suspects)


def _keep(address: str, one: Found, why: str) -> api.PlannedAction:
    return api.PlannedAction(
        action="keep", kind=one.kind, name=one.name, where=_where(address, one.tenant), why=why
    )


def _edits(address: str, seen: Inventory) -> Iterator[api.PlannedAction]:
    for part in seen.parts:
        where = _where(address, part.tenant)
        for entry in part.own:
            yield api.PlannedAction(
                action="change",
                kind=part.kind,
                name=part.name,
                where=where,
                why=f"take out {entry.name}: {entry.verdict.why}",
            )
        for entry in part.suspect:
            yield api.PlannedAction(
                action="keep",
                kind=part.kind,
                name=part.name,
                where=where,
                why=f"{entry.name} is a suspect: {entry.verdict.why}",
            )


def _where(address: str, tenant: str) -> str:
    return f"{address}, tenant {tenant}" if tenant else address
