"""Reads as an account sees them: what it may not see is left out, what it may not read is
UnreadableError."""

from __future__ import annotations

from akoo_core.plugin import structs
from akoo_core.plugin.structs import JSON
from akoo_vsphere import observed
from akoo_vsphere.allocation import VlanUser
from akoo_vsphere.client import api, errors
from akoo_vsphere.spec import names
from akoo_vsphere.testing.inventory import (
    ROOT,
    DatacenterEntity,
    E,
    Entity,
    PortGroupEntity,
    SwitchEntity,
    UserEntity,
    escaped,
)
from akoo_vsphere.testing.vcenter import SimulatedVCenter

MOST_NAMES = 5


def about(vcenter: SimulatedVCenter) -> api.About:
    return api.About(
        instance_uuid=vcenter.instance_uuid,
        version=vcenter.version,
        build="1",
        api_version=vcenter.api_version,
        root_folder=ROOT,
    )


def readable(vcenter: SimulatedVCenter, user: str, mo_ref: str, kind: type[E]) -> E:
    """The object. Raises NotFoundError, UnreadableError."""
    entity = vcenter.inventory.get(mo_ref, kind)
    if entity is None:
        raise errors.NotFoundError(f"{mo_ref} is not there.", mo_ref)
    if not vcenter.rights.reads(user, mo_ref):
        raise errors.UnreadableError(f"{user} cannot read {mo_ref}.", mo_ref)
    return entity


def inventory(vcenter: SimulatedVCenter, user: str) -> api.Inventory:
    inside = vcenter.inventory
    may = vcenter.rights.reads
    datacenters = tuple(
        api.Datacenter(
            mo_ref=entity.mo_ref, name=names.decoded(entity.name), path=inside.path(entity.mo_ref)
        )
        for entity in inside.each(DatacenterEntity)
        if may(user, entity.mo_ref)
    )
    switches = tuple(
        _placed(vcenter, entity) for entity in inside.each(SwitchEntity) if may(user, entity.mo_ref)
    )
    return api.Inventory(datacenters=datacenters, switches=switches)


def _placed(vcenter: SimulatedVCenter, entity: SwitchEntity) -> api.PlacedSwitch:
    datacenter = vcenter.inventory.datacenter(entity.mo_ref)
    value = structs.replace(entity.value, mo_ref=entity.mo_ref, name=names.decoded(entity.name))
    return api.PlacedSwitch(
        switch=value,
        datacenter=datacenter.mo_ref if datacenter is not None else "",
        folder=entity.parent,
        folder_path=vcenter.inventory.path(entity.parent),
    )


def port_groups(vcenter: SimulatedVCenter, user: str, switch: str) -> tuple[api.Listed, ...]:
    """Port groups of a switch that the account can see. Raises UnreadableError, NotFoundError."""
    readable(vcenter, user, switch, SwitchEntity)
    listed = []
    for group in vcenter.inventory.each(PortGroupEntity):
        if group.switch == switch and vcenter.rights.sees(user, group.mo_ref):
            readable(vcenter, user, group.mo_ref, PortGroupEntity)
            listed.append(vcenter.listed(group))
    return tuple(listed)


def descriptions(vcenter: SimulatedVCenter, user: str, switch: str) -> dict[str, str]:
    """Descriptions of the port groups of a switch. Raises UnreadableError, NotFoundError."""
    return {
        listed.mo_ref: str(
            readable(vcenter, user, listed.mo_ref, PortGroupEntity).config["description"]
        )
        for listed in port_groups(vcenter, user, switch)
    }


def vlans(vcenter: SimulatedVCenter, user: str, switch: str) -> tuple[VlanUser, ...]:
    """Port groups with a single VLAN. Raises UnreadableError, NotFoundError."""
    users = []
    for listed in port_groups(vcenter, user, switch):
        port = port_group(vcenter, user, listed.mo_ref)["config"].get("defaultPortConfig") or {}
        kind = observed.read_vlan(port.get("vlan"))
        if kind is not None and kind.id:
            users.append(VlanUser(mo_ref=listed.mo_ref, name=listed.name, vlan=kind.id))
    return tuple(users)


def visible(vcenter: SimulatedVCenter, user: str) -> dict[str, api.Listed]:
    """All port groups that the account can read, by moRef."""
    return {
        group.mo_ref: vcenter.listed(group)
        for group in vcenter.inventory.each(PortGroupEntity)
        if vcenter.rights.reads(user, group.mo_ref)
    }


def port_group(vcenter: SimulatedVCenter, user: str, mo_ref: str) -> JSON:
    return vcenter.plain(readable(vcenter, user, mo_ref, PortGroupEntity))


def port_group_at(vcenter: SimulatedVCenter, user: str, path: str) -> str:
    """moRef of the port group at a path. One that may not be seen is not there."""
    for group in vcenter.inventory.each(PortGroupEntity):
        if vcenter.inventory.path(group.mo_ref) == path:
            if vcenter.rights.sees(user, group.mo_ref):
                return group.mo_ref
            break
    raise errors.NotFoundError(f'No port group at "{path}".')


def child(vcenter: SimulatedVCenter, user: str, folder: str, name: str) -> api.Child | None:
    """The object of that name in a folder. One that may not be seen is not there."""
    readable(vcenter, user, folder, Entity)
    entity = vcenter.inventory.named(escaped(name), folder)
    if entity is None or not vcenter.rights.sees(user, entity.mo_ref):
        return None
    return api.Child(mo_ref=entity.mo_ref, port_group=isinstance(entity, PortGroupEntity))


def users(vcenter: SimulatedVCenter, user: str, mo_ref: str, switch: str) -> api.Users:
    """Users of a port group; a part that may not be read is None."""
    group = vcenter.inventory.get(mo_ref, PortGroupEntity)
    if group is None:
        raise errors.NotFoundError(f"{mo_ref} is not there.", mo_ref)
    may = vcenter.rights.reads
    nics = vcenter.inventory.users(mo_ref)
    connected: dict[str, UserEntity] = {entity.mo_ref: entity for entity in nics}
    machines = sum(entity.machine for entity in connected.values())
    seen = sorted(entity.name for entity in connected.values() if may(user, entity.mo_ref))
    return api.Users(
        ports=len(nics) if may(user, switch) else None,
        machines=machines if may(user, mo_ref) else None,
        names=tuple(seen[:MOST_NAMES]),
        unseen=len(connected) - len(seen),
    )
