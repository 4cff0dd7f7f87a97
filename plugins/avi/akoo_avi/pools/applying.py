"""Bring a network to what a pool says: look, plan, record what will be ours, write, look again."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from akoo_avi import client
from akoo_avi.client import access
from akoo_avi.client.access import refusal
from akoo_avi.client.access.reach import Reach
from akoo_avi.connect import controller_hold, port_groups
from akoo_avi.place import catalog, networks, resolve
from akoo_avi.place.catalog import Catalog, Row
from akoo_avi.pools import conditions, marking, neighbours, place, plan, statuses, usable, usage
from akoo_avi.pools.inputs import Allocated, NetworkPlan, PlanInputs
from akoo_avi.pools.neighbours import Neighbours
from akoo_avi.pools.network import Outside
from akoo_avi.spec import ip_pool, names, placement
from akoo_avi.spec.ip_pool import FINALIZER, Pool
from akoo_avi.spec.spans import Ours, Subnet
from akoo_core.plugin import api, structs
from akoo_core.plugin.conditions import Condition


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PoolContext:
    """The tools of an attempt."""

    ctx: api.ControllerContext
    clients: client.Controllers
    catalogs: catalog.Catalogs


class NetworkState(NamedTuple):
    """The state that an attempt starts from."""

    at: place.PoolPlace
    outside: Outside
    known: Catalog
    near: Neighbours
    network: structs.JSON
    allocated: tuple[Allocated, ...]


async def apply(context: PoolContext, pool: Pool) -> Pool:
    """One attempt; the pool with its new status. Raises Refusal, AviErrors and KubeErrors."""
    wanted = ip_pool.desired(pool.spec)
    state = await look(context, pool)
    pool = await _moved_on(context, pool, state)
    if FINALIZER not in pool.finalizers:  # from here on something can be on Avi
        pool = await statuses.finalizers(context.ctx, pool, (*pool.finalizers, FINALIZER))
    pool = await remember(context.ctx, pool, state.network)
    profile, problem = await profile_of(state, pool)
    closed = profile is not None and pool.spec.usable and not usable.has(profile, _uuid(state))
    inputs = plan_inputs(context.ctx, pool, wanted, state.near, state.allocated)
    inputs = inputs._replace(opened=True if closed else None)
    planned = plan.plan(state.network, inputs)
    drift = pool.status.applied_generation == pool.generation
    differs = bool(planned.added or planned.removed or closed)
    if drift and pool.spec.drift_policy == "Report" and differs:
        condition = conditions.drifted(planned, usable=closed, where=_where(state))
        return await _write_status(context.ctx, pool, state, state.network, wanted, condition)
    if planned.overlaps:
        condition = conditions.applied(planned, _where(state))
        return await _write_status(context.ctx, pool, state, state.network, wanted, condition)
    pool = await _record(context.ctx, pool, state, planned, opens=closed)
    network = await _write(context.ctx, state, inputs, planned, drift=drift)
    problem = await _usable(context, pool, state, profile, opens=closed) or problem
    shut = pool.status.usable_added and not pool.spec.usable and problem is None
    if shut:
        inputs = inputs._replace(opened=False)
        network = await state.outside.write(inputs) or network
    condition = problem or conditions.applied(plan.plan(network, inputs), _where(state))
    return await _write_status(context.ctx, pool, state, network, wanted, condition, shut=shut)


async def remember(ctx: api.ControllerContext, pool: Pool, network: structs.JSON) -> Pool:
    """Keep in the status that the usable entry is ours: the network's mark knows it, and a status
    that was lost does not."""
    own = plan.ours(network, *owners(ctx, pool))
    if not own.usable:
        return pool
    return await statuses.write(ctx, pool, structs.replace(pool.status, usable_added=True))


def owners(ctx: api.ControllerContext, pool: Pool) -> tuple[str, Ours, str]:
    """The pool's name on Avi, its recorded ranges, and its former name there; "" for none."""
    former = marking.owner(pool.adopt, pool.name) if pool.adopt else ""
    return marking.owner(ctx.management_id, pool.name), pool.recorded, former


def plan_inputs(
    ctx: api.ControllerContext,
    pool: Pool,
    wanted: tuple[Subnet, ...],
    near: Neighbours,
    allocated: tuple[Allocated, ...],
) -> PlanInputs:
    """The inputs for the plan of a pool."""
    owner, recorded, former = owners(ctx, pool)
    return PlanInputs(
        owner=owner,
        desired=wanted,
        recorded=recorded,
        allocated=allocated,
        others=near.others(pool, ctx.management_id),
        former=former,
        inline=bool(pool.config),
    )


