"""A person's deeds in vCenter, and the building of inventories. They are no calls of a client."""

from __future__ import annotations

import copy
import uuid
from typing import Any

from akoo_core.plugin import structs
from akoo_core.plugin.structs import JSON
from akoo_vsphere.observed import UPLINK_TAG, VLAN_ID
from akoo_vsphere.suitable import Switch
from akoo_vsphere.testing import configs, operations
from akoo_vsphere.testing.inventory import (
    ROOT,
    DatacenterEntity,
    FolderEntity,
    Inventory,
    PortGroupEntity,
    SwitchEntity,
    UserEntity,
    escaped,
)
from akoo_vsphere.testing.rights import Denial
from akoo_vsphere.testing.vcenter import SimulatedVCenter


class Hand:
    """Changes a vCenter at once, with all rights. Objects are named by moRef."""

    def __init__(self, vcenter: SimulatedVCenter) -> None:
        self.vcenter = vcenter

    @property
    def _inventory(self) -> Inventory:
        return self.vcenter.inventory

    # Building.

    def add_folder(self, name: str, parent: str = ROOT) -> str:
        made = self._inventory.new_ref("group-n" if parent != ROOT else "group-d")
        return self._put(FolderEntity(mo_ref=made, name=escaped(name), parent=parent))

    def add_datacenter(self, name: str, folder: str = ROOT) -> str:
        made = self._inventory.new_ref("datacenter-")
        self._put(DatacenterEntity(mo_ref=made, name=escaped(name), parent=folder))
        entity = self.vcenter.inventory.get(made, DatacenterEntity)
        assert entity is not None  # noqa: S101 - for the type
        entity.vm_folder, entity.host_folder, entity.network_folder = (
            self._folder(kind, made) for kind in ("vm", "host", "network")
        )
        return made

    def add_switch(self, datacenter: str, name: str, *, folder: str = "", **fields: Any) -> str:
        """A switch with its uplink port group; ``fields``: of ``suitable.Switch``."""
        inventory = self.vcenter.inventory
        if not folder:
            holder = inventory.get(datacenter, DatacenterEntity)
            assert holder is not None, datacenter  # noqa: S101 - a mistake of the test
            folder = holder.network_folder
        made = inventory.new_ref("dvs-")
        options = {"version": "8.0.0", "max_mtu": 9000, "uplinks": ("Uplink 1", "Uplink 2")}
        value = Switch(
            mo_ref=made,
            **{"uuid": _switch_uuid(made), "name": name, **options, **fields},
        )
        entity = SwitchEntity(
            mo_ref=made,
            name=escaped(name),
            parent=folder,
            value=value,
            setting=configs.switch_setting(value.uplinks),
        )
        self._put(entity)
        uplink = self.add_port_group(made, f"{name}-DVUplinks-{made.removeprefix('dvs-')}")
        self._group(uplink).config["uplink"] = True
        self._group(uplink).tags = (UPLINK_TAG,)
        entity.value = structs.replace(value, uplink_port_groups=frozenset({uplink}))
        return made

    def add_port_group(
        self, switch: str, name: str, *, vlan: int | None = None, **spec: Any
    ) -> str:
        """A port group with elastic ports; ``spec``: fields of its ConfigSpec."""
        wanted: JSON = {"name": name, "numPorts": 8, "autoExpand": True, **spec}
        if vlan is not None:
            setting = {"_typeName": VLAN_ID, "inherited": False, "vlanId": vlan}
            wanted["defaultPortConfig"] = {"vlan": setting, **wanted.get("defaultPortConfig", {})}
        return operations.create(self.vcenter, switch, wanted)

    # Users.

    def attach(self, group: str, name: str, *, machine: bool = True) -> str:
        """A NIC of a virtual machine, or a vmkernel port of a host; both are made if need be."""
        inventory = self.vcenter.inventory
        user = next((each for each in inventory.each(UserEntity) if each.name == name), None)
        if user is None:
            datacenter = inventory.datacenter(group)
            assert datacenter is not None, group  # noqa: S101 - a mistake of the test
            folder = datacenter.vm_folder if machine else datacenter.host_folder
            made = inventory.new_ref("vm-" if machine else "host-")
            user = UserEntity(mo_ref=made, name=name, parent=folder, machine=machine)
            self._put(user)
        user.port_groups.append(group)
        entity = self._group(group)
        if entity.config["autoExpand"]:
            while entity.config["numPorts"] < len(inventory.users(group)):
                entity.config["numPorts"] += configs.PORTS_MORE
        return user.mo_ref

    def detach(self, group: str, name: str = "") -> None:
        """Take the NICs of a user, or of all, off a port group."""
        for user in self.vcenter.inventory.each(UserEntity):
            if name in ("", user.name):
                user.port_groups = [nic for nic in user.port_groups if nic != group]

    # Deeds.

    def edit(self, group: str, spec: JSON) -> None:
        """Reconfigure as it is now. Raises the errors of a reconfigure."""
        version = self._group(group).config["configVersion"]
        operations.reconfigure(self.vcenter, group, {**spec, "configVersion": version})

    def set_vlan(self, group: str, vlan: int) -> None:
        setting = {"_typeName": VLAN_ID, "inherited": False, "vlanId": vlan}
        self.edit(group, {"defaultPortConfig": {"vlan": setting}})

    def describe(self, group: str, text: str) -> None:
        self.edit(group, {"description": text})

    def rename(self, group: str, name: str) -> None:
        operations.rename(self.vcenter, group, name)

    def set_value(self, group: str, name: str, value: str | None) -> None:
        """Set a custom attribute, defined if need be; None takes it away."""
        fields = self.vcenter.inventory.fields
        key = next((key for key, known in fields.items() if known == name), None)
        if key is None:
            key = operations.new_field(self.vcenter, name)
        values = self._group(group).values
        values.pop(key, None)
        if value is not None:
            values[key] = value
        self.vcenter.changed(group)

    def move(self, mo_ref: str, folder: str) -> None:
        """Move a port group, or a switch with its port groups, into another folder."""
        inventory = self.vcenter.inventory
        groups = [group for group in inventory.each(PortGroupEntity) if group.switch == mo_ref]
        for entity in (inventory.entities[mo_ref], *groups):
            entity.parent = folder
        moved = [group.mo_ref for group in groups] or [mo_ref]
        self.vcenter.changed(*moved)

    def remove(self, mo_ref: str) -> None:
        """Remove a port group, or a switch with its port groups. Raises InUseError."""
        inventory = self.vcenter.inventory
        for group in inventory.each(PortGroupEntity):
            if mo_ref in (group.mo_ref, group.switch):
                operations.destroy(self.vcenter, group.mo_ref)
        inventory.entities.pop(mo_ref, None)

    def change_switch(self, switch: str, **fields: Any) -> None:
        """Change fields of ``suitable.Switch``."""
        entity = self.vcenter.inventory.get(switch, SwitchEntity)
        assert entity is not None, switch  # noqa: S101 - a mistake of the test
        entity.value = structs.replace(entity.value, **fields)
        entity.name = escaped(entity.value.name)

    def deny(
        self, privilege: str, mo_ref: str = ROOT, *, user: str = "", only: bool = False
    ) -> None:
        """Take a privilege from a user (empty: all) on an object and below it."""
        denial = Denial(privilege=privilege, mo_ref=mo_ref, user=user, only=only)
        self.vcenter.rights.denials.append(denial)
        self.vcenter.changed()

    def allow(self) -> None:
        """Give back all that was denied."""
        self.vcenter.rights.denials.clear()
        self.vcenter.changed()

    # Looks.

    def read(self, group: str) -> JSON:
        """A port group as vCenter holds it, whoever may see it."""
        return copy.deepcopy(self.vcenter.plain(self._group(group)))

    def groups(self) -> dict[str, JSON]:
        """All port groups, by moRef."""
        return {
            group.mo_ref: self.read(group.mo_ref)
            for group in self.vcenter.inventory.each(PortGroupEntity)
        }

    def _put(self, entity: Any) -> str:
        self.vcenter.inventory.put(entity)
        return str(entity.mo_ref)

    def _folder(self, kind: str, datacenter: str) -> str:
        made = self._inventory.new_ref(f"group-{kind[0]}")
        return self._put(FolderEntity(mo_ref=made, name=kind, parent=datacenter))

    def _group(self, mo_ref: str) -> PortGroupEntity:
        return operations.port_group(self.vcenter, mo_ref)


def _switch_uuid(mo_ref: str) -> str:
    """The uuid of a switch as vCenter writes it: pairs of digits, one dash."""
    digits = uuid.uuid5(uuid.NAMESPACE_OID, mo_ref).hex
    pairs = [digits[index : index + 2] for index in range(0, 32, 2)]
    return f"{' '.join(pairs[:8])}-{' '.join(pairs[8:])}"
