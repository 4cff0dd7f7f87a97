"""Brings a tenant to what an AviTenant says: look, plan, record, write, compare."""

from __future__ import annotations

from akoo_avi.client import AviClient, Controllers, ExistsError, change
from akoo_avi.client.access import refusal

from akoo_core.plugin import api, structs
from akoo_tenancy.spec.tenant import ADMIN, FINALIZER, Tenant
from akoo_tenancy.tenants import entering, plan, statuses
from akoo_tenancy.tenants.entering import KIND
from akoo_tenancy.tenants.plan import Plan


async def apply(ctx: api.ControllerContext, clients: Controllers, tenant: Tenant) -> Tenant:
    """One attempt; the tenant with its new status. Raises Refusal, AviErrors and KubeErrors."""
    if FINALIZER not in tenant.finalizers:  # a record may use it from here on
        tenant = await statuses.finalizers(ctx, tenant, (*tenant.finalizers, FINALIZER))
    avi = await entering.enter(ctx, clients, tenant)
    controller = await entering.controller_uuid(avi, tenant)
    row = await entering.find(ctx, avi, tenant)
    planned = plan.plan(tenant, ctx.management_id, row)
    if planned.action != "nothing":
        await entering.hold(ctx.kube, tenant)
        tenant = await _record(ctx, tenant, planned, controller)
        row = await _write(ctx, avi, tenant, planned, row)
        planned = plan.plan(tenant, ctx.management_id, row)
    return await _judge(ctx, avi, tenant, planned, controller=controller, row=row)


async def _record(
    ctx: api.ControllerContext, tenant: Tenant, planned: Plan, controller: str
) -> Tenant:
    """Record whose the tenant is, before it is written."""
    status = structs.replace(
        tenant.status, provenance=planned.provenance, controller_uuid=controller
    )
    if planned.action == "create":
        status = structs.replace(
            status, tenant_uuid="", tenant_name="", creating_since=ctx.clock.now()
        )
    return await statuses.write(ctx, tenant, status)


async def _write(
    ctx: api.ControllerContext,
    avi: AviClient,
    tenant: Tenant,
    planned: Plan,
    row: structs.JSON | None,
) -> structs.JSON:
    if planned.action == "create" or row is None:
        try:
            return await avi.create(KIND, planned.body, tenant=ADMIN)
        except ExistsError as error:
            raise refusal.Delay(
                "TenantAppeared",
                f'Tenant "{tenant.avi_name}" on {avi.address} was not in the list, and exists. It '
                "is read again. If this lasts, our account does not see it: give it READ on "
                "TENANT.",
            ) from error
    if planned.differences:
        ctx.log.warning("AviTenant is repaired", extra={"differences": planned.differences})

    def decide(current: structs.JSON) -> structs.JSON | None:
        again = plan.plan(tenant, ctx.management_id, current)
        return again.body if again.action == "write" else None

    uuid = str(row["uuid"])
    written = await change(avi, KIND, uuid, decide, tenant=ADMIN)
    return written if written is not None else await avi.get(f"{KIND}/{uuid}", tenant=ADMIN)


async def _judge(
    ctx: api.ControllerContext,
    avi: AviClient,
    tenant: Tenant,
    planned: Plan,
    *,
    controller: str,
    row: structs.JSON | None,
) -> Tenant:
    where = f'Tenant "{tenant.avi_name}" on {avi.address}'
    differences = ", ".join(planned.differences)
    if planned.drifted:
        reason = "Drifted"
        message = (
            f"Somebody changed it: {where} has {differences}. spec.driftPolicy is Report, so "
            "nothing is changed back."
        )
    elif planned.action != "nothing":
        reason = "NotKept"
        message = f"{where} does not read back as it was written. It is written again."
    else:
        reason = "Used" if planned.provenance == "Used" else "Applied"
        whose = "is used as it is" if reason == "Used" else "is as wanted"
        message = f"{where} {whose}."
    good = reason in ("Used", "Applied")
    status = statuses.judged(ctx, tenant, good=good, reason=reason, message=message)
    status = structs.replace(
        status,
        controller_uuid=controller,
        applied_generation=tenant.generation if good else status.applied_generation,
    )
    if row is not None:
        status = structs.replace(
            status,
            tenant_uuid=str(row["uuid"]),
            tenant_name=str(row.get("name", "")),
            provenance=planned.provenance,
            creating_since=None,
        )
    return await statuses.write(ctx, tenant, status)
