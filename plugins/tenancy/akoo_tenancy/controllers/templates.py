"""The controller that makes AviTenants from the templates of AKODeploymentConfigs. Thin.

observes configs, their records and AviTenants; makes and deletes the AviTenants that carry its
annotation, and writes one condition of the config's status. It asks no Avi Controller.

A key is a config, or a config and one of its records: a new cluster costs what it needs itself.
AviTenants that nobody wants any more are looked for with the key of the config.
"""

from __future__ import annotations

from typing import Final

from akoo_avi.client.access import refusal

from akoo_core.plugin import api, conditions, kube, structs, uses
from akoo_core.plugin.conditions import Condition
from akoo_tenancy.spec.config import Options
from akoo_tenancy.spec.tenant import AVI_TENANTS, CONFIG_ANNOTATION
from akoo_tenancy.tenants import wanted

CONFIGS: Final = kube.AKO_DEPLOYMENT_CONFIGS
RECORDS: Final = kube.AKO_DEPLOYMENTS
TYPE: Final = conditions.type_for_plugin("tenancy")
FIELD_MANAGER: Final = "akoo-tenancy-status"
AGAIN_SECONDS: Final = 60.0
RIGHTS: Final = (
    api.RbacRule(
        groups=(CONFIGS.group,), resources=(CONFIGS.plural,), verbs=("get", "list", "watch")
    ),
    api.RbacRule(
        groups=(CONFIGS.group,), resources=(f"{CONFIGS.plural}/status",), verbs=("patch",)
    ),
)


def registration() -> api.ControllerRegistration:
    """The registration for the operator. One worker: a config's keys do not meet."""
    return api.ControllerRegistration(
        name="tenant-templates",
        watches=(CONFIGS, AVI_TENANTS, RECORDS),
        writes=(AVI_TENANTS, CONFIGS),
        keys=_keys,
        reconcile=reconcile,
        workers=1,
        goes_by=_goes_by,
    )


async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    """Make and delete what a config, or one cluster of it, wants."""
    name, _, record = request.key.partition(" ")
    obj = await _read(ctx, CONFIGS, name)
    going = obj is None or "deletionTimestamp" in obj["metadata"]
    try:
        options = Options() if obj is None or going else wanted.options_of(obj)
        if record and obj is not None and options.tenant_template is not None:
            result = await _of_record(ctx, obj, options, record)
        else:
            result = await _of_config(ctx, name, obj, options)
    except (structs.DecodeError, refusal.Refusal) as error:
        reason = error.reason if isinstance(error, refusal.Refusal) else "ConfigInvalid"
        result = api.Blocked(reason=reason, message=str(error), after=AGAIN_SECONDS)
    except (kube.ConflictError, kube.AlreadyExistsError):
        message = f"An AviTenant of AKODeploymentConfig/{name} changed meanwhile."
        return api.Wait(reason="TenantEdited", message=message, after=1.0)
    except kube.InvalidError as error:
        result = api.Blocked(reason="ConfigInvalid", message=error.message)
    if obj is not None and not (record and isinstance(result, api.Done)):
        await _report(ctx, obj, result)
    return result


async def _of_config(
    ctx: api.ControllerContext, name: str, obj: kube.Object | None, options: Options
) -> api.Result:
    existing = [row for row in await _every(ctx, AVI_TENANTS) if wanted.config_of(row) == name]
    template = options.tenant_template
    if template is None and not existing:
        return api.Done()
    names = wanted.object_names(name, options, await _every(ctx, RECORDS))
    kept = [
        row["metadata"]["name"]
        for row in existing
        if row["metadata"]["name"] not in names and not await _give_up(ctx, row)
    ]
    for wanted_name in sorted(names):
        if obj is not None:
            waiting = await _settle(ctx, obj, options, wanted_name)
            if waiting is not None:
                return waiting
    return api.Done(recheck_seconds=AGAIN_SECONDS if kept else None)


async def _of_record(
    ctx: api.ControllerContext, obj: kube.Object, options: Options, name: str
) -> api.Result:
    config_name = obj["metadata"]["name"]
    record = await _read(ctx, RECORDS, name)
    if record is None or wanted.config_of(record) != config_name or not wanted.lives(record):
        return await _of_config(ctx, config_name, obj, options)
    made = wanted.object_name(config_name, options, record)
    return await _settle(ctx, obj, options, made) or api.Done()


