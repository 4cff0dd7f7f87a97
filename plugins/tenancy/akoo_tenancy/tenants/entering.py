"""The way to the controller of an AviTenant, and the tenant there. Reads only, but for the hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from akoo_avi.client import AviClient, Controllers, NotFoundError, access
from akoo_avi.client.access import avi_controller, refusal

from akoo_core.plugin import api, errors, kube, structs, uses
from akoo_core.plugin import names as core_names
from akoo_tenancy.spec import tenant as tenants
from akoo_tenancy.spec.tenant import ADMIN, AVI_TENANTS, FINALIZER, Tenant
from akoo_tenancy.tenants import plan

KIND: Final = "tenant"
WAY_OUT: Final = (
    f"To leave the tenant on Avi, annotate the AviTenant {core_names.LET_GO_ANNOTATION}=<why>."
)


def needs(obj: kube.Object) -> Iterator[str]:
    """The AviController by whose account an AviTenant has, or had, a tenant. Pure."""
    controller = (obj.get("spec") or {}).get("controller")
    if controller and FINALIZER in (obj["metadata"].get("finalizers") or ()):
        yield controller


HOLD: Final = uses.Holding(
    holder=AVI_TENANTS, held=avi_controller.AVI_CONTROLLERS, finalizer=FINALIZER, needs=needs
)


async def hold(client: kube.KubeClient, tenant: Tenant) -> None:
    """Hold the AviController before the first write on Avi. Raises Refusal, and KubeErrors."""
    if not tenant.spec.controller:
        return
    try:
        await uses.hold(client, HOLD, tenant.spec.controller)
    except errors.HolderRefusedError as error:
        raise refusal.Refusal(
            "AviControllerDeleting",
            f"AviController/{tenant.spec.controller} is being deleted, so nothing new is made by "
            "its account. Name another in a new AviTenant.",
        ) from error


async def enter(
    ctx: api.ControllerContext, clients: Controllers, tenant: Tenant, *, remembered: bool = False
) -> AviClient:
    """A client of the controller. Raises Refusal, AviErrors and KubeErrors."""
    if tenant.spec.controller:
        correct = f"spec.controller of AviTenant/{tenant.name}"
        declared = await avi_controller.read(ctx.kube, tenant.spec.controller, correct=correct)
        reach = declared.reach
    else:
        reach = tenants.own_reach(tenant)
    return await access.open(ctx, clients, reach, remembered=remembered)


async def controller_uuid(avi: AviClient, tenant: Tenant) -> str:
    """UUID of the Avi cluster that answers. Raises Refusal if it is not the recorded one."""
    answering = str((await avi.get("cluster")).get("uuid", ""))
    recorded = tenant.status.controller_uuid
    if recorded and recorded != answering:
        raise refusal.Refusal(
            "ControllerChanged",
            f"Another Avi cluster answers at {avi.address} than the one that has the tenant of "
            f"AviTenant/{tenant.name}. Correct the address. {WAY_OUT}",
        )
    return answering


async def find(ctx: api.ControllerContext, avi: AviClient, tenant: Tenant) -> structs.JSON | None:
    """The tenant: the recorded one, else that with our mark, else that of the name."""
    if tenant.status.tenant_uuid:
        try:
            return await avi.get(f"{KIND}/{tenant.status.tenant_uuid}", tenant=ADMIN)
        except NotFoundError:
            pass  # somebody deleted it, and may have made another
    rows = await avi.list(KIND, tenant=ADMIN)
    mine = [row for row in rows if plan.own_mark(tenant, ctx.management_id, row) is not None]
    named = [row for row in rows if row.get("name") == tenant.avi_name]
    return next(iter((*mine, *named)), None)
