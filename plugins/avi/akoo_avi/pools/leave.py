"""Takes away what a pool that is being deleted has on Avi, once nobody needs it any more."""

from __future__ import annotations

from akoo_avi import client, names, refusal, resources
from akoo_avi.pools import applying, judge, marking, neighbours, place, plan, statuses, usage
from akoo_avi.pools.applying import Means
from akoo_avi.pools.declared import FINALIZER, Pool
from akoo_avi.pools.outside import Outside
from akoo_core import structs
from akoo_core.api.conditions import Condition
from akoo_core.plugins import api, uses

AGAIN_SECONDS = 60.0


async def leave(means: Means, pool: Pool) -> api.Result:
    """One attempt. Raises Refusal, AviErrors and KubeErrors."""
    ctx = means.ctx
    if FINALIZER not in pool.finalizers:
        return api.Done()
    if pool.moved:
        return await _gone(ctx, pool)
    users = await uses.uses_of(ctx.kube, resources.AVI_IP_POOLS, pool.name, pool.uid)
    if users:
        named = ", ".join(one.name for one in users[: judge.SHOWN])
        told = f"{len(users)} AKODeployments take addresses from it ({named}). It goes after them."
        return await _waits(ctx, pool, judge.failed(reason="InUse", message=told))
    if pool.let_go:
        ctx.log.warning("AviIPPool is let go: what it has on Avi stays", extra={"why": pool.let_go})
        return await _gone(ctx, pool)
    outside = await _outside(means, pool)
    if outside is None:
        return await _gone(ctx, pool)
    try:
        network = await outside.network()
    except client.NotFoundError:
        return await _gone(ctx, pool)  # the network is gone, and all of ours with it
    waiting, pool = await _take_away(means, pool, outside, network)
    return await (_waits(ctx, pool, waiting) if waiting else _gone(ctx, pool))


async def _outside(means: Means, pool: Pool) -> Outside | None:
    """The network that has what is ours; None where nothing was ever put.

    Its marker is asked even if status knows of nothing: another pool may have left us its ranges.
    """
    status = pool.status
    if status.observed_generation is None and not status.network_uuid:
        return await _looked_for(means, pool)
    if not status.network_uuid:
        return None
    avi, _ = await applying.enter(means, pool, remembered=True)
    found = str((await avi.get("cluster")).get("uuid", ""))
    if status.controller_uuid and found != status.controller_uuid:
        raise refusal.Refusal(
            "ControllerChanged",
            f"Another Avi cluster answers at {avi.address} than the one that has the ranges of "
            f"AviIPPool/{pool.name}. Correct the address; if that one is gone, annotate the pool "
            "akoo.io/let-go=<why>.",
        )
    tenant = status.network_tenant or names.ADMIN_TENANT
    return Outside(avi=avi, network_uuid=status.network_uuid, tenant=tenant)


async def _looked_for(means: Means, pool: Pool) -> Outside | None:
    """Nothing is known of it: its status was lost (a restore), or it was never looked at."""
    try:
        avi, reach = await applying.enter(means, pool, remembered=True)
        at = place.find(await means.catalogs.get(avi, reach, means.ctx.clock), pool)
    except refusal.Refusal:
        return None
    return Outside(avi=avi, network_uuid=at.network_uuid, tenant=at.tenant)


async def _take_away(
    means: Means, pool: Pool, outside: Outside, network: structs.JSON
) -> tuple[Condition | None, Pool]:
    """What it still waits for, if for anything."""
    ctx = means.ctx
    near = await neighbours.on_network(ctx.kube, pool, outside.network_uuid)
    given = applying.situation(ctx, pool, (), near, await outside.allocated())
    planned = plan.plan(network, given)
    if planned.network is not None:
        network = await outside.write(given) or await outside.network()
    where = f'in network "{network["name"]}" on {outside.avi.address}'
    own = plan.ours(network, marking.owner(ctx.management_id, pool.name), pool.recorded)
    pool = await statuses.say(ctx, pool, statuses.owning(pool.status, own))
    left = plan.plan(network, given)
    if left.held or left.network is not None:
        return judge.applied(left, where), pool
    if not pool.status.usable_added:
        return None, pool
    profile, tenant = await outside.profile(network)
    return await applying.give_back(ctx, near, outside, profile, tenant), pool


async def _waits(ctx: api.ControllerContext, pool: Pool, why: Condition) -> api.Result:
    status = structs.replace(pool.status, observed_generation=pool.generation)
    await statuses.say(ctx, pool, statuses.judged(ctx, status, (why,)))
    return api.Wait(reason=why.reason, message=why.message, after=AGAIN_SECONDS)


async def _gone(ctx: api.ControllerContext, pool: Pool) -> api.Result:
    kept = [one for one in pool.finalizers if one != FINALIZER]
    usage.forget(pool.name)
    await statuses.finalizers(ctx, pool, kept)
    return api.Done()
