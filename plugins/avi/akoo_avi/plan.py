"""``akoo-core plan``: what prepare or sweep would do now, and why an object is taken for ours.

Reads only. It shows what the verbs act on: the same decisions about the claim, the same inventory,
the same plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from akoo_avi.cleanup import departure, holders, sweep_plan
from akoo_avi.cleanup import sweep as sweeping
from akoo_avi.client import AviClient, Controllers
from akoo_avi.connect import access
from akoo_avi.connect import shared as shared_
from akoo_avi.ownership import claim, claiming, inventory, kinds
from akoo_avi.ownership.judged import Inventory, JudgedObject
from akoo_avi.place import suitable
from akoo_avi.place.catalog import Catalogs
from akoo_avi.pools import planned as pools
from akoo_avi.spec import names, placement, refusal
from akoo_avi.spec import wanted as wanted_
from akoo_core.plugin import api

Actions = tuple[api.PlannedAction, ...]


async def prepare(ctx: api.VerbContext, clients: Controllers, catalogs: Catalogs) -> Actions:
    """The claim, which is all that prepare writes; then the address pools, which their own
    controller brings to what they say. Raises Refusal, AviErrors and the core's BlockedError."""
    stored = placement.stored(ctx.view)
    if stored is None and not ctx.view.config:
        return ()
    if stored is None:
        first = await _unplaced(ctx, clients, catalogs)
    else:
        avi = await departure.open(ctx, clients, stored)
        epoch = placement.claimed_epoch(ctx.view, stored.place)
        first = await _claim(ctx.view, avi, epoch)
    return (first, *await pools.prepare(ctx, clients, catalogs))


async def _unplaced(
    ctx: api.VerbContext, clients: Controllers, catalogs: Catalogs
) -> api.PlannedAction:
    """Of a cluster whose place was not found yet."""
    address = ""
    try:
        asked = wanted_.of_view(ctx.view)
        reach, _ = await shared_.reach(ctx, asked)
        address = reach.address
        unready = (await shared_.pools(ctx, asked)).unready
        avi = await access.open(ctx, clients, reach)
        _, place = await suitable.judged(ctx, avi, reach, catalogs, asked)
    except refusal.Refusal as error:
        return _of_claim(ctx.view, address, "keep", f"not made: {error}")
    waiting = place if isinstance(place, api.Wait) else unready
    return await _claim(ctx.view, avi, None, waits=waiting.message if waiting else "")


async def _claim(
    view: api.View, avi: AviClient, epoch: int | None, waits: str = ""
) -> api.PlannedAction:
    address, name = avi.address, view.spec.ako_cluster_name
    there = await claiming.find(avi, name)
    match claim.decide(view.spec, there, claimed_epoch=epoch):
        case claim.MakeClaim():
            why = "it says who may take this cluster away"
            return _of_claim(view, address, "create", f"{why}; waits: {waits}" if waits else why)
        case claim.RewriteClaim():
            return _of_claim(
                view, address, "change", f"this record has epoch {view.spec.epoch} by now"
            )
        case claim.RefuseClaim() as found:
            return _of_claim(view, address, "keep", found.message)
    return _of_claim(view, address, "keep", "it is this record's")


def _of_claim(
    view: api.View, address: str, action: Literal["create", "change", "keep"], why: str
) -> api.PlannedAction:
    return api.PlannedAction(
        action=action,
        kind=kinds.model_of(claim.KIND),
        name=names.claim(view.spec.ako_cluster_name),
        where=_where(address, names.ADMIN_TENANT),
        why=why,
    )


async def sweep(ctx: api.VerbContext, clients: Controllers) -> Actions:
    """In the order in which it would be done; what stays comes last, then the address pools.
    Raises as ``prepare`` does."""
    stored = placement.stored(ctx.view)
    if stored is None:
        return ()
    avi = await departure.open(ctx, clients, stored)
    return (*await swept(ctx, avi, stored), *await pools.leave(ctx, stored))


async def swept(ctx: api.VerbContext, client: AviClient, stored: placement.Stored) -> Actions:
    """What a sweep would do on the controller. Raises AviErrors."""
    mark = sweeping.mark_of(stored, ctx.view)
    seen = await inventory.collect(client, mark)
    problem = sweeping.claim_problem(ctx.view, stored, seen)
    held = await holders.find(client, mark, seen) if seen.own else ()
    return actions(client.address, seen, held, problem.message if problem else "")


def actions(
    address: str, seen: Inventory, held: tuple[sweep_plan.Held, ...], refused: str = ""
) -> tuple[api.PlannedAction, ...]:
    """The same, from what was read. ``refused``: why nothing at all may be deleted. Pure."""
    if refused:
        return tuple(_keep(address, one, refused) for one in (*seen.own, *seen.suspects))
    plan_ = sweep_plan.plan(seen, (one.object.key for one in held))
    gone = [
        api.PlannedAction(
            action="delete",
            kind=kinds.model_of(one.kind),
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
    suspects = [
        _keep(address, suspect, f"suspect: {suspect.verdict.why}") for suspect in seen.suspects
    ]
    return (*gone, *_edits(address, seen), *kept, *suspects)


def _keep(address: str, one: JudgedObject, why: str) -> api.PlannedAction:
    return api.PlannedAction(
        action="keep",
        kind=kinds.model_of(one.kind),
        name=one.name,
        where=_where(address, one.tenant),
        why=why,
    )


def _edits(address: str, seen: Inventory) -> Iterator[api.PlannedAction]:
    for part in seen.parts:
        where = _where(address, part.tenant)
        for entry in part.own:
            yield api.PlannedAction(
                action="change",
                kind=kinds.model_of(part.kind),
                name=part.name,
                where=where,
                why=f"take out {entry.name}: {entry.verdict.why}",
            )
        for entry in part.suspect:
            yield api.PlannedAction(
                action="keep",
                kind=kinds.model_of(part.kind),
                name=part.name,
                where=where,
                why=f"{entry.name} is a suspect: {entry.verdict.why}",
            )


def _where(address: str, tenant: str) -> str:
    return f"{address}, tenant {tenant}" if tenant else address
