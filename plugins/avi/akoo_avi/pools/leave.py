"""Remove the ranges of a pool that is being deleted, once nobody needs them any more."""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.client.access import refusal
from akoo_avi.connect import port_groups
from akoo_avi.ownership.references import tenant_uuid
from akoo_avi.place import catalog, resolve
from akoo_avi.pools import (
    applying,
    conditions,
    expected,
    marking,
    neighbours,
    place,
    plan,
    statuses,
    usable,
    usage,
)
from akoo_avi.pools.applying import PoolContext
from akoo_avi.pools.inputs import PlanInputs
from akoo_avi.pools.network import Outside
from akoo_avi.spec import names, resources
from akoo_avi.spec.ip_pool import FINALIZER, Pool
from akoo_core.plugin import api, structs, uses
from akoo_core.plugin import names as core_names
from akoo_core.plugin.conditions import Condition

AGAIN_SECONDS = 60.0
FRESH_SECONDS = 1.0
"""Age of a catalog that may prove that nothing of ours is there."""
LET_GO = f"{core_names.LET_GO_ANNOTATION}=<why>"
NOT_THERE = frozenset(
    {
        "TenantNotFound",
        "CloudNotFound",
        "NetworkNotFound",
        "NetworkNotDiscovered",
        "CloudUnsupported",
        "CloudDiscoversNothing",
        "VCenterDiffers",
        "DatacenterDiffers",
        "PortGroupAwaited",
        "VSpherePortGroupNotFound",
    }
)
"""Refusals of a look-up that mean: no network of the pool exists."""


async def leave(context: PoolContext, pool: Pool) -> api.Result:
    """One attempt. Raises Refusal, AviErrors and KubeErrors."""
    ctx = context.ctx
    if FINALIZER not in pool.finalizers:
        return api.Done()
    if pool.moved:
        return await _gone(ctx, pool)
    in_use = await _in_use(ctx, pool)
    if in_use is not None:
        return await _waits(ctx, pool, in_use)
    if pool.let_go:
        ctx.log.warning("AviIPPool is let go: its ranges on Avi stay", extra={"why": pool.let_go})
        return await _gone(ctx, pool)
    for outside in await _places(context, pool):
        try:
            network = await outside.network()
        except client.NotFoundError:
            continue  # the network is gone, and all of ours with it
        waiting, pool = await _take_away(context, pool, outside, network)
        if waiting:
            return await _waits(ctx, pool, waiting)
    return await _gone(ctx, pool)


async def _in_use(ctx: api.ControllerContext, pool: Pool) -> Condition | None:
    """The reason to wait for users in the management cluster; None: nothing needs the pool."""
    users = await uses.needed_by(
        ctx.kube,
        resources.AVI_IP_POOLS,
        pool.name,
        uid=pool.uid,
        finalizers=pool.finalizers,
        own=FINALIZER,
    )
    if not users:
        return None
    message = f"It is needed by {uses.described(users)}, and is deleted after them."
    return conditions.failed(reason="InUse", message=message)


async def planned(context: PoolContext, pool: Pool) -> tuple[api.PlannedAction, ...]:
    """The actions of ``leave`` on Avi, as it is now. Reads only. Raises as ``leave`` does."""
    ctx = context.ctx
    if FINALIZER not in pool.finalizers:
        return ()
    in_use = None if pool.moved else await _in_use(ctx, pool)
    if pool.moved or in_use is not None or pool.let_go:
        kept = "clusterctl moved it" if pool.moved else f"it is let go: {pool.let_go}"
        why = in_use.message if in_use is not None else f"{kept}. Its ranges on Avi stay."
        kind = resources.AVI_IP_POOLS.kind
        return (api.PlannedAction(action="keep", kind=kind, name=pool.name, why=why),)
    actions: list[api.PlannedAction] = []
    for outside in await _places(context, pool):
        try:
            network = await outside.network()
        except client.NotFoundError:
            continue
        inputs = await _inputs(ctx, pool, outside)
        where = f"{outside.avi.address}, tenant {outside.tenant}"
        name = str(network["name"])
        actions += (
            expected.action(row, kind=expected.NETWORK, name=name, where=where)
            for row in expected.rows(pool.name, network, inputs)
        )
        actions += await _shut(outside, network, pool)
    return tuple(actions)


async def _shut(
    outside: Outside, network: structs.JSON, pool: Pool
) -> tuple[api.PlannedAction, ...]:
    """The action on the usable entry that the pool has added."""
    uuid, tenant = await outside.profile(network)
    if not uuid or not pool.status.usable_added:
        return ()
    profile = await outside.avi.get(f"ipamdnsproviderprofile/{uuid}", tenant=tenant)
    row = expected.opened(
        pool.name,
        wanted=False,
        there=usable.has(profile, outside.network_uuid),
        added=True,
        network=str(network["name"]),
    )
    if row is None:
        return ()
    name, where = str(profile.get("name", "")), outside.avi.address
    return (expected.action(row, kind=expected.PROFILE, name=name, where=where),)


