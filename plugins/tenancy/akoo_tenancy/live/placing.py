"""The place of a cluster's account: controller and tenants, by their UUIDs.

A rotation confirms the stored place by the snapshot that all clusters of a controller share. A
controller that took the address since then refuses the UUIDs of profile, tenant and roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from akoo_avi.client import AviClient
from akoo_avi.client.access import refusal
from akoo_avi.client.access.reach import Reach

from akoo_core.plugin import api, structs
from akoo_tenancy.live.snapshot import Snapshot
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.roles import applying
from akoo_tenancy.spec import tenant_used
from akoo_tenancy.spec.facts import ControllerRef, PlacedTenant, Stored
from akoo_tenancy.spec.wanted import Asked


class Way(NamedTuple):
    """The wish of the config, and the way that it leads."""

    asked: Asked
    reach: Reach
    controller: ControllerRef | None


async def find(
    ctx: api.VerbContext, tools: Tools, avi: AviClient, way: Way, before: Stored | None
) -> Stored:
    """The place. ``before``: a stored one that the snapshot may confirm; a difference is read from
    the controller. Raises Refusal and AviErrors."""
    if before is not None:
        snapshot = await tools.snapshots.of(avi, ctx.clock)
        if _of_snapshot(ctx.view, avi.address, way, snapshot) == before:
            return before
    cluster = await avi.get("cluster")
    rows = await applying.tenant_rows(avi, way.asked.tenants)
    return _stored(ctx.view, avi.address, way, str(cluster["uuid"]), rows)


def _of_snapshot(view: api.View, address: str, way: Way, snapshot: Snapshot) -> Stored | None:
    rows = {name: snapshot.tenants.get(name) for name in way.asked.tenants}
    known = {name: row for name, row in rows.items() if row is not None}
    if len(known) < len(rows):
        return None
    try:
        return _stored(view, address, way, snapshot.controller_uuid, known)
    except refusal.Refusal:
        return None


def _stored(
    view: api.View, address: str, way: Way, controller_uuid: str, rows: Mapping[str, structs.JSON]
) -> Stored:
    used = tenant_used.current(view)
    if used is not None and str(rows[used.name]["uuid"]) != used.uuid:
        raise refusal.Refusal(
            "TenantElsewhere",
            f'Tenant "{used.name}" on {address} is not that of AviTenant/{used.object}. Let '
            "the AviTenant and the AKODeploymentConfig name the same controller.",
        )
    first = rows[way.asked.tenants[0]].get("config_settings") or {}
    return Stored(
        reach=way.reach,
        controller_uuid=controller_uuid,
        controller=way.controller,
        avi_tenant=ControllerRef(name=used.object, uid=used.uid) if used is not None else None,
        tenants=tuple(PlacedTenant(name=name, uuid=str(row["uuid"])) for name, row in rows.items()),
        own_engines=first.get("se_in_provider_context") is False,
    )
