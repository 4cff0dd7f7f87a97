"""Port groups of vSphere among the networks of Avi. Pure.

Discovery makes one network of each port group of the vCenter and the datacenter that a cloud names.
Its uuid is ``<moref>-<uuid of the cloud>``, so it is computed and never looked for by its name:
names repeat, and a rename in vCenter changes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from akoo_avi.client.access import refusal
from akoo_avi.ownership.references import uuid_of
from akoo_avi.place.catalog import Row
from akoo_avi.spec.placement import WantedPortGroup
from akoo_core.plugin import accounts

VCENTER: Final = "CLOUD_VCENTER"
NOT_DISCOVERED: Final = "NetworkNotDiscovered"


def network_uuid(moref: str, cloud: Row) -> str:
    """The uuid of the network that discovery makes of a port group."""
    return f"{moref}-{cloud['uuid']}"


def find(moref: str, cloud: Row, rows: Iterable[Row]) -> Row | None:
    """The network of the port group among ``rows``; None: it was not discovered yet."""
    uuid = network_uuid(moref, cloud)
    matches = (
        row for row in rows if row["uuid"] == uuid or uuid_of(row.get("vimgrnw_ref")) == uuid
    )
    return next(matches, None)


def check(cloud: Row, group: WantedPortGroup, on: str) -> None:
    """Raise Refusal for a cloud that never discovers the port group. ``on``: the controller.

    The same moref means another port group in another vCenter.
    """
    settings = cloud.get("vcenter_configuration") or {}
    where = f'cloud "{cloud.get("name")}" on {on}'
    kind, access = cloud.get("vtype"), settings.get("privilege", "WRITE_ACCESS")
    if kind != VCENTER or access == "NO_ACCESS":
        problem = f"is {kind}" if kind != VCENTER else "has no access to its vCenter"
        raise refusal.Refusal(
            "CloudDiscoversNothing",
            f"{where} {problem}, so it discovers no port group. Name a vCenter cloud with read "
            "or write access.",
        )
    known = str(settings.get("vcenter_url") or "")
    if group.vcenter and known and not _same_address(group.vcenter, known):
        raise refusal.Refusal(
            "VCenterDiffers",
            f"{where} belongs to vCenter {known}, and the port group is in {group.vcenter}. Name "
            "the cloud of that vCenter. If both are one vCenter, write its address alike.",
        )
    if not _same_datacenter(settings, group):
        shown = settings.get("datacenter") or settings.get("datacenter_managed_object_id")
        own = group.datacenter_name or group.datacenter
        raise refusal.Refusal(
            "DatacenterDiffers",
            f"{where} discovers datacenter {shown}, and the port group is in {own}. Name the cloud "
            "of that datacenter.",
        )


def _same_address(first: str, second: str) -> bool:
    left, right = accounts.parse(_host(first)), accounts.parse(_host(second))
    if left is None or right is None:
        return first == second
    return left.endpoint == right.endpoint


def _host(text: str) -> str:
    """The address in a URL, or the address itself."""
    return text.strip().partition("://")[2].split("/", 1)[0] or text.strip()


def _same_datacenter(settings: Row, group: WantedPortGroup) -> bool:
    """The moref decides where both sides have it (Avi since 30.2.1), else the name.

    A cloud may name its datacenter by its path; the last part is the name.
    """
    moref = settings.get("datacenter_managed_object_id")
    if moref and group.datacenter:
        return bool(moref == group.datacenter)
    name = str(settings.get("datacenter") or "").rstrip("/").rpartition("/")[2]
    return not (name and group.datacenter_name) or name == group.datacenter_name