async def _inputs(ctx: api.ControllerContext, pool: Pool, outside: Outside) -> PlanInputs:
    """The inputs for the plan of a pool that wants nothing."""
    near = await neighbours.on_network(ctx.kube, pool, outside.network_uuid)
    return applying.plan_inputs(ctx, pool, (), near, await outside.allocated())


async def _places(context: PoolContext, pool: Pool) -> tuple[Outside, ...]:
    """The networks that have, or may have, ranges of ours.

    Their marks are read even if the status records nothing: another pool may have left us its
    ranges.
    """
    status = pool.status
    if not status.network_uuid:
        return await _looked_for(context, pool)
    avi, _ = await applying.enter(context, pool, remembered=True)
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


async def _looked_for(context: PoolContext, pool: Pool) -> tuple[Outside, ...]:
    """The networks with our mark, for a status that was lost, as by a restore; without any mark,
    the network that the spec names.

    An incomplete answer must not let anything go: raises Refusal for a controller that is not
    usable, and for one that hides objects from our user.
    """
    avi, reach = await applying.enter(context, pool, remembered=True)
    known = await context.catalogs.get(avi, reach, context.ctx.clock, seconds=FRESH_SECONDS)
    problem = resolve.problem_of(known)
    if problem:
        raise refusal.Refusal("ControllerNotReady", problem)
    # An object that is missing in a list that moved must not count as gone.
    known = await catalog.whole(avi, known, "network")
    known = await catalog.settled(avi, known, place.sought(pool))
    owner, _, former = applying.owners(context.ctx, pool)
    rows = [row for row in known.networks if marking.read(row).keys() & {owner, former or owner}]
    if rows:
        places = ((row["uuid"], tenant_uuid(row)) for row in rows)
        return tuple(Outside(avi=avi, network_uuid=uuid, tenant=tenant) for uuid, tenant in places)
    try:
        at = place.find(known, pool, await port_groups.of_pool(context.ctx.kube, pool))
    except refusal.Refusal as error:
        if error.reason not in NOT_THERE:
            raise
        if known.unseen:
            raise refusal.Refusal(
                "PermissionMissing",
                f"{error} But on {known.address}, {known.unseen}, so it may be there. Grant the "
                f"permission, or annotate the pool {LET_GO} to leave its ranges there.",
            ) from error
        return ()
    return (Outside(avi=avi, network_uuid=at.network_uuid, tenant=at.tenant),)


async def _take_away(
    context: PoolContext, pool: Pool, outside: Outside, network: structs.JSON
) -> tuple[Condition | None, Pool]:
    """Take ranges and subnets away, then the usable entry; its mark goes last.

    The condition says why the pool waits; None: all is gone.
    """
    ctx = context.ctx
    pool = await applying.remember(ctx, pool, network)
    near = await neighbours.on_network(ctx.kube, pool, outside.network_uuid)
    inputs = applying.plan_inputs(ctx, pool, (), near, await outside.allocated())
    planned = plan.plan(network, inputs)
    if planned.network is not None:
        network = await outside.write(inputs) or await outside.network()
    where = f'in network "{network["name"]}" on {outside.avi.address}'
    own = plan.ours(network, *applying.owners(ctx, pool))
    pool = await statuses.write(ctx, pool, statuses.owning(pool.status, own))
    left = plan.plan(network, inputs)
    if left.held or left.network is not None:
        return conditions.applied(left, where), pool
    if not pool.status.usable_added:
        return None, pool
    profile, tenant = await outside.profile(network)
    waiting = await applying.give_back(ctx, near, outside, profile, tenant)
    if waiting is None:
        await outside.write(inputs._replace(opened=False))
    return waiting, pool


async def _waits(ctx: api.ControllerContext, pool: Pool, condition: Condition) -> api.Result:
    status = structs.replace(pool.status, observed_generation=pool.generation)
    await statuses.write(ctx, pool, statuses.judged(ctx, status, (condition,)))
    return api.Wait(reason=condition.reason, message=condition.message, after=AGAIN_SECONDS)


async def _gone(ctx: api.ControllerContext, pool: Pool) -> api.Result:
    kept = [finalizer for finalizer in pool.finalizers if finalizer != FINALIZER]
    usage.forget(pool.name)
    await statuses.finalizers(ctx, pool, kept)
    return api.Done()
