"""Collections that nobody writes: they are computed from objects of a kind when they are read."""

import contextlib
import dataclasses
from collections.abc import Callable

from akoo_testbed.avisim import versions
from akoo_testbed.avisim.access import activity, permissions
from akoo_testbed.avisim.objects import addresses, schema, store
from akoo_testbed.avisim.requests import context, listing, problems


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """One collection: an entry for each object of `kind`, under the object's uuid."""

    kind: str
    show: Callable[[context.Context, store.Stored], schema.Json]
    since: versions.Version = versions.OLDEST
    uuid_of: Callable[[str], str] = str
    """The object's uuid from the entry's."""


def network_runtime(ctx: context.Context, network: store.Stored) -> schema.Json:
    """The allocated addresses of a network, and their users. Raises RefusedError."""
    gave = network.uuid in ctx.state.gave_addresses
    if not gave and ctx.state.switches["network-runtime"] == "allocated":
        raise problems.not_found("NetworkRuntime")
    held = list(addresses.held(ctx.state.objects, network.uuid))
    subnets = []
    for subnet in network.data.get("configured_subnets", ()):
        ranges = [_range_runtime(each, held) for each in addresses.ranges(subnet)]
        subnets.append({"prefix": subnet["prefix"], "ip_range_runtimes": ranges})
    writer = ctx.writer(include_name=ctx.include_name)
    return {
        "uuid": network.uuid,
        "url": writer.reference("networkruntime", network.uuid),
        "name": network.name,
        "tenant_ref": writer.reference("tenant", network.tenant),
        "subnet_runtime": subnets,
        "obj_uuids": sorted({each.holder.uuid for each in held}),
    }


def _range_runtime(each: addresses.Range, held: list[addresses.Held]) -> schema.Json:
    inside = sorted((h for h in held if h.address in each), key=lambda h: int(h.address))
    allocated = [
        {"ip": addresses.shown(h.address), "obj_uuid": h.holder.uuid, "obj_info": h.holder.name}
        for h in inside
    ]
    return {
        "type": each.use,
        "total_ip_count": each.size,
        "free_ip_count": each.size - len(allocated),
        "allocated_ips": allocated,
    }


def _shown(ctx: context.Context, kind: str, stored: store.Stored) -> schema.Json:
    return ctx.show(ctx.state.kinds.kinds[kind], stored, include_name=ctx.include_name)


def _inventory(ctx: context.Context, stored: store.Stored, **more: schema.Json) -> schema.Json:
    url = f"{ctx.request.origin}/api/{stored.kind}-inventory/{stored.uuid}"
    return {"uuid": stored.uuid, "url": url, "config": _shown(ctx, stored.kind, stored), **more}


def _network_inventory(ctx: context.Context, network: store.Stored) -> schema.Json:
    inventory = _inventory(ctx, network)
    with contextlib.suppress(problems.RefusedError):
        inventory["runtime"] = network_runtime(ctx, network)
    discovered = ctx.state.objects.get("vimgrnwruntime", network.uuid)
    if discovered is not None:
        inventory["discovery"] = _shown(ctx, "vimgrnwruntime", discovered)
    return inventory


def _cloud_inventory(ctx: context.Context, cloud: store.Stored) -> schema.Json:
    return _inventory(ctx, cloud, status={"state": "CLOUD_STATE_PLACEMENT_READY"})


def oper_status(ctx: context.Context, stored: store.Stored) -> schema.Json:
    """The state of a virtual service, pool or SE: up, unless a test set another."""
    state = ctx.state.oper_states.get(stored.key)
    if state is None:
        state = "OPER_UP" if stored.data.get("enabled", True) else "OPER_DISABLED"
    return {"oper_status": {"state": state}}


def _operated(ctx: context.Context, stored: store.Stored) -> schema.Json:
    return _inventory(ctx, stored, runtime=oper_status(ctx, stored))


VIEWS = {
    "networkruntime": View("network", network_runtime),
    "network-inventory": View("network", _network_inventory, (22, 1, 1)),
    "cloud-inventory": View("cloud", _cloud_inventory, (22, 1, 1)),
    "virtualservice-inventory": View("virtualservice", _operated),
    "pool-inventory": View("pool", _operated),
    "serviceengine-inventory": View("serviceengine", _operated),
    activity.KIND: View("user", activity.show, uuid_of=activity.user_uuid),
}
RUNTIMES = {
    "network": network_runtime,
    "virtualservice": oper_status,
    "pool": oper_status,
    "serviceengine": oper_status,
}
"""The objects that join_subresources=runtime embeds, and that /api/<kind>/<uuid>/runtime
answers."""


def page(ctx: context.Context, view: View) -> schema.Json:
    """One page of a view."""
    objects = listing.matching(ctx, ctx.state.kinds.kinds[view.kind])
    return listing.envelope(ctx, objects, lambda stored: view.show(ctx, stored))


def read(ctx: context.Context, view: View, uuid: str) -> schema.Json:
    """One entry of a view. Raises RefusedError."""
    kind = ctx.state.kinds.kinds[view.kind]
    stored = listing.find(ctx, kind, view.uuid_of(uuid), permissions.Level.READ_ACCESS)
    return view.show(ctx, stored)


def joined(ctx: context.Context, stored: store.Stored) -> schema.Json:
    """Fields that are computed when an object is read, and what the query wants embedded."""
    view_: schema.Json = {}
    if stored.kind == "vsvip":
        writer = ctx.writer(include_name=ctx.include_name)
        referrers = ctx.state.objects.referrers(stored.key)
        services = (each for each in referrers if each.kind == "virtualservice")
        if refs := [writer.reference(each.kind, each.uuid) for each in services]:
            view_["vs_refs"] = refs
    wanted = f"{ctx.query.get('join_subresources', '')},{ctx.query.get('join', '')}".split(",")
    runtime = RUNTIMES.get(stored.kind)
    if runtime and "runtime" in wanted:
        with contextlib.suppress(problems.RefusedError):
            view_["runtime"] = runtime(ctx, stored)
    return view_
