"""Takes away what a pool that is being deleted has on Avi, once nobody needs it any more."""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.ownership.references import tenant_uuid
from akoo_avi.place import catalog, resolve
from akoo_avi.pools import applying, conditions, marking, neighbours, place, plan, statuses, usage
from akoo_avi.pools.applying import Means
from akoo_avi.pools.network import Outside
from akoo_avi.spec import names, refusal, resources
from akoo_avi.spec.ip_pool import FINALIZER, Pool
from akoo_core.plugin import api, structs, uses
from akoo_core.plugin import names as names_
from akoo_core.plugin.conditions import Condition

AGAIN_SECONDS = 60.0
FRESH_SECONDS = 1.0
"""How old a catalog may be that says that nothing of ours is there."""
LET_GO = f"{names_.LET_GO_ANNOTATION}=<why>"
NOT_THERE = frozenset({"TenantNotFound", "CloudNotFound", "NetworkNotFound", "CloudUnsupported"})
"""Refusals of a look-up that mean: no network of the pool exists."""


async def leave(means: Means, pool: Pool) -> api.Result:
    """One attempt. Raises Refusal, AviErrors and KubeErrors."""
    ctx = means.ctx
    if FINALIZER not in pool.finalizers:
        return api.Done()
    if pool.moved:
        return await _gone(ctx, pool)
    users = await uses.uses_of(ctx.kube, resources.AVI_IP_POOLS, pool.name, pool.uid)
    if users:
        named = ", ".join(user.name for user in users[: conditions.SHOWN])
        told = f"{len(users)} AKODeployments take addresses from it ({named}). It goes after them."
        return await _waits(ctx, pool, conditions.failed(reason="InUse", message=told))
    if pool.let_go:
        ctx.log.warning("AviIPPool is let go: what it has on Avi stays", extra={"why": pool.let_go})
        return await _gone(ctx, pool)
    for outside in await _places(means, pool):
        try:
            network = await outside.network()
        except client.NotFoundError:
            continue  # the network is gone, and all of ours with it
        waiting, pool = await _take_away(means, pool, outside, network)
        if waiting:
            return await _waits(ctx, pool, waiting)
    return await _gone(ctx, pool)


async def _places(means: Means, pool: Pool) -> tuple[Outside, ...]:
    """The networks that have, or may have, what is ours.

    Their mark is asked even if status knows of nothing: another pool may have left us its ranges.
    """
    status = pool.status
    if not status.network_uuid:
        return await _looked_for(means, pool)
    avi, _ = await applying.enter(means, pool, remembered=True)
    answering = str((await avi.get("cluster")).get("uuid", ""))
    if status.controller_uuid and answering != status.controller_uuid:
        raise refusal.Refusal(
            "ControllerChanged",
            f"Another Avi cluster answers at {avi.address} than the one that has the ranges of "
            f"AviIPPool/{pool.name}. Correct the address; if that one is gone, annotate the pool "
            f"{LET_GO}.",
        )
    tenant = status.network_tenant or names.ADMIN_TENANT
    return (Outside(avi=avi, network_uuid=status.network_uuid, tenant=tenant),)


async def _looked_for(means: Means, pool: Pool) -> tuple[Outside, ...]:
    """Status was lost, as by a restore: every network with our mark, whatever its name is by now;
    without any the one that spec names.

    Nothing is let go for an answer that may be incomplete: raises Refusal for a controller that
    is not usable, and for one whose objects our user cannot all see.
    """
    avi, reach = await applying.enter(means, pool, remembered=True)
    known = await means.catalogs.get(avi, reach, means.ctx.clock, seconds=FRESH_SECONDS)
    problem = resolve.problem_of(known)
    if problem:
        raise refusal.Refusal("ControllerNotReady", problem)
    # What is missing in a list that moved must not be taken for gone.
    known = await catalog.whole(avi, known, "network")
    known = await catalog.settled(avi, known, place.sought(pool))
    owner, _, former = applying.owners(means.ctx, pool)
    rows = [row for row in known.networks if marking.read(row).keys() & {owner, former or owner}]
    if rows:
        places = ((row["uuid"], tenant_uuid(row)) for row in rows)
        return tuple(Outside(avi=avi, network_uuid=uuid, tenant=tenant) for uuid, tenant in places)
    try:
        at = place.find(known, pool)
    except refusal.Refusal as error:
        if error.reason not in NOT_THERE:
            raise
        if known.unseen:
            raise refusal.Refusal(
                "PermissionMissing",
                f"{error} But on {known.address}, {known.unseen}, so it may be there. Grant the "
                f"permission, or annotate the pool {LET_GO} to leave what it has.",
            ) from error
        return ()
    return (Outside(avi=avi, network_uuid=at.network_uuid, tenant=at.tenant),)


async def _take_away(
    means: Means, pool: Pool, outside: Outside, network: structs.JSON
) -> tuple[Condition | None, Pool]:
    """Take ranges and subnets away, then the usable entry; the mark of it goes last.

    The Condition says what it still waits for; None: for nothing.
    """
    ctx = means.ctx
    pool = await applying.remember(ctx, pool, network)
    near = await neighbours.on_network(ctx.kube, pool, outside.network_uuid)
    given = applying.situation(ctx, pool, (), near, await outside.allocated())
    planned = plan.plan(network, given)
    if planned.network is not None:
        network = await outside.write(given) or await outside.network()
    where = f'in network "{network["name"]}" on {outside.avi.address}'
    own = plan.ours(network, *applying.owners(ctx, pool))
    pool = await statuses.say(ctx, pool, statuses.owning(pool.status, own))
    left = plan.plan(network, given)
    if left.held or left.network is not None:
        return conditions.applied(left, where), pool
    if not pool.status.usable_added:
        return None, pool
    profile, tenant = await outside.profile(network)
    waiting = await applying.give_back(ctx, near, outside, profile, tenant)
    if waiting is None:
        await outside.write(given._replace(opened=False))
    return waiting, pool


async def _waits(ctx: api.ControllerContext, pool: Pool, why: Condition) -> api.Result:
    status = structs.replace(pool.status, observed_generation=pool.generation)
    await statuses.say(ctx, pool, statuses.judged(ctx, status, (why,)))
    return api.Wait(reason=why.reason, message=why.message, after=AGAIN_SECONDS)


async def _gone(ctx: api.ControllerContext, pool: Pool) -> api.Result:
    kept = [finalizer for finalizer in pool.finalizers if finalizer != FINALIZER]
    usage.forget(pool.name)
    await statuses.finalizers(ctx, pool, kept)
    return api.Done()
