"""Makes the VSpherePortGroup of a template: asks vCenter and the API server what is taken, then
stores the choice in the spec of the new object. vCenter is not changed."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_core.plugin import api, kube, structs
from akoo_vsphere import allocation
from akoo_vsphere.allocation import Taken
from akoo_vsphere.client.account import VCenters
from akoo_vsphere.connect import access, resolve
from akoo_vsphere.connect.resolve import MOREF, Place
from akoo_vsphere.controllers import scene
from akoo_vsphere.spec import port_group, resources
from akoo_vsphere.spec.port_group import PortGroup, Spec, SwitchName
from akoo_vsphere.spec.template import Template
from akoo_vsphere.templates import wanted

GROUPS = resources.PORT_GROUPS
_NOTHING = Taken(vlans={}, subnets={})


async def every(client: kube.KubeClient) -> tuple[kube.Object, ...]:
    """All VSpherePortGroups, read from the API server: a cache may lack the last choice."""
    objects: list[kube.Object] = []
    token = ""
    while True:
        page = await client.list(GROUPS, token=token)
        objects += page.items
        token = page.token
        if not token:
            return tuple(objects)


async def make(
    ctx: api.ControllerContext,
    vcenters: VCenters,
    config_name: str,
    name: str,
    template: Template,
    description: str,
) -> None:
    """Create the object ``name``. Raises Refusal, VCenterErrors, BlockedError, AlreadyExistsError.

    The caller makes one at a time: two at once could choose the same VLAN.
    """
    connection = await scene.connection_of(ctx.kube, template.connection)
    client = await access.open(ctx, ctx.kube, vcenters, connection)
    inventory = await client.inventory()
    place = resolve.resolve(allocation.port_group(template, _NOTHING), inventory, None)
    seen = await client.vlans(place.placed.switch.mo_ref)
    declared = [group for group in map(_group, await every(ctx.kube)) if group is not None]
    here = [group for group in declared if on_switch(group, place.placed.switch.uuid)]
    taken = allocation.taken(
        [(group.name, group.spec, mo_ref(group)) for group in here],
        seen,
        _subnets(group.spec for group in declared if group not in here),
    )
    spec = _placed(allocation.port_group(template, taken), place)
    spec = structs.replace(spec, description=description)
    await ctx.kube.create(GROUPS, wanted.body(config_name, name, spec))


def on_switch(group: PortGroup, uuid: str) -> bool:
    """True unless the object is certainly on another switch. Pure."""
    recorded = group.status.distributed_switch
    known = recorded.uuid if recorded is not None else group.spec.distributed_switch.uuid
    return known in ("", uuid)


def mo_ref(group: PortGroup) -> str:
    """moRef of the port group that the object has in vCenter; "" for none. Pure."""
    return group.status.port_group.mo_ref if group.status.port_group is not None else ""


def _placed(spec: Spec, place: Place) -> Spec:
    """The spec with datacenter and switch by identity: a later rename changes nothing."""
    return structs.replace(
        spec,
        datacenter=f"{MOREF}{place.datacenter.mo_ref}",
        distributed_switch=SwitchName(uuid=place.placed.switch.uuid),
    )


def _subnets(specs: Iterable[Spec]) -> list[str]:
    avis = (spec.avi for spec in specs)
    return [avi.subnet.cidr for avi in avis if avi is not None and avi.subnet is not None]


def _group(obj: kube.Object) -> PortGroup | None:
    """The object; None for one that cannot be read: its own controller refuses it, too."""
    try:
        return port_group.from_object(obj)
    except structs.DecodeError:
        return None
