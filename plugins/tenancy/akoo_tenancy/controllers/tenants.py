"""The controller of AviTenants, and the one that holds their AviControllers. Thin.

observes AviTenants, their Secrets, records, AviControllers and the controller's tenants; writes the
tenants that carry the mark, and status and finalizer of AviTenants. It never writes a tenant of
others, and never tenant admin.
"""

from __future__ import annotations

from typing import Final

from akoo_avi.client import Controllers, access
from akoo_avi.client.access import avi_controller, refusal

from akoo_core.plugin import api, kube, structs, uses
from akoo_core.plugin.errors import BlockedError
from akoo_tenancy.spec import tenant as tenants
from akoo_tenancy.spec.tenant import AVI_TENANTS, FINALIZER
from akoo_tenancy.tenants import applying, entering, leave, planned, statuses

AGAIN_SECONDS: Final = 300.0
"""Until the next look for drift."""
RECORDS: Final = kube.AKO_DEPLOYMENTS
CONTROLLERS: Final = avi_controller.AVI_CONTROLLERS
RIGHTS: Final = (
    api.RbacRule(
        groups=(AVI_TENANTS.group,),
        resources=(AVI_TENANTS.plural,),
        verbs=("get", "list", "watch", "create", "patch", "delete"),
    ),
    api.RbacRule(
        groups=(AVI_TENANTS.group,), resources=(f"{AVI_TENANTS.plural}/status",), verbs=("patch",)
    ),
    api.RbacRule(groups=(CONTROLLERS.group,), resources=(CONTROLLERS.plural,), verbs=("patch",)),
)


class AviTenants:
    """The controllers' registrations and their tools."""

    def __init__(self, clients: Controllers) -> None:
        self._clients = clients

    def registrations(self) -> tuple[api.ControllerRegistration, ...]:
        """The registrations for the operator."""
        return (
            api.ControllerRegistration(
                name="tenants",
                subject=AVI_TENANTS,
                watches=(AVI_TENANTS, RECORDS, CONTROLLERS),
                writes=(AVI_TENANTS, CONTROLLERS),
                keys=_keys,
                reconcile=self.reconcile,
                secrets=_secrets,
                goes_by=_goes_by,
                finalizer=FINALIZER,
                plan=self.plan,
                outside=outside,
            ),
            api.ControllerRegistration(
                name="controllers-of-tenants",
                subject=CONTROLLERS,
                watches=(CONTROLLERS, AVI_TENANTS),
                writes=(CONTROLLERS,),
                keys=_held_keys,
                reconcile=let_go,
                finalizer=FINALIZER,
            ),
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Bring one tenant to its spec, or take it away."""
        try:
            obj = await ctx.kube.get(AVI_TENANTS, request.key)
        except kube.NotFoundError:
            return api.Done()
        try:
            tenant = tenants.from_object(obj)
        except structs.DecodeError as error:
            ctx.log.warning("AviTenant cannot be read", extra={"problem": str(error)})
            return api.Blocked(reason="InvalidTenant", message=str(error))
        try:
            if tenant.deleting:
                return await leave.leave(ctx, self._clients, tenant)
            await applying.apply(ctx, self._clients, tenant)
        except kube.ConflictError:
            message = f"AviTenant/{tenant.name} changed while it was worked on."
            return api.Wait(reason="TenantEdited", message=message, after=1.0)
        except (structs.DecodeError, *access.ANSWERED) as error:
            return await _failed(ctx, tenant.name, answer(error))
        return api.Done(recheck_seconds=AGAIN_SECONDS)

    async def plan(
        self, request: api.Request, ctx: api.ControllerContext
    ) -> tuple[api.PlannedAction, ...]:
        """The actions on one tenant now. Reads only. Raises BlockedError."""
        try:
            tenant = tenants.from_object(await ctx.kube.get(AVI_TENANTS, request.key))
            return await planned.planned(ctx, self._clients, tenant)
        except kube.NotFoundError:
            return ()
        except (structs.DecodeError, *access.ANSWERED) as error:
            result = answer(error)
            raise BlockedError(result.message, reason=result.reason) from None


def answer(error: Exception) -> api.Wait | api.Blocked:
    """The result for an error of an attempt. Pure."""
    if isinstance(error, structs.DecodeError):
        return access.answer(refusal.Refusal("ConfigInvalid", str(error)))
    return access.answer(error)


async def _failed(
    ctx: api.ControllerContext, name: str, result: api.Wait | api.Blocked
) -> api.Result:
    """Write the failure into the status, over the records of this attempt."""
    try:
        tenant = tenants.from_object(await ctx.kube.get(AVI_TENANTS, name))
    except kube.NotFoundError:
        return api.Done()
    status = statuses.judged(ctx, tenant, good=False, reason=result.reason, message=result.message)
    await statuses.write(ctx, tenant, status)
    return result


async def let_go(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    """Let go of an AviController that is being deleted, once no AviTenant needs it."""
    try:
        obj = await ctx.kube.get(CONTROLLERS, request.key)
    except kube.NotFoundError:
        return api.Done()
    left = await uses.let_go(ctx.kube, entering.HOLD, obj)
    if not left:
        return api.Done()
    shown = ", ".join(left[: uses.SHOWN])
    message = f"{len(left)} AviTenants hold AviController/{request.key}: {shown}."
    return api.Wait(reason="InUse", message=message, after=60.0)


def outside(resource: kube.Resource, obj: kube.Object) -> str:
    """The tenant, and its fate when the operator is uninstalled. Pure."""
    if resource.kind != AVI_TENANTS.kind:
        return ""
    status = obj.get("status") or {}
    if status.get("provenance") not in ("Created", "Adopted"):
        return ""
    return f'tenant "{status.get("tenantName") or obj["metadata"]["name"]}" stays on Avi'


def _keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """The AviTenant itself; for a record, those that it uses: a deleted one waits for the record.
    A changed AviController counts at the next look."""
    if resource.kind == AVI_TENANTS.kind:
        return (obj["metadata"]["name"],)
    if resource.kind != RECORDS.kind:
        return ()
    used = (obj.get("spec") or {}).get("uses") or ()
    return tuple(use["name"] for use in used if use.get("kind") == AVI_TENANTS.kind)


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a reconcile: the controller's own status does not."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    if resource.kind == RECORDS.kind:
        return spec.get("uses"), spec.get("finishedAt")
    marks = [metadata.get(field) for field in ("annotations", "finalizers", "deletionTimestamp")]
    return spec, marks


def _held_keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """The AviController itself; for an AviTenant, the one that it names."""
    if resource.kind == CONTROLLERS.kind:
        return (obj["metadata"]["name"],)
    controller = (obj.get("spec") or {}).get("controller")
    return (controller,) if controller else ()


def _secrets(obj: kube.Object) -> tuple[api.SecretPair, ...]:
    return tenants.secrets_of(obj) if obj.get("kind") == AVI_TENANTS.kind else ()
