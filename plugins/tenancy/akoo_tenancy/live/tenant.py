"""The AviTenant of a cluster, as prepare reads it. The controller of AviTenants makes it."""

from __future__ import annotations

from typing import Final

from akoo_avi.client.access import refusal

from akoo_core.plugin import api, conditions, kube, structs
from akoo_tenancy.spec import config, facts, tenant_used
from akoo_tenancy.spec import tenant as tenants
from akoo_tenancy.spec.config import Options
from akoo_tenancy.spec.facts import Stored
from akoo_tenancy.spec.tenant import AVI_TENANTS, Tenant
from akoo_tenancy.spec.tenant_used import TenantUsed
from akoo_tenancy.tenants.statuses import READY

AGAIN_SECONDS: Final = 10.0


async def settle(ctx: api.VerbContext) -> api.Wait | None:
    """A wait until the fact is stored; None: it is, or the config names no AviTenant.

    A cluster that has the fact keeps it while the AviTenant has that tenant, whatever its
    conditions say. Raises Refusal, and KubeErrors.
    """
    name = tenant_used.of_view(ctx.view)
    if not name:
        return None
    before = tenant_used.current(ctx.view)
    tenant = await _read(ctx, name)
    if tenant is None:
        if before is not None:
            return None
        return _missing(ctx.view, name)
    status = tenant.status
    seen = TenantUsed(object=name, uid=tenant.uid, name=status.tenant_name, uuid=status.tenant_uuid)
    ready = conditions.find(status.conditions, READY)
    current = status.observed_generation == tenant.generation
    good = ready is not None and ready.status == "True" and current and bool(seen.uuid)
    if before is not None and (before == seen or not good):
        return None
    if not good or ready is None:
        state = ready.message if ready is not None and current else "It was not checked yet."
        return api.Wait(
            reason="AviTenantAwaited", message=f"AviTenant/{name}: {state}", after=AGAIN_SECONDS
        )
    if tenant.deleting and not _is_used(ctx.view, tenant):
        raise refusal.Refusal(
            "AviTenantDeleting",
            f"AviTenant/{name} is being deleted and takes no new clusters. Name another in "
            f"{config.PATH}.tenantRef.",
        )
    return api.Wait(
        reason="AviTenantFound", message=f'Tenant "{seen.name}".', after=0.0, facts=(seen,)
    )


def _is_used(view: api.View, tenant: Tenant) -> bool:
    stored = facts.stored(view)
    used = stored.avi_tenant if stored is not None else None
    return used is not None and used.uid == tenant.uid


async def _read(ctx: api.VerbContext, name: str) -> Tenant | None:
    if ctx.shared is None:
        raise RuntimeError("no controller of this plugin watches AviTenants")
    try:
        return tenants.from_object(await ctx.shared.get(AVI_TENANTS, name))
    except kube.NotFoundError:
        return None
    except structs.DecodeError as error:
        raise refusal.Refusal("ConfigInvalid", f"AviTenant/{name}: {error}") from error


def _missing(view: api.View, name: str) -> api.Wait:
    options = view.plugin_config
    if isinstance(options, Options) and options.tenant_template is not None:
        return api.Wait(
            reason="AviTenantAwaited",
            message=f"AviTenant/{name} is made from {config.PATH}.tenantTemplate. If it does not "
            "come, condition TenancyReady of the AKODeploymentConfig says why.",
            after=AGAIN_SECONDS,
        )
    raise refusal.Refusal(
        "AviTenantNotFound",
        f"AviTenant/{name} does not exist. Create it, or correct {config.PATH}.tenantRef.",
    )


def facts_of(view: api.View, place: Stored) -> tuple[api.Fact, ...]:
    """The facts about the tenant of a cluster. Pure.

    The tenant is given for every cluster with an account of this plugin, as soon as it is known: so
    account and objects are in the same one, and leave it together.
    """
    used, first = tenant_used.current(view), place.tenants[0]
    own = (used,) if used is not None else ()
    return (*own, api.LoadBalancerTenant(name=first.name, uuid=first.uuid))
