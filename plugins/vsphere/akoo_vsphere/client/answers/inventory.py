"""Datacenters, switches and paths from the rows of one read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from akoo_core.plugin.structs import JSON
from akoo_vsphere import observed
from akoo_vsphere.allocation import VlanUser
from akoo_vsphere.client import api
from akoo_vsphere.client.answers.properties import PORT_GROUP, Row, items
from akoo_vsphere.client.wire import Ref, mo_refs
from akoo_vsphere.spec import names
from akoo_vsphere.suitable import Switch

DATACENTER: Final = "Datacenter"
PLACE: Final = ("name", "parent")
SWITCH_PATHS: Final = (*PLACE, "uuid", "config")
"""``config`` whole: its paths of VMware's switches are none of the base type."""
LISTED_PATHS: Final = (*PLACE, "config.configVersion", "customValue")
VLAN_PATHS: Final = ("name", "config.defaultPortConfig")
"""The settings of the ports whole: the VLAN is none of their base type."""
DESCRIPTION: Final = "config.description"
PORT_GROUP_PATHS: Final = (*PLACE, "config", "customValue", "tag", "vm")
NEEDED: Final = (*PLACE, "config", "customValue")
"""Without one of these a port group cannot be judged."""


class Places:
    """Names and parents of objects."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {row.ref.value: row for row in rows}

    def path(self, mo_ref: str) -> str:
        """Inventory path; the root folder, which has no parent, is no part of it."""
        parts = [
            escaped(str(row.fields.get("name") or ""))
            for row in self._up(mo_ref)
            if _parent(row) is not None
        ]
        return "/" + "/".join(reversed(parts))

    def datacenter(self, mo_ref: str) -> str:
        """moRef of the datacenter that an object is in; "" if it is not visible."""
        kinds = {row.ref.type: row.ref.value for row in self._up(mo_ref)}
        return kinds.get(DATACENTER, "")

    def _up(self, mo_ref: str) -> Iterable[Row]:
        seen: set[str] = set()
        row = self._rows.get(mo_ref)
        while row is not None and row.ref.value not in seen:
            seen.add(row.ref.value)
            yield row
            parent = _parent(row)
            row = self._rows.get(parent) if parent is not None else None


def inventory(rows: list[Row]) -> api.Inventory:
    """Datacenters and switches; those that vanished or cannot be read are left out."""
    places = Places(rows)
    return api.Inventory(
        datacenters=tuple(
            api.Datacenter(
                mo_ref=row.ref.value,
                name=names.decoded(str(row.fields["name"])),
                path=places.path(row.ref.value),
            )
            for row in rows
            if row.ref.type == DATACENTER and "name" in row.fields
        ),
        switches=tuple(
            _placed(row, places)
            for row in rows
            if isinstance(row.fields.get("config"), dict) and "uuid" in row.fields
        ),
    )


def _placed(row: Row, places: Places) -> api.PlacedSwitch:
    folder = _parent(row) or ""
    return api.PlacedSwitch(
        switch=switch(row),
        datacenter=places.datacenter(row.ref.value),
        folder=folder,
        folder_path=places.path(folder),
    )


def switch(row: Row) -> Switch:
    """The switch of a row that has its configuration."""
    config: JSON = mo_refs(row.fields["config"])
    uplinks = items(_dict(config.get("uplinkPortPolicy")).get("uplinkPortName"))
    lags = (_dict(group).get("name") for group in items(config.get("lacpGroupConfig")))
    pairs = (_dict(entry) for entry in items(config.get("pvlanConfig")))
    version = _dict(config.get("productInfo")).get("version")
    mtu = config.get("maxMtu")
    return Switch(
        mo_ref=row.ref.value,
        uuid=str(row.fields.get("uuid") or config.get("uuid") or ""),
        name=names.decoded(str(row.fields.get("name") or config.get("name") or "")),
        version=str(version or ""),
        max_mtu=mtu if isinstance(mtu, int) else None,
        uplinks=tuple(str(name) for name in (*uplinks, *lags) if name),
        private_vlans=frozenset(
            pair["secondaryVlanId"]
            for pair in pairs
            if isinstance(pair.get("secondaryVlanId"), int)
        ),
        uplink_port_groups=frozenset(map(str, items(config.get("uplinkPortgroup")))),
        extension=str(config.get("extensionKey") or ""),
    )


def listed(mo_ref: str, fields: Mapping[str, Any], attributes: Mapping[int, str]) -> api.Listed:
    """A port group of its fields. The last value of an attribute counts."""
    values = {}
    for entry in map(_dict, items(fields.get("customValue"))):
        key = entry.get("key")
        name = attributes.get(key) if isinstance(key, int) else None
        if name is not None:
            values[name] = str(entry.get("value") or "")
    parent = fields.get("parent")
    return api.Listed(
        mo_ref=mo_ref,
        name=names.decoded(str(fields.get("name") or "")),
        parent=parent.value if isinstance(parent, Ref) else "",
        config_version=str(fields.get("config.configVersion") or ""),
        values=values,
    )


def vlan_user(mo_ref: str, fields: Mapping[str, Any]) -> VlanUser | None:
    """A port group with a single VLAN; None for any other."""
    kind = observed.read_vlan(_dict(fields.get("config.defaultPortConfig")).get("vlan"))
    if kind is None or not kind.id:
        return None
    name = names.decoded(str(fields.get("name") or ""))
    return VlanUser(mo_ref=mo_ref, name=name, vlan=kind.id)


def attributes(definitions: Any) -> dict[int, str]:
    """Custom attributes that port groups can have: those of their type, and those of all types.

    One of their type wins if both have the same name.
    """
    own: dict[int, str] = {}
    common: dict[int, str] = {}
    for entry in map(_dict, items(definitions)):
        kind, key = entry.get("managedObjectType"), entry.get("key")
        if isinstance(key, int) and kind in (PORT_GROUP, None, ""):
            (own if kind == PORT_GROUP else common)[key] = str(entry.get("name") or "")
    names_taken = set(own.values())
    return own | {key: name for key, name in common.items() if name not in names_taken}


def granted(answer: Any) -> Iterable[tuple[str, str]]:
    """(moRef, privilege) that an answer of HasPrivilegeOnEntities grants."""
    for entity in map(_dict, items(answer)):
        ref = entity.get("entity")
        for availability in map(_dict, items(entity.get("privAvailability"))):
            if isinstance(ref, Ref) and availability.get("isGranted") is True:
                yield ref.value, str(availability.get("privId") or "")


def escaped(name: str) -> str:
    """A name as a part of a path: a slash that vCenter left as it is would end it."""
    return name.replace("/", "%2f")


def _parent(row: Row) -> str | None:
    parent = row.fields.get("parent")
    return parent.value if isinstance(parent, Ref) else None


def _dict(value: Any) -> JSON:
    return value if isinstance(value, dict) else {}
