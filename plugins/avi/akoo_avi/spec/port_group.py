"""A VSpherePortGroup, as far as Avi reads it. Pure.

The kind belongs to the vSphere plugin, and its definition is the contract: this plugin reads
``spec.avi`` and ``status.portGroup``, and decodes nothing else of it.
"""

from __future__ import annotations

import re
from typing import Final

from akoo_avi.spec import ip_pool
from akoo_avi.spec.placement import WantedPortGroup
from akoo_core.plugin import names, structs

POOL_PREFIX: Final = "vspg-"
_ESCAPES: Final = {"%2f": "/", "%5c": "\\", "%25": "%"}
_ESCAPED = re.compile("|".join(_ESCAPES), re.IGNORECASE)


class FoundPortGroup(structs.Struct, frozen=True, kw_only=True):
    """``status.portGroup``: the port group in vCenter."""

    name: str
    mo_ref: str
    instance_uuid: str
    datacenter: str
    """moRef of the datacenter."""


class Datacenter(structs.Struct, frozen=True, kw_only=True):
    """``status.datacenter``."""

    mo_ref: str
    path: str = ""

    @property
    def name(self) -> str:
        """The last part of the path, as people write it: vCenter escapes some characters."""
        last = self.path.rstrip("/").rpartition("/")[2]
        return _ESCAPED.sub(lambda match: _ESCAPES[match[0].lower()], last)


class AviPart(structs.Struct, frozen=True, kw_only=True):
    """``spec.avi``: the cloud that is to discover the port group, and the subnet of its network."""

    controller: str
    """Name of an AviController."""
    cloud: str
    subnet: ip_pool.SubnetSpec | None = None


class PortGroupSpec(structs.Struct, frozen=True, kw_only=True):
    """``spec``, as far as it is read here."""

    connection: str
    """Name of a VSphereConnection."""
    avi: AviPart | None = None


class PortGroupStatus(structs.Struct, frozen=True, kw_only=True):
    """``status``, as far as it is read here."""

    port_group: FoundPortGroup | None = None
    datacenter: Datacenter | None = None


class DeclaredPortGroup(structs.Struct, frozen=True, kw_only=True):
    """A VSpherePortGroup as read."""

    name: str
    uid: str
    generation: int
    deleting: bool
    moved: bool
    """Deleted here by clusterctl: it lives elsewhere now."""
    spec: PortGroupSpec
    status: PortGroupStatus


def from_object(obj: structs.JSON) -> DeclaredPortGroup:
    """The port group of an object. Raises structs.DecodeError with the path."""
    metadata = obj["metadata"]
    return DeclaredPortGroup(
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        deleting="deletionTimestamp" in metadata,
        moved=names.DELETE_FOR_MOVE_ANNOTATION in (metadata.get("annotations") or {}),
        spec=structs.convert(obj.get("spec") or {}, PortGroupSpec, path="spec"),
        status=structs.convert(obj.get("status") or {}, PortGroupStatus, path="status"),
    )


def wanted(group: DeclaredPortGroup, vcenter: str) -> WantedPortGroup | None:
    """The port group as a cloud must discover it; None while vCenter has none. ``vcenter``: the
    address, "" where it is not known."""
    there, datacenter = group.status.port_group, group.status.datacenter
    if there is None:
        return None
    return WantedPortGroup(
        moref=there.mo_ref,
        vcenter=vcenter,
        datacenter=there.datacenter,
        datacenter_name=datacenter.name if datacenter is not None else "",
    )


def pool_name(group_name: str) -> str:
    """Name of the AviIPPool that is made for a port group."""
    return f"{POOL_PREFIX}{group_name}"