async def enter(
    context: PoolContext, pool: Pool, *, remembered: bool = False
) -> tuple[client.AviClient, Reach]:
    """A client of the pool's controller."""
    reach = await place.reach(context.ctx.kube, pool)
    avi = await access.open(context.ctx, context.clients, reach, remembered=remembered)
    return avi, reach


async def catalog_of(
    context: PoolContext,
    pool: Pool,
    avi: client.AviClient,
    reach: Reach,
    group: placement.WantedPortGroup | None,
) -> catalog.Catalog:
    """The controller's catalog with every object that the pool's names may mean. Raises
    AviErrors."""
    known = await context.catalogs.get(avi, reach, context.ctx.clock)
    return await catalog.settled(avi, known, place.sought(pool, group))


async def look(context: PoolContext, pool: Pool) -> NetworkState:
    """The current state for a pool. Reads only. Raises Refusal, AviErrors and KubeErrors."""
    group = await port_groups.of_pool(context.ctx.kube, pool)
    avi, reach = await enter(context, pool)
    known = await catalog_of(context, pool, avi, reach, group)
    problem = resolve.problem_of(known)
    if problem:
        raise refusal.Refusal("ControllerNotReady", problem)
    try:
        at = place.find(known, pool, group)
    except refusal.Delay:  # discovery may have made the network after the catalog was read
        known = await place.discovered(avi, known, pool, group)
        at = place.find(known, pool, group)
    await _check_moved(avi, pool, at)
    outside = Outside(avi=avi, network_uuid=at.network_uuid, tenant=at.tenant)
    network = await outside.network()
    return NetworkState(
        at=at,
        outside=outside,
        known=known,
        near=await neighbours.on_network(context.ctx.kube, pool, at.network_uuid),
        network=network,
        allocated=await outside.allocated(),
    )


async def _check_moved(avi: client.AviClient, pool: Pool, at: place.PoolPlace) -> None:
    """Refuse an edit that would leave ranges behind: ours are in one network of one controller."""
    status = pool.status
    if not pool.has_something:
        return
    if status.controller_uuid and status.controller_uuid != at.controller_uuid:
        raise refusal.Refusal(
            "ControllerChanged",
            f"Another Avi cluster answers at {avi.address} than the one that has the ranges of "
            f"AviIPPool/{pool.name}. Correct the address, or delete the pool and make another.",
        )
    if not status.network_uuid or status.network_uuid == at.network_uuid:
        return
    if pool.spec.network.port_group_ref:
        return  # the port group was made again: see _moved_on
    try:
        await avi.get(f"network/{status.network_uuid}", tenant=status.network_tenant or "admin")
    except client.NotFoundError:
        return  # the old network is gone, and our ranges with it
    raise refusal.Refusal(
        "NetworkChanged",
        f"AviIPPool/{pool.name} has ranges in network {status.network_uuid}, but spec.network now "
        f"means {at.network_uuid} on {avi.address}. Rename one of them on Avi, or delete the pool "
        "and make another.",
    )


async def _moved_on(context: PoolContext, pool: Pool, state: NetworkState) -> Pool:
    """The pool without its record of the former network, if its port group was made again.

    That network goes with the former port group. It stays on Avi while something refers to it, so
    what is ours and not in use is taken out first.
    """
    former = pool.status.network_uuid
    if not pool.spec.network.port_group_ref or former in ("", state.at.network_uuid):
        return pool
    tenant = pool.status.network_tenant or names.ADMIN_TENANT
    outside = Outside(avi=state.outside.avi, network_uuid=former, tenant=tenant)
    profile, _ = await profile_of(state, pool)
    if profile is not None and pool.status.usable_added and usable.has(profile, former):
        await outside.shut(profile["uuid"], place.tenant_of(profile))
    try:
        near = await neighbours.on_network(context.ctx.kube, pool, former)
        inputs = plan_inputs(context.ctx, pool, (), near, await outside.allocated())
        await outside.write(inputs._replace(opened=False))
    except client.NotFoundError:
        pass  # the network is gone, and all of ours with it
    context.ctx.log.warning("AviIPPool moves to the network of its new port group")
    status = statuses.owning(pool.status, Ours())
    cleared = structs.replace(
        status, network_uuid="", network_tenant="", applied_generation=None, subnets=()
    )
    return await statuses.write(context.ctx, pool, cleared)


