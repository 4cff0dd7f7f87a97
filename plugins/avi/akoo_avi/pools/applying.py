"""Brings a network to what a pool says: look, plan, record what will be ours, write, look again."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from akoo_avi import client
from akoo_avi.connect import access, controller_hold
from akoo_avi.place import catalog, networks, resolve
from akoo_avi.place.catalog import Catalog, Row
from akoo_avi.pools import conditions, marking, neighbours, place, plan, statuses, usable, usage
from akoo_avi.pools.inputs import Allocated, Plan, Situation
from akoo_avi.pools.neighbours import Neighbours
from akoo_avi.pools.network import Outside
from akoo_avi.spec import ip_pool, placement, refusal
from akoo_avi.spec.ip_pool import FINALIZER, Pool
from akoo_avi.spec.spans import Ours, Subnet
from akoo_core.plugin import api, structs
from akoo_core.plugin.conditions import Condition


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What an attempt acts with."""

    ctx: api.ControllerContext
    clients: client.Controllers
    catalogs: catalog.Catalogs


class Scene(NamedTuple):
    """What an attempt found."""

    at: place.Place
    outside: Outside
    known: Catalog
    near: Neighbours
    network: structs.JSON
    allocated: tuple[Allocated, ...]


async def apply(means: Means, pool: Pool) -> Pool:
    """One attempt; the pool with its new status. Raises Refusal, AviErrors and KubeErrors."""
    wanted = ip_pool.desired(pool.spec)
    scene = await look(means, pool)
    if FINALIZER not in pool.finalizers:  # from here on something can be on Avi
        pool = await statuses.finalizers(means.ctx, pool, (*pool.finalizers, FINALIZER))
    pool = await remember(means.ctx, pool, scene.network)
    profile, problem = await profile_of(scene, pool)
    closed = profile is not None and pool.spec.usable and not usable.has(profile, _uuid(scene))
    given = situation(means.ctx, pool, wanted, scene.near, scene.allocated)
    given = given._replace(opened=True if closed else None)
    planned = plan.plan(scene.network, given)
    drift = pool.status.applied_generation == pool.generation
    differs = bool(planned.added or planned.removed or closed)
    if drift and pool.spec.drift_policy == "Report" and differs:
        told = conditions.drifted(planned, usable=closed, where=_where(scene))
        return await _told(means.ctx, pool, scene, scene.network, wanted, told)
    if planned.overlaps:
        told = conditions.applied(planned, _where(scene))
        return await _told(means.ctx, pool, scene, scene.network, wanted, told)
    pool = await _record(means.ctx, pool, scene, planned, opens=closed)
    network = await _write(means.ctx, scene, given, planned, drift=drift)
    problem = await _usable(means, pool, scene, profile, opens=closed) or problem
    shut = pool.status.usable_added and not pool.spec.usable and problem is None
    if shut:
        given = given._replace(opened=False)
        network = await scene.outside.write(given) or network
    told = problem or conditions.applied(plan.plan(network, given), _where(scene))
    return await _told(means.ctx, pool, scene, network, wanted, told, shut=shut)


async def remember(ctx: api.ControllerContext, pool: Pool, network: structs.JSON) -> Pool:
    """Write into status what the network's mark knows and a lost status does not: that the usable
    entry is ours."""
    own = plan.ours(network, *owners(ctx, pool))
    if not own.usable:
        return pool
    return await statuses.say(ctx, pool, structs.replace(pool.status, usable_added=True))


def owners(ctx: api.ControllerContext, pool: Pool) -> tuple[str, Ours, str]:
    """The pool's name on Avi, what status says is its own, and the name it had elsewhere or ""."""
    former = marking.owner(pool.adopt, pool.name) if pool.adopt else ""
    return marking.owner(ctx.management_id, pool.name), pool.recorded, former


def situation(
    ctx: api.ControllerContext,
    pool: Pool,
    wanted: tuple[Subnet, ...],
    near: Neighbours,
    allocated: tuple[Allocated, ...],
) -> Situation:
    """What the plan of a pool is made from."""
    owner, recorded, former = owners(ctx, pool)
    return Situation(
        owner=owner,
        desired=wanted,
        recorded=recorded,
        allocated=allocated,
        others=near.others(pool, ctx.management_id),
        former=former,
        inline=bool(pool.config),
    )


async def enter(
    means: Means, pool: Pool, *, remembered: bool = False
) -> tuple[client.AviClient, placement.Reach]:
    """A client of the pool's controller."""
    reach = await place.reach(means.ctx.kube, pool)
    avi = await access.open(means.ctx, means.clients, reach, remembered=remembered)
    return avi, reach


async def catalog_of(
    means: Means, pool: Pool, avi: client.AviClient, reach: placement.Reach
) -> catalog.Catalog:
    """What the controller has, all that the pool's names may mean included. Raises AviErrors."""
    known = await means.catalogs.get(avi, reach, means.ctx.clock)
    return await catalog.settled(avi, known, place.sought(pool))


