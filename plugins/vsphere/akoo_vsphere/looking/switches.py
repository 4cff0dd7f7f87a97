"""All port groups of the switches that an account sees, with their settings, as data."""

from __future__ import annotations

from typing import Any

from akoo_core.plugin import api, structs
from akoo_vsphere import marks, observed
from akoo_vsphere.client.api import Inventory, PlacedSwitch, VCenterClient
from akoo_vsphere.connect import access
from akoo_vsphere.marks import Mark
from akoo_vsphere.observed import Observed


async def report(
    client: VCenterClient, inventory: Inventory, management_id: str
) -> list[api.Finding]:
    """A finding for each switch. One that cannot be read is a finding, too."""
    try:
        fields = await client.attributes()
    except access.ANSWERED as error:
        message = access.answer(error).message
        return [_finding(client, placed, "unknown", message) for placed in inventory.switches]
    return [await _switch(client, placed, fields, management_id) for placed in inventory.switches]


async def _switch(
    client: VCenterClient, placed: PlacedSwitch, fields: dict[int, str], management_id: str
) -> api.Finding:
    switch = placed.switch
    try:
        plain = await client.configurations(switch.mo_ref)
    except access.ANSWERED as error:
        return _finding(client, placed, "unknown", access.answer(error).message)
    rows = [_row(group, fields, switch.uplink_port_groups, management_id) for group in plain]
    ours = sum(1 for row in rows if row.get("object"))
    message = f"It has {len(rows)} port groups, {ours} of them ours."
    rows.sort(key=lambda row: str(row.get("name", "")))
    data = {"moRef": switch.mo_ref, "uuid": switch.uuid, "portGroups": rows}
    return _finding(client, placed, "good", message, data)


def _row(
    plain: structs.JSON, fields: dict[int, str], uplinks: frozenset[str], management_id: str
) -> dict[str, Any]:
    try:
        seen = observed.read(plain, fields, uplinks=uplinks)
    except structs.DecodeError as error:
        return {"moRef": plain.get("moRef"), "problem": str(error)}
    mark = marks.read(seen.values.get(marks.ATTRIBUTE, ""))
    ours = isinstance(mark, Mark) and mark.management_id == management_id
    return {
        **settings(seen),
        "uplink": seen.uplink,
        "nsx": seen.nsx or seen.vpc,
        "mark": seen.values.get(marks.ATTRIBUTE, ""),
        "object": mark.name if ours and isinstance(mark, Mark) else "",
    }


def settings(seen: Observed | None) -> dict[str, Any]:
    """A port group as it is in vCenter; {} for none."""
    if seen is None:
        return {}
    return {
        "name": seen.name,
        "moRef": seen.mo_ref,
        "switch": seen.switch,
        "folder": seen.parent,
        "configVersion": seen.config_version,
        "settings": dict(seen.leaves),
    }


def _finding(
    client: VCenterClient,
    placed: PlacedSwitch,
    state: api.FindingState,
    message: str,
    data: structs.JSON | None = None,
) -> api.Finding:
    subject = f"switch {placed.folder_path}/{placed.switch.name}"
    return api.Finding(
        system=client.address, subject=subject, state=state, message=message, data=data or {}
    )