async def profile_of(state: NetworkState, pool: Pool) -> tuple[Row | None, Condition | None]:
    """The IPAM profile as it is now, if it matters; else the problem or nothing."""
    if not (pool.spec.usable or pool.status.usable_added):
        return None, None
    try:
        row = place.profile_of(state.known, state.at.cloud, pool)
    except refusal.Refusal as error:
        if not pool.spec.usable:
            return None, None
        return None, conditions.failed(reason=error.reason, message=str(error))
    if not networks.can_list(row, state.network):
        return None, None
    path = f"ipamdnsproviderprofile/{row['uuid']}"
    fresh = await state.outside.avi.get(path, tenant=place.tenant_of(row))
    return {**fresh, "tenant_ref": row.get("tenant_ref")}, None


async def _record(
    ctx: api.ControllerContext,
    pool: Pool,
    state: NetworkState,
    planned: NetworkPlan,
    *,
    opens: bool,
) -> Pool:
    """Record the place and the ranges that will be ours, before anything is written."""
    before = structs.replace(
        pool.status,
        controller_uuid=state.at.controller_uuid,
        network_uuid=state.at.network_uuid,
        network_tenant=state.at.tenant,
    )
    before = statuses.owning(before, pool.recorded | planned.ours)
    if planned.network is None and not opens:
        return pool  # nothing is to be written: the status is written at the end
    if not pool.has_something:
        await controller_hold.hold(ctx.kube, pool)
        await port_groups.hold(ctx.kube, pool)
    return await statuses.write(ctx, pool, before)


async def _write(
    ctx: api.ControllerContext,
    state: NetworkState,
    inputs: PlanInputs,
    planned: NetworkPlan,
    *,
    drift: bool,
) -> structs.JSON:
    """Write the network; its state afterwards."""
    if planned.network is None:
        return state.network
    if drift and planned.added:
        added = [str(span) for span in sorted(planned.added.spans)]
        ctx.log.warning("AviIPPool drifted and is repaired", extra={"missing": added})
    return await state.outside.write(inputs) or await state.outside.network()


async def _usable(
    context: PoolContext, pool: Pool, state: NetworkState, profile: Row | None, *, opens: bool
) -> Condition | None:
    """Add or take back the usable network. The condition says why this is not possible."""
    if profile is None:
        return None
    tenant = place.tenant_of(profile)
    if opens:
        await state.outside.open(profile["uuid"], tenant)
        return None
    if pool.spec.usable or not pool.status.usable_added:
        return None
    return await give_back(context.ctx, state.near, state.outside, profile["uuid"], tenant)


async def give_back(
    ctx: api.ControllerContext,
    near: Neighbours,
    outside: Outside,
    profile_uuid: str,
    tenant: str,
) -> Condition | None:
    """Take back the usable network that we added, or hand it over to a pool that needs it."""
    heir = near.usable_heir
    if heir is not None:
        await statuses.write(ctx, heir, structs.replace(heir.status, usable_added=True))
        return None
    users = await outside.allocated()
    if users:
        return conditions.failed(
            reason="UsableNetworkInUse",
            message="The network stays usable while its addresses are in use: "
            f"{conditions.holders(users)}.",
        )
    if profile_uuid:
        await outside.shut(profile_uuid, tenant)
    return None


async def _write_status(
    ctx: api.ControllerContext,
    pool: Pool,
    state: NetworkState,
    network: structs.JSON,
    wanted: tuple[Subnet, ...],
    condition: Condition,
    *,
    shut: bool = False,
) -> Pool:
    """Write counts, conditions and our ranges into the status."""
    own: Ours = plan.ours(network, marking.owner(ctx.management_id, pool.name), pool.recorded)
    prefixes = statuses.prefixes(own, (subnet.prefix for subnet in wanted))
    counts = usage.counts(network, state.allocated, prefixes)
    usage.publish(pool.name, counts)
    done = condition.status == "True"
    status = structs.replace(
        statuses.counted(pool.status, counts, own),
        observed_generation=pool.generation,
        applied_generation=pool.generation if done else pool.status.applied_generation,
        controller_uuid=state.at.controller_uuid,
        network_uuid=state.at.network_uuid,
        network_tenant=state.at.tenant,
        usable_added=pool.status.usable_added and not shut,
    )
    free = conditions.free(counts, pool.spec.warn_below)
    return await statuses.write(ctx, pool, statuses.judged(ctx, status, (condition, free)))


def _uuid(state: NetworkState) -> str:
    return state.at.network_uuid


def _where(state: NetworkState) -> str:
    cloud = state.at.cloud["name"]
    return f'in network "{state.network["name"]}", cloud "{cloud}" on {state.outside.avi.address}'
