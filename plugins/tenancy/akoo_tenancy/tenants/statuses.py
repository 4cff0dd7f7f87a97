"""Writes status and finalizers of an AviTenant, each only over the version that was read."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_core.plugin import api, conditions, structs
from akoo_core.plugin.conditions import Condition
from akoo_tenancy.spec import tenant as tenants
from akoo_tenancy.spec.tenant import AVI_TENANTS, Status, Tenant

READY = "Ready"


async def write(ctx: api.ControllerContext, tenant: Tenant, status: Status) -> Tenant:
    """Write ``status`` if it differs; the tenant as it is then. Raises ConflictError."""
    if status == tenant.status:
        return tenant
    values = structs.to_object(status)
    whole = {field.key: values.get(field.key) for field in structs.fields(Status)}
    patch = {"metadata": _read(tenant), "status": whole}
    written = await ctx.kube.merge_patch(AVI_TENANTS, tenant.name, patch, subresource="status")
    return tenants.from_object(written)


async def finalizers(ctx: api.ControllerContext, tenant: Tenant, wanted: Iterable[str]) -> Tenant:
    """Write ``metadata.finalizers``. Raises ConflictError."""
    metadata = {**_read(tenant), "finalizers": list(wanted)}
    written = await ctx.kube.merge_patch(AVI_TENANTS, tenant.name, {"metadata": metadata})
    return tenants.from_object(written)


def _read(tenant: Tenant) -> structs.JSON:
    return {"uid": tenant.uid, "resourceVersion": tenant.resource_version}


def judged(
    ctx: api.ControllerContext, tenant: Tenant, *, good: bool, reason: str, message: str
) -> Status:
    """The status with condition Ready for this generation."""
    ready = Condition(
        type=READY, status="True" if good else "False", reason=reason, message=message
    )
    others = tuple(row for row in tenant.status.conditions if row.type != READY)
    merged = conditions.merge(tenant.status.conditions, (ready, *others), now=ctx.clock.now())
    return structs.replace(tenant.status, observed_generation=tenant.generation, conditions=merged)
