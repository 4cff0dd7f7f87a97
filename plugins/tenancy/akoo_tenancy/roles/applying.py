"""Roles on the controller: made, read back, and repaired where somebody changed a right of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from akoo_avi.client import AviClient, ExistsError, change
from akoo_avi.client.access import refusal

from akoo_core.plugin import structs
from akoo_tenancy.roles import wire
from akoo_tenancy.roles.plan import Rights, Role
from akoo_tenancy.users.wire import Granted

KIND: Final = "role"
ADMIN: Final = "admin"
Tenants = Mapping[str, str]
"""UUID of each tenant by name."""


async def tenant_rows(avi: AviClient, wanted: Iterable[str]) -> dict[str, structs.JSON]:
    """These tenants by name, in order. Raises Refusal for one that is not there."""
    by_name: dict[str, structs.JSON] = {}
    for name in dict.fromkeys(wanted):
        rows = await avi.list("tenant", tenant=ADMIN, params={"name": name})
        row = next((row for row in rows if row.get("name") == name), None)
        if row is None:
            raise refusal.Refusal(
                "TenantNotFound",
                f'Tenant "{name}" is not on {avi.address}, or our account cannot see it. Create '
                "it, or correct spec.tenant or spec.plugins.tenancy of the AKODeploymentConfig.",
            )
        by_name[name] = row
    return by_name


async def tenants(avi: AviClient, wanted: Iterable[str]) -> dict[str, str]:
    """UUIDs of these tenants, and of tenant admin. Raises Refusal for one that is not there."""
    rows = await tenant_rows(avi, (name for name in wanted if name != ADMIN))
    return {ADMIN: ADMIN, **{name: str(row["uuid"]) for name, row in rows.items()}}


async def apply(avi: AviClient, rights: Rights, by_name: Tenants) -> tuple[Granted, ...]:
    """Make what is missing, repair what differs, read it back; the access of the user."""
    uuids = {
        (role.tenant, role.name): await _apply(avi, role, by_name[role.tenant])
        for role in rights.roles
    }
    return tuple(
        Granted(
            role=uuids[access.role_tenant, access.role],
            tenant=by_name[access.tenant],
            everywhere=access.everywhere,
        )
        for access in rights.access
    )


async def _apply(avi: AviClient, role: Role, tenant: str) -> str:
    existing = await find(avi, role.name, tenant)
    if existing is None:
        try:
            existing = await avi.create(KIND, wire.body(role), tenant=tenant)
        except ExistsError:
            existing = await find(avi, role.name, tenant)
            if existing is None:
                raise
    if wire.differences(role, existing):
        existing = await _repair(avi, role, str(existing["uuid"]), tenant)
    return str(existing["uuid"])


async def _repair(avi: AviClient, role: Role, uuid: str, tenant: str) -> structs.JSON:
    def decide(current: structs.JSON) -> structs.JSON | None:
        return wire.repaired(role, current) if wire.differences(role, current) else None

    await change(avi, KIND, uuid, decide, tenant=tenant)
    current = await avi.get(f"{KIND}/{uuid}", tenant=tenant)
    problems = wire.differences(role, current)
    if problems:
        raise refusal.Refusal(
            "RoleNotAsWritten",
            f'Role "{role.name}" on {avi.address} does not read back as it was written: '
            f"{', '.join(problems[:5])}.",
        )
    return current


async def find(avi: AviClient, name: str, tenant: str) -> structs.JSON | None:
    """The role of exactly that name in a tenant (by UUID)."""
    rows = await avi.list(KIND, tenant=tenant, params={"name": name})
    for row in rows:
        if row.get("name") == name and _in_tenant(row, tenant):
            return row
    return None


def _in_tenant(row: structs.JSON, tenant: str) -> bool:
    reference = str(row.get("tenant_ref") or "").partition("#")[0]
    return not reference or reference.rpartition("/")[2] == tenant


def drift(rights: Rights, by_name: Tenants, rows: Iterable[structs.JSON]) -> tuple[str, ...]:
    """Differences of the roles in a list of all roles, in words. Pure."""
    listed = list(rows)
    problems: list[str] = []
    for role in rights.roles:
        row = next(
            (
                row
                for row in listed
                if row.get("name") == role.name and _in_tenant(row, by_name[role.tenant])
            ),
            None,
        )
        if row is None:
            problems.append(f"role {role.name} is missing")
        else:
            problems += (f"role {role.name}: {text}" for text in wire.differences(role, row))
    return tuple(problems)


async def remove(avi: AviClient, record: str) -> int:
    """Delete every role of a record, in all tenants; their number.

    By the name and the marker: a role of ours is named ``<record>-<part>``.
    """
    rows = await avi.list(KIND)
    names = {f"{record}-{part}" for part in PARTS}
    mine = [row for row in rows if row.get("name") in names]
    for row in mine:
        tenant = str(row.get("tenant_ref") or ADMIN).partition("#")[0].rpartition("/")[2]
        await avi.delete(KIND, str(row["uuid"]), tenant=tenant)
    return len(mine)


PARTS: Final = ("infrastructure", "everywhere", "working", "write", "read", "routes")
"""The last parts of the names of our roles."""
