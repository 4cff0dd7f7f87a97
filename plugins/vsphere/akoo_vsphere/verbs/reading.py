"""The VSpherePortGroup of a cluster, as verbs read it, and the fact that is made of it."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, conditions, kube, structs
from akoo_vsphere.spec import connection, names, port_group, resources
from akoo_vsphere.spec.port_group import PortGroup

READY: Final = "Ready"


async def group_of(ctx: api.VerbContext, name: str) -> PortGroup | None:
    """The VSpherePortGroup; None where there is none. Raises DecodeError."""
    if ctx.shared is None:
        return None
    try:
        return port_group.from_object(await ctx.shared.get(resources.PORT_GROUPS, name))
    except kube.NotFoundError:
        return None


def ready(group: PortGroup) -> tuple[bool, str, str]:
    """Ready for this generation, with reason and message."""
    row = conditions.find(group.status.conditions, READY)
    if row is None or group.status.observed_generation != group.generation:
        return False, "PortGroupAwaited", f"VSpherePortGroup/{group.name} was not checked yet."
    return row.status == "True", row.reason, f"VSpherePortGroup/{group.name}: {row.message}"


async def fact(ctx: api.VerbContext, group: PortGroup) -> api.PortGroup | None:
    """The fact about a port group that exists in vCenter."""
    known = group.status.port_group
    if known is None:
        return None
    spec = group.spec
    vlan = known.vlan or spec.vlan
    subnet = spec.avi.subnet if spec.avi is not None else None
    datacenter = group.status.datacenter
    path = datacenter.path if datacenter is not None else ""
    return api.PortGroup(
        name=group.desired.port_group_name or known.name,
        moref=known.mo_ref,
        instance_uuid=known.instance_uuid,
        vcenter=await _address(ctx, spec.connection),
        datacenter=known.datacenter,
        datacenter_name=names.decoded(path.rpartition("/")[2]),
        switch_uuid=known.switch_uuid,
        vlan=vlan.id if vlan is not None else None,
        cidr=subnet.cidr if subnet is not None else "",
    )


async def _address(ctx: api.VerbContext, name: str) -> str:
    """The address of a connection; "" where it cannot be read."""
    if ctx.shared is None:
        return ""
    try:
        obj = await ctx.shared.get(resources.CONNECTIONS, name)
        return structs.convert(obj.get("spec") or {}, connection.Spec, path="spec").address
    except (kube.NotFoundError, structs.DecodeError):
        return ""
