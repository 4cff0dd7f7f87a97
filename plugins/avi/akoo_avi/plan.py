"""``akoo-core plan``: the actions of prepare or sweep now, and the reasons why an object is ours.

Reads only. It uses the same decisions about the claim, the same inventory and the same plan as the
verbs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from akoo_avi.cleanup import ancestor_removal, departure, holders, sweep_plan
from akoo_avi.cleanup import sweep as sweeping
from akoo_avi.client import AviClient, Controllers, access
from akoo_avi.client.access import refusal
from akoo_avi.connect import shared
from akoo_avi.ownership import claim, claiming, inventory, kinds
from akoo_avi.ownership.judged import Inventory, JudgedObject
from akoo_avi.place import suitable
from akoo_avi.place.catalog import Catalogs
from akoo_avi.pools import planned as pools
from akoo_avi.spec import names, placement, wanted
from akoo_core.plugin import api

Actions = tuple[api.PlannedAction, ...]


async def prepare(ctx: api.VerbContext, clients: Controllers, catalogs: Catalogs) -> Actions:
    """The claim, which is all that prepare writes; then the address pools, which their own
    controller writes. Raises Refusal, AviErrors and the core's BlockedError."""
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
    """The claim of a cluster whose place was not found yet."""
    address = ""
    try:
        asked = wanted.of_view(ctx.view)
        awaited = wanted.awaited(ctx.view)
        if awaited is not None:
            return _of_claim(ctx.view, address, "keep", f"not made: {awaited.message}")
        reach, _ = await shared.reach(ctx, asked)
        address = reach.address
        unready = (await shared.pools(ctx, asked)).unready
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
            why = "it says who may remove this cluster's objects"
            return _of_claim(view, address, "create", f"{why}; waits: {waits}" if waits else why)
        case claim.RewriteClaim():
            return _of_claim(
                view, address, "change", f"this record has epoch {view.spec.epoch} by now"
            )
        case claim.RefuseClaim() as refused:
            return _of_claim(view, address, "keep", refused.message)
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
    """The actions in their order; kept objects come last, then the address pools, and the user of
    AKOO, which release deletes. Raises as ``prepare`` does."""
    stored = placement.stored(ctx.view)
    if stored is None:
        return ()
    avi = await departure.open(ctx, clients, stored)
    return (
        *await swept(ctx, avi, stored),
        *await pools.leave(ctx, stored),
        *await ancestor_removal.planned(ctx, avi, stored),
    )


async def swept(ctx: api.VerbContext, client: AviClient, stored: placement.Stored) -> Actions:
    """The actions of a sweep on the controller. Raises AviErrors."""
    mark = sweeping.mark_of(stored, ctx.view)
    seen = await inventory.collect(client, mark)
    problem = sweeping.claim_problem(ctx.view, stored, seen)
    held = await holders.find(client, mark, seen) if seen.own else ()
    return actions(client.address, seen, held, problem.message if problem else "")


def actions(
    address: str, seen: Inventory, held: tuple[sweep_plan.HeldObject, ...], refused: str = ""
) -> tuple[api.PlannedAction, ...]:
    """The same, from an inventory. ``refused``: the reason why nothing may be deleted. Pure."""
    if refused:
        return tuple(_keep(address, obj, refused) for obj in (*seen.own, *seen.suspects))
    planned = sweep_plan.plan(seen, (holding.object.key for holding in held))
    gone = [
        api.PlannedAction(
            action="delete",
            kind=kinds.model_of(obj.kind),
            name=obj.name,
            where=_where(address, obj.tenant),
            why=obj.verdict.why,
        )
        for level in planned.levels
        for obj in level
    ]
    by = {holding.object.key: str(holding) for holding in held}
    reason = "an object that refers to it cannot be deleted"
    kept = [_keep(address, obj, by.get(obj.key, reason)) for obj in planned.kept]
    suspects = [
        _keep(address, suspect, f"suspect: {suspect.verdict.why}") for suspect in seen.suspects
    ]
    return (*gone, *_edits(address, seen), *kept, *suspects)


def _keep(address: str, obj: JudgedObject, why: str) -> api.PlannedAction:
    return api.PlannedAction(
        action="keep",
        kind=kinds.model_of(obj.kind),
        name=obj.name,
        where=_where(address, obj.tenant),
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
