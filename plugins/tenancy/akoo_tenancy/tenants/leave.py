"""Takes away the tenant of an AviTenant that is being deleted, once nobody needs it.

The order: no record uses it, the mark says that it is ours, the policy says that it goes, our
account sees every kind of object, the tenant is empty, it is deleted without force, its absence is
read back, and only then the finalizer goes.
"""

from __future__ import annotations

from typing import Final

from akoo_avi.client import (
    AviClient,
    Controllers,
    ReferencedError,
    UnknownEndpointError,
    change,
)
from akoo_avi.client.access import refusal, sight

from akoo_core.plugin import api, structs, uses
from akoo_tenancy.spec import wanted
from akoo_tenancy.spec.tenant import ADMIN, AVI_TENANTS, FINALIZER, Tenant
from akoo_tenancy.tenants import contents, entering, marks, plan, statuses
from akoo_tenancy.tenants.contents import Content
from akoo_tenancy.tenants.entering import KIND, WAY_OUT

AGAIN_SECONDS: Final = 60.0
UNCERTAIN_SECONDS: Final = 120.0
"""Age of an announced create after which it has had its effect, if it was sent at all."""
SHOWN: Final = 5


async def leave(ctx: api.ControllerContext, clients: Controllers, tenant: Tenant) -> api.Result:
    """One attempt. Raises Refusal, AviErrors and KubeErrors."""
    if FINALIZER not in tenant.finalizers:
        return api.Done()
    if tenant.moved:
        return await _gone(ctx, tenant)
    users = await _users(ctx, tenant)
    if users:
        return await _waits(ctx, tenant, "InUse", users)
    if tenant.let_go:
        ctx.log.warning("AviTenant is let go: its tenant stays", extra={"why": tenant.let_go})
        return await _gone(ctx, tenant)
    if tenant.status.provenance == "Used":
        return await _gone(ctx, tenant)
    avi = await entering.enter(ctx, clients, tenant, remembered=True)
    await entering.controller_uuid(avi, tenant)
    row = await entering.find(ctx, avi, tenant)
    mark = plan.own_mark(tenant, ctx.management_id, row) if row is not None else None
    if row is None:
        return await _absent(ctx, avi, tenant)
    if mark is None:
        return await _gone(ctx, tenant)
    if plan.retained(tenant, mark):
        await change(avi, KIND, str(row["uuid"]), unmarked, tenant=ADMIN)
        return await _gone(ctx, tenant)
    return await _delete(ctx, avi, tenant, row)


def unmarked(current: structs.JSON) -> structs.JSON | None:
    """The tenant without our mark; None: it has none. Pure."""
    left = marks.without(current.get("description"))
    return None if left == current.get("description") else {**current, "description": left}


async def _users(ctx: api.ControllerContext, tenant: Tenant) -> str:
    users = await uses.needed_by(
        ctx.kube,
        AVI_TENANTS,
        tenant.name,
        uid=tenant.uid,
        finalizers=tenant.finalizers,
        own=FINALIZER,
    )
    return f"It is needed by {uses.described(users)}, and is deleted after them." if users else ""


async def _absent(ctx: api.ControllerContext, avi: AviClient, tenant: Tenant) -> api.Result:
    """Let go, unless the tenant may be hidden, or a create that was sent may still take effect."""
    hidden = await sight.missing(avi, ("PERMISSION_TENANT",))
    if hidden:
        raise _no_sight(avi, hidden)
    since = tenant.status.creating_since
    age = (ctx.clock.now() - since).total_seconds() if since is not None else UNCERTAIN_SECONDS
    if age < UNCERTAIN_SECONDS:
        message = "A create was announced moments ago, and its tenant may still appear."
        left = UNCERTAIN_SECONDS - age
        return await _waits(ctx, tenant, "CreateUncertain", message, after=left)
    return await _gone(ctx, tenant)


async def _delete(
    ctx: api.ControllerContext, avi: AviClient, tenant: Tenant, row: structs.JSON
) -> api.Result:
    left = await held(avi, row)
    where = f'Tenant "{row.get("name")}" on {avi.address}'
    if left:
        message = f"{where} is not empty: {shown(left)}. It is deleted when these are gone."
        return await _waits(ctx, tenant, "NotEmpty", f"{message} {WAY_OUT}")
    try:
        await avi.delete(KIND, str(row["uuid"]), tenant=ADMIN)
    except ReferencedError as error:
        message = f"{where} is not deleted: {', '.join(error.referrers) or error}. {WAY_OUT}"
        return await _waits(ctx, tenant, "NotEmpty", message)
    if await entering.find(ctx, avi, tenant) is not None:
        message = f"{where} was deleted, and is still listed."
        return await _waits(ctx, tenant, "TenantDeleting", message, after=5.0)
    ctx.log.info("tenant was deleted", extra={"tenant": row.get("name")})
    return await _gone(ctx, tenant)


async def held(avi: AviClient, row: structs.JSON) -> tuple[Content, ...]:
    """Everything in the tenant that the controller did not put there. Raises Refusal (NoSight)
    where our account does not see every kind, and AviErrors."""
    release = wanted.release(await avi.version())
    hidden = await sight.missing(avi, contents.permissions(release))
    if hidden:
        raise _no_sight(avi, hidden)
    uuid = str(row["uuid"])
    listed: dict[str, tuple[structs.JSON, ...]] = {}
    for kind in contents.kinds(release):
        try:
            listed[kind.path] = await avi.list(kind.path, tenant=uuid)
        except UnknownEndpointError:
            continue  # this release has no such kind, so there is no such object
    params = {"include_service_accounts": "true"}
    listed[contents.USERS] = await avi.list(contents.USERS, tenant=ADMIN, params=params)
    return contents.left(row, release, listed)


def _no_sight(avi: AviClient, hidden: str) -> refusal.Refusal:
    return refusal.Refusal(
        "NoSight", f"On {avi.address} {hidden}. Until then no tenant is proven empty. {WAY_OUT}"
    )


def shown(left: tuple[Content, ...]) -> str:
    """The contents by name: bounded, with all counted. Pure."""
    listed = ", ".join(f"{content.kind} {content.name}" for content in left[:SHOWN])
    more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    return f"{listed}{more}"


async def _waits(
    ctx: api.ControllerContext,
    tenant: Tenant,
    reason: str,
    message: str,
    *,
    after: float = AGAIN_SECONDS,
) -> api.Result:
    status = statuses.judged(ctx, tenant, good=False, reason=reason, message=message)
    await statuses.write(ctx, tenant, status)
    return api.Wait(reason=reason, message=message, after=after)


async def _gone(ctx: api.ControllerContext, tenant: Tenant) -> api.Result:
    kept = [finalizer for finalizer in tenant.finalizers if finalizer != FINALIZER]
    await statuses.finalizers(ctx, tenant, kept)
    return api.Done()