async def _settle(
    ctx: api.ControllerContext, obj: kube.Object, options: Options, name: str
) -> api.Result | None:
    """Create the AviTenant, or let it follow the template. None: it is as it is wanted."""
    template, config_name = options.tenant_template, obj["metadata"]["name"]
    if template is None:
        return None
    existing = await _read(ctx, AVI_TENANTS, name)
    if existing is None:
        await ctx.kube.create(AVI_TENANTS, wanted.body(obj, name, template))
        return None
    metadata = existing["metadata"]
    former = wanted.config_of(existing)
    if former != config_name and not (former and template.per == "Cluster"):
        message = (
            f"AviTenant/{name} was not made from AKODeploymentConfig/{config_name}. Delete it, or "
            "name it in spec.plugins.tenancy.tenantRef."
        )
        return api.Blocked(reason="AviTenantNameTaken", message=message)
    if "deletionTimestamp" in metadata:
        message = f"AviTenant/{name} is being deleted; it is made again when it is gone."
        return api.Wait(reason="AviTenantDeleting", message=message, after=AGAIN_SECONDS)
    changes = wanted.followed(existing.get("spec") or {}, template)
    if changes or former != config_name:
        patch = {
            "metadata": {
                "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
                "annotations": {CONFIG_ANNOTATION: config_name},
            },
            "spec": changes,
        }
        await ctx.kube.merge_patch(AVI_TENANTS, name, patch)
    return None


async def _give_up(ctx: api.ControllerContext, obj: kube.Object) -> bool:
    """Delete an AviTenant that no config wants, unless a record uses it; True: it goes. A record
    that starts to use it now sees that it is being deleted."""
    metadata = obj["metadata"]
    name, uid = metadata["name"], metadata["uid"]
    if "deletionTimestamp" in metadata:
        return True
    if await uses.uses_of(ctx.kube, AVI_TENANTS, name, uid):
        return False
    try:
        await ctx.kube.delete(AVI_TENANTS, name, uid=uid)
    except kube.NotFoundError:
        return True
    return True


async def _read(
    ctx: api.ControllerContext, resource: kube.Resource, name: str
) -> kube.Object | None:
    try:
        return await ctx.kube.get(resource, name)
    except kube.NotFoundError:
        return None


async def _every(ctx: api.ControllerContext, resource: kube.Resource) -> list[kube.Object]:
    """All objects of a kind, from the API server."""
    objects: list[kube.Object] = []
    token = ""
    while True:
        page = await ctx.kube.list(resource, token=token)
        objects += page.items
        token = page.token
        if not token:
            return objects


async def _report(ctx: api.ControllerContext, obj: kube.Object, result: api.Result) -> None:
    """Write condition TenancyReady of the config; nothing for one without a template."""
    before = conditions.find(conditions.listed(obj), TYPE)
    plain = ((obj.get("spec") or {}).get("plugins") or {}).get("tenancy") or {}
    good = isinstance(result, api.Done)
    rows: tuple[Condition, ...] = ()
    if not good or plain.get("tenantTemplate"):
        row = Condition(type=TYPE, status="True", reason="TenantsDeclared")
        if not isinstance(result, api.Done):
            row = Condition(type=TYPE, status="False", reason=result.reason, message=result.message)
        rows = conditions.merge((before,) if before else (), (row,), now=ctx.clock.now())
    if rows == ((before,) if before else ()):
        return
    body = {
        "apiVersion": CONFIGS.api_version,
        "kind": CONFIGS.kind,
        "metadata": {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]},
        "status": {"conditions": [structs.to_object(row) for row in rows]},
    }
    try:
        await ctx.kube.apply(CONFIGS, body, field_manager=FIELD_MANAGER, subresource="status")
    except (kube.NotFoundError, kube.ConflictError):
        return  # gone, or made again under its name: the new one gets an attempt of its own


def _keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """The config itself; for a record, the config with it; for an AviTenant that a template made,
    the config."""
    name = str(obj["metadata"]["name"])
    if resource.kind == CONFIGS.kind:
        return (name,)
    config_name = wanted.config_of(obj)
    if not config_name:
        return ()
    return (f"{config_name} {name}",) if resource.kind == RECORDS.kind else (config_name,)


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a reconcile: the status does not."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    if resource.kind == RECORDS.kind:
        return spec.get("configRef"), wanted.lives(obj), spec.get("finishedAt")
    if resource.kind == CONFIGS.kind:
        ways = [spec.get(key) for key in ("controller", "adminCredentialRef")]
        return (spec.get("plugins") or {}).get("tenancy"), ways, "deletionTimestamp" in metadata
    return metadata.get("annotations"), "deletionTimestamp" in metadata
