"""Writes as a vCenter makes them: with its checks, and with its errors as those of the client.

Each has two halves: checks that throw before a task starts, and the effect, which may fail in the
task. A person's hand has the effects alone.
"""

from __future__ import annotations

from akoo_core.plugin.structs import JSON
from akoo_vsphere.client import errors
from akoo_vsphere.spec import names
from akoo_vsphere.testing import checks, configs, rights
from akoo_vsphere.testing.inventory import (
    ROOT,
    Inventory,
    PortGroupEntity,
    SwitchEntity,
    UserEntity,
    escaped,
)
from akoo_vsphere.testing.vcenter import SimulatedVCenter


def port_group(vcenter: SimulatedVCenter, mo_ref: str) -> PortGroupEntity:
    """The port group. Raises NotFoundError."""
    group = vcenter.inventory.get(mo_ref, PortGroupEntity)
    if group is None:
        raise errors.NotFoundError(f"Port group {mo_ref} is not there.", mo_ref)
    return group


def switch(vcenter: SimulatedVCenter, mo_ref: str) -> SwitchEntity:
    """The switch. Raises NotFoundError."""
    entity = vcenter.inventory.get(mo_ref, SwitchEntity)
    if entity is None:
        raise errors.NotFoundError(f"Switch {mo_ref} is not there.", mo_ref)
    return entity


def check_create(vcenter: SimulatedVCenter, user: str, mo_ref: str, spec: JSON) -> None:
    owner = switch(vcenter, mo_ref)
    vcenter.rights.demand(user, rights.CREATE, mo_ref)
    checks.check_name(spec.get("name") or "")
    checks.check_spec(owner, spec)


def create(vcenter: SimulatedVCenter, mo_ref: str, spec: JSON) -> str:
    """Make a port group beside its switch; its moRef."""
    owner = switch(vcenter, mo_ref)
    inventory = vcenter.inventory
    name = escaped(spec["name"])
    nsx = spec.get("backingType") == "nsx" or name.startswith(names.NSX)
    if not nsx:
        check_free(inventory, name, owner.parent)
    made = inventory.new_ref("dvportgroup-")
    inventory.put(
        PortGroupEntity(
            mo_ref=made,
            name=name,
            parent=owner.parent,
            switch=mo_ref,
            config=configs.new_config(made, name, mo_ref, spec),
        )
    )
    vcenter.changed(made)
    return made


def named(vcenter: SimulatedVCenter, switch_: str, name: str) -> str:
    """moRef of the port group of that name beside a switch; "" for none."""
    owner = vcenter.inventory.get(switch_, SwitchEntity)
    if owner is None:
        return ""
    child = vcenter.inventory.named(escaped(name), owner.parent)
    return child.mo_ref if isinstance(child, PortGroupEntity) else ""


def check_free(inventory: Inventory, name: str, folder: str, mo_ref: str = "") -> None:
    """Raise NameTakenError if another object of the folder has the (escaped) name."""
    other = next(
        (
            child
            for child in inventory.children(folder)
            if child.name == name and child.mo_ref != mo_ref
        ),
        None,
    )
    if other is not None:
        raise errors.NameTakenError(f'{other.mo_ref} has the name "{name}".', other.mo_ref)


def check_reconfigure(vcenter: SimulatedVCenter, user: str, mo_ref: str, spec: JSON) -> None:
    group = port_group(vcenter, mo_ref)
    vcenter.rights.demand(user, rights.MODIFY, mo_ref)
    if spec.get("policy") is not None:
        vcenter.rights.demand(user, rights.POLICY, mo_ref)
    if spec.get("name"):
        checks.check_name(spec["name"])
    owner = vcenter.switch_of(group)
    if owner is not None:
        checks.check_spec(owner, spec)


def reconfigure(vcenter: SimulatedVCenter, mo_ref: str, spec: JSON) -> str:
    """Change what the spec names, if it has the version that is in force."""
    group = port_group(vcenter, mo_ref)
    if spec.get("configVersion") != group.config["configVersion"]:
        raise errors.ChangedError(f"{mo_ref} has another config version.", mo_ref)
    config = configs.merged(group.config, spec)
    users = vcenter.inventory.users(mo_ref)
    if config["numPorts"] < min(len(users), group.config["numPorts"]):
        raise in_use(users)
    name = spec.get("name")
    if name and escaped(name) != group.name and name != group.name:
        check_free(vcenter.inventory, escaped(name), group.parent, mo_ref)
        group.name = config["name"] = escaped(name)
    group.config = {**config, "configVersion": configs.next_version(group.config)}
    vcenter.changed(mo_ref)
    return ""


def check_rename(vcenter: SimulatedVCenter, user: str, mo_ref: str, name: str) -> None:
    group = port_group(vcenter, mo_ref)
    vcenter.rights.demand(user, rights.MODIFY, mo_ref)
    checks.check_name(name)
    owner = vcenter.switch_of(group)
    if owner is not None:
        checks.check_owner(owner)


def rename(vcenter: SimulatedVCenter, mo_ref: str, name: str) -> str:
    """Rename the entity, and with it its configuration."""
    group = port_group(vcenter, mo_ref)
    stored = escaped(name)
    check_free(vcenter.inventory, stored, group.parent, mo_ref)
    group.name = stored
    version = configs.next_version(group.config)
    group.config |= {"name": stored, "configVersion": version}
    vcenter.changed(mo_ref)
    return ""


def check_destroy(vcenter: SimulatedVCenter, user: str, mo_ref: str) -> None:
    group = port_group(vcenter, mo_ref)
    for entity in (mo_ref, group.parent):
        vcenter.rights.demand(user, rights.DELETE, entity)
    owner = vcenter.switch_of(group)
    if owner is not None:
        checks.check_owner(owner)


def destroy(vcenter: SimulatedVCenter, mo_ref: str) -> str:
    """Remove a port group that nobody uses."""
    group = port_group(vcenter, mo_ref)
    users = vcenter.inventory.users(mo_ref)
    if users:
        raise in_use(users, group.name)
    del vcenter.inventory.entities[mo_ref]
    vcenter.changed(mo_ref)
    return ""


def in_use(users: list[UserEntity], name: str = "") -> errors.InUseError:
    """The error; vCenter names the port group, not its users."""
    return errors.InUseError(f'"{name}" is in use by {len(users)} NICs.', name)


def set_value(vcenter: SimulatedVCenter, user: str, mo_ref: str, key: int, value: str) -> None:
    """Set a custom attribute; the version of the configuration does not count it."""
    group = port_group(vcenter, mo_ref)
    vcenter.rights.demand(user, rights.SET_FIELD, mo_ref)
    if key not in vcenter.inventory.fields:
        raise errors.InvalidError(f"Custom attribute {key} is not defined.", "key")
    group.values[key] = value
    vcenter.changed(mo_ref)


def define(vcenter: SimulatedVCenter, user: str, name: str) -> int:
    """Define a custom attribute of port groups."""
    vcenter.rights.demand(user, rights.DEFINE, ROOT)
    return new_field(vcenter, name)


def new_field(vcenter: SimulatedVCenter, name: str) -> int:
    """The key of a new custom attribute."""
    key = max(vcenter.inventory.fields, default=100) + 1
    vcenter.inventory.fields[key] = name
    return key
