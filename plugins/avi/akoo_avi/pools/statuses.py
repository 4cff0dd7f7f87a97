"""Write a pool's status: our future ranges before a write to Avi, the results after it."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_avi.pools import conditions as pool_conditions
from akoo_avi.pools.usage import AddressCount
from akoo_avi.spec import ip_pool, resources, spans
from akoo_avi.spec.ip_pool import IpPoolStatus, Pool, SubnetStatus
from akoo_avi.spec.spans import Ours
from akoo_core.plugin import api, conditions, structs


def owning(status: IpPoolStatus, ours: Ours) -> IpPoolStatus:
    """``status`` with exactly these ranges as ours."""
    rows = {subnet.cidr: subnet for subnet in status.subnets}
    for prefix in ours.subnets:
        rows.setdefault(str(prefix), SubnetStatus(cidr=str(prefix), total=0, allocated=0, free=0))
    made = {str(subnet) for subnet in ours.subnets}
    subnets = tuple(structs.replace(rows[cidr], made=cidr in made) for cidr in sorted(rows))
    return structs.replace(
        status, ranges=ip_pool.ranges_of(ours), subnets=subnets, usable_added=ours.usable
    )


def counted(status: IpPoolStatus, counts: tuple[AddressCount, ...], ours: Ours) -> IpPoolStatus:
    """``status`` with these counts."""
    rows = tuple(
        SubnetStatus(
            cidr=str(count.prefix),
            total=count.total,
            allocated=count.allocated,
            free=count.free,
            made=count.prefix in ours.subnets,
        )
        for count in counts
    )
    return structs.replace(
        status,
        subnets=rows,
        ranges=ip_pool.ranges_of(ours),
        total=sum(count.total for count in counts),
        allocated=sum(count.allocated for count in counts),
        free=sum(count.free for count in counts),
    )


def prefixes(ours: Ours, wanted: Iterable[spans.Prefix]) -> frozenset[spans.Prefix]:
    """The subnets that the status lists."""
    return ours.subnets | frozenset(wanted)


def judged(
    ctx: api.ControllerContext, status: IpPoolStatus, known: Iterable[conditions.Condition]
) -> IpPoolStatus:
    """``status`` with these conditions, and with earlier ones of other types."""
    new = {condition.type: condition for condition in known}
    kept = tuple(
        condition
        for condition in status.conditions
        if condition.type != "Ready" and condition.type not in new
    )
    wanted = pool_conditions.with_ready((*new.values(), *kept))
    merged = conditions.merge(status.conditions, wanted, now=ctx.clock.now())
    return structs.replace(status, conditions=merged)


async def write(ctx: api.ControllerContext, pool: Pool, status: IpPoolStatus) -> Pool:
    """Write ``status`` if it differs; the pool as it is then.

    Raises ConflictError if the object changed since it was read: a write over another's must not
    lose our ranges.
    """
    if status == pool.status:
        return pool
    values = structs.to_object(status)
    whole = {field.key: values.get(field.key) for field in structs.fields(IpPoolStatus)}
    whole["conditions"] = list(conditions.kept(pool.condition_rows, status.conditions))
    patch = {
        "metadata": {"uid": pool.uid, "resourceVersion": pool.resource_version},
        "status": whole,
    }
    written = await ctx.kube.merge_patch(
        resources.AVI_IP_POOLS, pool.name, patch, subresource="status"
    )
    return ip_pool.from_object(written)


async def finalizers(ctx: api.ControllerContext, pool: Pool, wanted: Iterable[str]) -> Pool:
    """Write ``metadata.finalizers``. Raises ConflictError as ``write`` does."""
    metadata = {
        "uid": pool.uid,
        "resourceVersion": pool.resource_version,
        "finalizers": list(wanted),
    }
    written = await ctx.kube.merge_patch(resources.AVI_IP_POOLS, pool.name, {"metadata": metadata})
    return ip_pool.from_object(written)
