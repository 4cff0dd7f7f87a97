"""audit and remove_stray of tenants: those with our mark whose AviTenant is gone.

A tenant of others is not listed, nor one that a living record uses. A tenant that was created for
us is deleted, only when empty; one that was taken over loses our mark, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from akoo_avi.client import AviClient, change
from akoo_avi.client.access import refusal

from akoo_core.plugin import api, kube, structs
from akoo_core.plugin.records import Record
from akoo_tenancy.looking import ways
from akoo_tenancy.spec import facts, names
from akoo_tenancy.spec.tenant import ADMIN, AVI_TENANTS
from akoo_tenancy.tenants import leave, marks
from akoo_tenancy.tenants.entering import KIND
from akoo_tenancy.tenants.marks import TenantMark

PREFIX: Final = "AviTenant/"
"""Begins the owner of a tenant, which is an AviTenant and no record."""


class Left(NamedTuple):
    """A tenant whose AviTenant is gone."""

    mark: TenantMark
    row: structs.JSON


class Owners(NamedTuple):
    """The owners that tenants may have."""

    avi_tenants: frozenset[str]
    """Names of AviTenants."""
    used: frozenset[str]
    """UUIDs of the tenants of living records."""


async def owners(ctx: api.AuditContext) -> Owners:
    """Those of now. Raises KubeErrors and DecodeError."""
    page = await ctx.kube.list(AVI_TENANTS)
    return Owners(frozenset(str(obj["metadata"]["name"]) for obj in page.items), used(ctx.records))


def used(records: tuple[Record, ...]) -> frozenset[str]:
    """UUIDs of the tenants of living records. Pure. Raises DecodeError."""
    uuids: set[str] = set()
    for record in ways.living(records):
        intent = record.spec.intents.get(names.PLUGIN)
        if intent is not None and intent.data:
            stored = structs.convert(intent.data, facts.Stored)
            uuids |= {tenant.uuid for tenant in stored.tenants}
    return frozenset(uuids)


def left(rows: Iterable[structs.JSON], management_id: str, there: Owners) -> tuple[Left, ...]:
    """The tenants of ours without an owner. Pure."""
    strays: list[Left] = []
    for row in rows:
        read, uuid = marks.read(row.get("description")), str(row.get("uuid"))
        if uuid == ADMIN or uuid in there.used or len(read) != 1:
            continue
        (mark,) = read
        if mark.management_id == management_id and mark.name not in there.avi_tenants:
            strays.append(Left(mark, row))
    return tuple(strays)


async def listed(ctx: api.AuditContext, avi: AviClient, there: Owners) -> tuple[api.Stray, ...]:
    """The strays on one controller. Raises AviErrors."""
    rows = await avi.list(KIND, tenant=ADMIN)
    return tuple(
        api.Stray(
            owner=f"{PREFIX}{stray.mark.name}",
            kind="Tenant",
            name=str(stray.row.get("name")),
            where=avi.address,
            claim=stray.mark.management_id,
        )
        for stray in left(rows, ctx.management_id, there)
    )


async def remove(ctx: api.AuditContext, opened: Sequence[AviClient], owner: str) -> api.Result:
    """Take the tenants of one AviTenant away. Raises Refusal and AviErrors."""
    name = owner.removeprefix(PREFIX)
    try:
        there = await owners(ctx)
    except (kube.KubeError, structs.DecodeError) as error:
        message = f"The AviTenants and their users cannot be read: {error}"
        return api.Blocked(reason="OwnersUnknown", message=message)
    if name in there.avi_tenants:
        return api.Blocked(reason="OwnerLives", message=f"{owner} is there, and manages it.")
    removed: list[str] = []
    for avi in opened:
        strays = left(await avi.list(KIND, tenant=ADMIN), ctx.management_id, there)
        removed += [await _remove(avi, stray) for stray in strays if stray.mark.name == name]
    return api.Done(message=" ".join(removed) or f"No tenant of {owner} is left.")


async def _remove(avi: AviClient, stray: Left) -> str:
    where = f'Tenant "{stray.row.get("name")}" on {avi.address}'
    uuid = str(stray.row["uuid"])
    if stray.mark.by != "Created":
        await change(avi, KIND, uuid, leave.unmarked, tenant=ADMIN)
        return f"{where} was taken over once: it stays, without our mark."
    contents = await leave.held(avi, stray.row)
    if contents:
        raise refusal.Refusal(
            "NotEmpty", f"{where} is not empty: {leave.shown(contents)}. Remove these first."
        )
    await avi.delete(KIND, uuid, tenant=ADMIN)
    return f"{where} was deleted."
