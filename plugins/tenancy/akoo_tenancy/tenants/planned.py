"""The actions on the tenant of one AviTenant, for ``akoo-core plan --kind AviTenant``. Reads
only."""

from __future__ import annotations

from typing import Literal

from akoo_avi.client import Controllers

from akoo_core.plugin import api
from akoo_tenancy.spec.tenant import AVI_TENANTS, FINALIZER, Tenant
from akoo_tenancy.tenants import entering, leave, plan

KIND = "Tenant"


async def planned(
    ctx: api.ControllerContext, clients: Controllers, tenant: Tenant
) -> tuple[api.PlannedAction, ...]:
    """The actions now. Raises as an attempt does."""
    if tenant.deleting:
        return await _leaving(ctx, clients, tenant)
    avi = await entering.enter(ctx, clients, tenant)
    await entering.controller_uuid(avi, tenant)
    row = await entering.find(ctx, avi, tenant)
    wanted = plan.plan(tenant, ctx.management_id, row)
    why = f"AviTenant/{tenant.name} says so"
    if wanted.action == "create":
        return (_action("create", tenant, avi.address, why),)
    if wanted.action == "write":
        changes = ", ".join(wanted.differences) or "the mark is written"
        return (_action("change", tenant, avi.address, f"{why}; {changes}"),)
    kept = "it differs, and driftPolicy is Report" if wanted.drifted else wanted.provenance
    return (_action("keep", tenant, avi.address, kept),)


async def _leaving(
    ctx: api.ControllerContext, clients: Controllers, tenant: Tenant
) -> tuple[api.PlannedAction, ...]:
    if FINALIZER not in tenant.finalizers:
        return ()
    if tenant.moved or tenant.let_go or tenant.status.provenance == "Used":
        return (_action("keep", tenant, "", "it stays on Avi as it is"),)
    avi = await entering.enter(ctx, clients, tenant, remembered=True)
    await entering.controller_uuid(avi, tenant)
    row = await entering.find(ctx, avi, tenant)
    mark = plan.own_mark(tenant, ctx.management_id, row) if row is not None else None
    if row is None:
        return ()
    if mark is None or plan.retained(tenant, mark):
        return (_action("keep", tenant, avi.address, "it is not ours, or is retained"),)
    left = await leave.held(avi, row)
    if left:
        return (_action("keep", tenant, avi.address, f"it has {leave.shown(left)}"),)
    why = f"{AVI_TENANTS.kind}/{tenant.name} is being deleted, and it is empty"
    return (_action("delete", tenant, avi.address, why),)


def _action(
    action: Literal["create", "change", "delete", "keep"], tenant: Tenant, where: str, why: str
) -> api.PlannedAction:
    return api.PlannedAction(
        action=action,
        kind=KIND,
        name=tenant.avi_name,
        where=where,
        why=why,
    )
