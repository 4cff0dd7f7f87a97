"""Writes a pool's status: before the outside is touched what will be ours, then what was found."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_avi.pools import conditions as pool_conditions
from akoo_avi.pools.usage import Count
from akoo_avi.spec import ip_pool, resources, spans
from akoo_avi.spec.ip_pool import Pool, Status, SubnetStatus
from akoo_avi.spec.spans import Ours
from akoo_core.plugin import api, conditions, structs


def owning(status: Status, ours: Ours) -> Status:
    """``status`` that says exactly this is ours."""
    rows = {subnet.cidr: subnet for subnet in status.subnets}
    for prefix in ours.subnets:
        rows.setdefault(str(prefix), SubnetStatus(cidr=str(prefix), total=0, allocated=0, free=0))
    made = {str(subnet) for subnet in ours.subnets}
    subnets = tuple(structs.replace(rows[cidr], made=cidr in made) for cidr in sorted(rows))
    return structs.replace(
        status, ranges=ip_pool.ranges_of(ours), subnets=subnets, usable_added=ours.usable
    )


def counted(status: Status, found: tuple[Count, ...], ours: Ours) -> Status:
    """``status`` with these counts."""
    rows = tuple(
        SubnetStatus(
            cidr=str(one.prefix),
            total=one.total,
            allocated=one.allocated,
            free=one.free,
            made=one.prefix in ours.subnets,
        )
        for one in found
    )
    return structs.replace(
        status,
        subnets=rows,
        ranges=ip_pool.ranges_of(ours),
        total=sum(one.total for one in found),
        allocated=sum(one.allocated for one in found),
        free=sum(one.free for one in found),
    )


def prefixes(ours: Ours, wanted: Iterable[spans.Prefix]) -> frozenset[spans.Prefix]:
    """The subnets that status tells of."""
    return ours.subnets | frozenset(wanted)


def judged(
    ctx: api.ControllerContext, status: Status, found: Iterable[conditions.Condition]
) -> Status:
    """``status`` with these conditions, and with those before that nothing new is known of."""
    new = {one.type: one for one in found}
    kept = tuple(
        condition
        for condition in status.conditions
        if condition.type != "Ready" and condition.type not in new
    )
    wanted = pool_conditions.with_ready((*new.values(), *kept))
    merged = conditions.merge(status.conditions, wanted, now=ctx.clock.now())
    return structs.replace(status, conditions=merged)


async def say(ctx: api.ControllerContext, pool: Pool, status: Status) -> Pool:
    """Write ``status`` if it says something new; the pool as it is then.

    Raises ConflictError if the object changed since it was read: what is ours must not be forgotten
    by a write over another's.
    """
    if status == pool.status:
        return pool
    said = structs.to_object(status)
    whole = {field.key: said.get(field.key) for field in structs.fields(Status)}
    patch = {
        "metadata": {"uid": pool.uid, "resourceVersion": pool.resource_version},
        "status": whole,
    }
    written = await ctx.kube.merge_patch(
        resources.AVI_IP_POOLS, pool.name, patch, subresource="status"
    )
    return ip_pool.from_object(written)


async def finalizers(ctx: api.ControllerContext, pool: Pool, wanted: Iterable[str]) -> Pool:
    """Write ``metadata.finalizers``. Raises ConflictError as ``say`` does."""
    metadata = {
        "uid": pool.uid,
        "resourceVersion": pool.resource_version,
        "finalizers": list(wanted),
    }
    written = await ctx.kube.merge_patch(resources.AVI_IP_POOLS, pool.name, {"metadata": metadata})
    return ip_pool.from_object(written)