async def look(means: Means, pool: Pool) -> Scene:
    """What there is for a pool now. Reads only. Raises Refusal, AviErrors and KubeErrors."""
    avi, reach = await enter(means, pool)
    known = await catalog_of(means, pool, avi, reach)
    problem = resolve.problem_of(known)
    if problem:
        raise refusal.Refusal("ControllerNotReady", problem)
    at = place.find(known, pool)
    await _check_moved(avi, pool, at)
    outside = Outside(avi=avi, network_uuid=at.network_uuid, tenant=at.tenant)
    network = await outside.network()
    return Scene(
        at=at,
        outside=outside,
        known=known,
        near=await neighbours.on_network(means.ctx.kube, pool, at.network_uuid),
        network=network,
        allocated=await outside.allocated(),
    )


async def _check_moved(avi: client.AviClient, pool: Pool, at: place.Place) -> None:
    """What is ours is in one network of one controller; it is not left behind by an edit."""
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


async def profile_of(scene: Scene, pool: Pool) -> tuple[Row | None, Condition | None]:
    """The IPAM profile as it is now, where it matters; or why there is none."""
    if not (pool.spec.usable or pool.status.usable_added):
        return None, None
    try:
        row = place.profile_of(scene.known, scene.at.cloud, pool)
    except refusal.Refusal as error:
        if not pool.spec.usable:
            return None, None
        return None, conditions.failed(reason=error.reason, message=str(error))
    if not networks.can_list(row, scene.network):
        return None, None
    path = f"ipamdnsproviderprofile/{row['uuid']}"
    fresh = await scene.outside.avi.get(path, tenant=place.tenant_of(row))
    return {**fresh, "tenant_ref": row.get("tenant_ref")}, None


async def _record(
    ctx: api.ControllerContext, pool: Pool, scene: Scene, planned: Plan, *, opens: bool
) -> Pool:
    """Before anything is written: where it will be, and what will be ours."""
    before = structs.replace(
        pool.status,
        controller_uuid=scene.at.controller_uuid,
        network_uuid=scene.at.network_uuid,
        network_tenant=scene.at.tenant,
    )
    before = statuses.owning(before, pool.recorded | planned.ours)
    if planned.network is None and not opens:
        return pool  # nothing is to be written: what was found is told at the end
    if not pool.has_something:
        await controller_hold.hold(ctx.kube, pool)
    return await statuses.say(ctx, pool, before)


async def _write(
    ctx: api.ControllerContext, scene: Scene, given: Situation, planned: Plan, *, drift: bool
) -> structs.JSON:
    """The network as it is afterwards."""
    if planned.network is None:
        return scene.network
    if drift and planned.added:
        added = [str(span) for span in sorted(planned.added.spans)]
        ctx.log.warning("AviIPPool drifted and is repaired", extra={"missing": added})
    return await scene.outside.write(given) or await scene.outside.network()


async def _usable(
    means: Means, pool: Pool, scene: Scene, profile: Row | None, *, opens: bool
) -> Condition | None:
    """Add or take back the usable network; what keeps us from it."""
    if profile is None:
        return None
    tenant = place.tenant_of(profile)
    if opens:
        await scene.outside.open(profile["uuid"], tenant)
        return None
    if pool.spec.usable or not pool.status.usable_added:
        return None
    return await give_back(means.ctx, scene.near, scene.outside, profile["uuid"], tenant)


async def give_back(
    ctx: api.ControllerContext,
    near: Neighbours,
    outside: Outside,
    profile_uuid: str,
    tenant: str,
) -> Condition | None:
    """Take back the usable network that we added, or hand it to a pool that needs it."""
    heir = near.usable_heir
    if heir is not None:
        await statuses.say(ctx, heir, structs.replace(heir.status, usable_added=True))
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


async def _told(
    ctx: api.ControllerContext,
    pool: Pool,
    scene: Scene,
    network: structs.JSON,
    wanted: tuple[Subnet, ...],
    told: Condition,
    *,
    shut: bool = False,
) -> Pool:
    """Write what was found."""
    own: Ours = plan.ours(network, marking.owner(ctx.management_id, pool.name), pool.recorded)
    prefixes = statuses.prefixes(own, (one.prefix for one in wanted))
    found = usage.counts(network, scene.allocated, prefixes)
    usage.publish(pool.name, found)
    done = told.status == "True"
    status = structs.replace(
        statuses.counted(pool.status, found, own),
        observed_generation=pool.generation,
        applied_generation=pool.generation if done else pool.status.applied_generation,
        controller_uuid=scene.at.controller_uuid,
        network_uuid=scene.at.network_uuid,
        network_tenant=scene.at.tenant,
        usable_added=pool.status.usable_added and not shut,
    )
    free = conditions.free(found, pool.spec.warn_below)
    return await statuses.say(ctx, pool, statuses.judged(ctx, status, (told, free)))


def _uuid(scene: Scene) -> str:
    return scene.at.network_uuid


def _where(scene: Scene) -> str:
    cloud = scene.at.cloud["name"]
    return f'in network "{scene.network["name"]}", cloud "{cloud}" on {scene.outside.avi.address}'
