"""The objects of a vCenter: folders, datacenters, switches, port groups, and users of port groups.

Names stand as vCenter stores them, with ``/``, ``\\`` and ``%`` as escapes. A moRef is never used
again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final, TypeVar

from akoo_core.plugin.structs import JSON
from akoo_vsphere.suitable import Switch

ROOT: Final = "group-d1"
"""moRef of the root folder."""
_ESCAPES: Final = {"%": "%25", "/": "%2f", "\\": "%5c"}


@dataclasses.dataclass(kw_only=True)
class Entity:
    """A managed entity."""

    mo_ref: str
    name: str
    parent: str
    """moRef; "" for the root."""


@dataclasses.dataclass(kw_only=True)
class FolderEntity(Entity):
    """A folder of datacenters or of networks."""


@dataclasses.dataclass(kw_only=True)
class DatacenterEntity(Entity):
    """A datacenter with its folders."""

    network_folder: str = ""
    """moRef."""
    vm_folder: str = ""
    host_folder: str = ""


@dataclasses.dataclass(kw_only=True)
class SwitchEntity(Entity):
    """A distributed switch."""

    value: Switch
    """All but name and moRef, which are the entity's."""
    setting: JSON
    """The port settings that its port groups inherit."""


@dataclasses.dataclass(kw_only=True)
class PortGroupEntity(Entity):
    """A distributed port group. ``config`` holds its own settings, without inherited values."""

    switch: str
    """moRef."""
    config: JSON
    values: dict[int, str] = dataclasses.field(default_factory=dict)
    """Custom attributes by key."""
    tags: tuple[str, ...] = ()


@dataclasses.dataclass(kw_only=True)
class UserEntity(Entity):
    """A virtual machine, or a host with vmkernel ports."""

    machine: bool = True
    port_groups: list[str] = dataclasses.field(default_factory=list)
    """moRefs; each entry is a NIC."""


E = TypeVar("E", bound=Entity)


class Inventory:
    """All objects by moRef."""

    def __init__(self) -> None:
        self.entities: dict[str, Entity] = {
            ROOT: FolderEntity(mo_ref=ROOT, name="Datacenters", parent="")
        }
        self.fields: dict[int, str] = {}
        """Custom attributes of port groups: key to name."""
        self._last = 1

    def new_ref(self, kind: str) -> str:
        """A moRef that was never used."""
        self._last += 1
        return f"{kind}{self._last}"

    def put(self, entity: E) -> E:
        self.entities[entity.mo_ref] = entity
        return entity

    def get(self, mo_ref: str, kind: type[E]) -> E | None:
        entity = self.entities.get(mo_ref)
        return entity if isinstance(entity, kind) else None

    def each(self, kind: type[E]) -> list[E]:
        """All objects of a kind, oldest first."""
        return [entity for entity in self.entities.values() if isinstance(entity, kind)]

    def children(self, mo_ref: str) -> list[Entity]:
        return [entity for entity in self.entities.values() if entity.parent == mo_ref]

    def named(self, name: str, folder: str) -> Entity | None:
        """The object of that (escaped) name in a folder."""
        return next((child for child in self.children(folder) if child.name == name), None)

    def chain(self, mo_ref: str) -> Iterator[Entity]:
        """The object, its parent and so on up to the root."""
        entity = self.entities.get(mo_ref)
        while entity is not None:
            yield entity
            entity = self.entities.get(entity.parent)

    def path(self, mo_ref: str) -> str:
        """The inventory path, with escaped names; the root folder has none in it."""
        names = [entity.name for entity in self.chain(mo_ref) if entity.parent]
        return "/" + "/".join(reversed(names))

    def datacenter(self, mo_ref: str) -> DatacenterEntity | None:
        """The datacenter that holds an object."""
        holders = (entity for entity in self.chain(mo_ref) if isinstance(entity, DatacenterEntity))
        return next(holders, None)

    def users(self, mo_ref: str) -> list[UserEntity]:
        """Users of a port group, each as often as it has a NIC on it."""
        return [user for user in self.each(UserEntity) for nic in user.port_groups if nic == mo_ref]


def escaped(name: str) -> str:
    """A name as vCenter stores it."""
    return "".join(_ESCAPES.get(character, character) for character in name)
