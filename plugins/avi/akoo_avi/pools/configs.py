"""The controller that makes AviIPPools from the networks of AKODeploymentConfigs.

observes configs, AviIPPools and records; makes, changes and deletes the pools that carry its
annotation. A pool that no config wants any more goes when no record uses it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from akoo_avi.client.access import implicit, refusal
from akoo_avi.pools import neighbours
from akoo_avi.spec import config, inline_pools, ip_pool, options, resources
from akoo_avi.spec.inline_pools import Inline
from akoo_avi.spec.ip_pool import CONFIG_ANNOTATION, Pool
from akoo_core.plugin import api, kube, names, structs, uses

Plan = Callable[[api.Request, api.ControllerContext], Awaitable[tuple[api.PlannedAction, ...]]]
POOLS = resources.AVI_IP_POOLS
CONFIGS = kube.AKO_DEPLOYMENT_CONFIGS
RIGHTS = (
    api.RbacRule(
        groups=(CONFIGS.group,), resources=(CONFIGS.plural,), verbs=("get", "list", "watch")
    ),
)


def registration(plan: Plan | None = None) -> api.ControllerRegistration:
    """The registration for the operator. ``plan`` answers ``akoo-core plan --kind``."""
    return api.ControllerRegistration(
        name="config-pools",
        subject=CONFIGS,
        plan=plan,
        watches=(CONFIGS, POOLS, kube.AKO_DEPLOYMENTS),
        writes=(POOLS,),
        keys=_keys,
        reconcile=reconcile,
        goes_by=_goes_by,
    )


async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    """Make the pools of one config match its spec."""
    try:
        wanted_pools = await _asked(ctx, request.key)
    except (structs.DecodeError, refusal.Refusal) as error:
        message = f"AKODeploymentConfig/{request.key}: {error}"  # AviReady has the same text
        return api.Blocked(reason="ConfigInvalid", message=message)
    existing = {pool.name: pool for pool in await neighbours.every(ctx.kube)}
    try:
        for inline in wanted_pools:
            waiting = await _settle(ctx, request.key, inline, existing.get(inline.name))
            if waiting is not None:
                return waiting
        wanted_names = {inline.name for inline in wanted_pools}
        for pool in existing.values():
            if pool.config == request.key and pool.name not in wanted_names:
                await _give_up(ctx, pool)
    except (kube.ConflictError, kube.AlreadyExistsError):
        message = f"A pool of AKODeploymentConfig/{request.key} changed meanwhile."
        return api.Wait(reason="PoolChanged", message=message, after=1.0)
    except kube.InvalidError as error:
        message = f"AKODeploymentConfig/{request.key}: {error.message}"
        return api.Blocked(reason="ConfigInvalid", message=message)
    return api.Done()


async def _asked(ctx: api.ControllerContext, name: str) -> tuple[Inline, ...]:
    """The pools of a config; () for one that is gone. Raises DecodeError and Refusal."""
    try:
        return of_object(await ctx.kube.get(CONFIGS, name))
    except kube.NotFoundError:
        return ()


def of_object(obj: kube.Object) -> tuple[Inline, ...]:
    """The pools that a config wants. Raises DecodeError, and Refusal for impossible ranges."""
    spec = config.decode(obj)
    plugin_spec = ((obj.get("spec") or {}).get("plugins") or {}).get("avi") or {}
    controller = structs.convert(plugin_spec, options.Options, path="spec.plugins.avi").controller
    reach = None if controller else implicit.reach(obj)
    inlines = inline_pools.of_config(obj["metadata"]["name"], spec, controller, reach)
    for inline in inlines:
        try:
            ip_pool.desired(inline.spec)
        except refusal.Refusal as error:
            problem = f"{error}".removeprefix("spec.subnets").removeprefix("[0]").lstrip(".: ")
            raise refusal.Refusal("ConfigInvalid", f"spec.dataNetwork: {problem}") from None
    return inlines


async def _settle(
    ctx: api.ControllerContext, config_name: str, inline: Inline, existing: Pool | None
) -> api.Result | None:
    """Create the pool, or change it back. The result says why it has to wait; None: done."""
    if existing is None:
        await ctx.kube.create(POOLS, _body(config_name, inline))
        return None
    if existing.config != config_name:
        config_title = f"AKODeploymentConfig/{config_name}"
        message = f"AviIPPool/{inline.name} was not made from {config_title}. Delete it."
        return api.Blocked(reason="PoolNameTaken", message=message)
    if existing.deleting:
        message = f"AviIPPool/{inline.name} is being deleted; it is made again when it is gone."
        return api.Wait(reason="PoolDeleting", message=message, after=60.0)
    if existing.spec != inline.spec:
        spec = structs.to_object(inline.spec)
        whole = {field.key: spec.get(field.key) for field in structs.fields(ip_pool.IpPoolSpec)}
        metadata = {"uid": existing.uid, "resourceVersion": existing.resource_version}
        await ctx.kube.merge_patch(POOLS, inline.name, {"metadata": metadata, "spec": whole})
    return None


async def _give_up(ctx: api.ControllerContext, pool: Pool) -> None:
    """Delete a pool that no config wants, unless a record uses it. A record that starts to use it
    now sees that it is being deleted. Else the pool's controller sees the record, and waits for
    it."""
    if pool.deleting or await uses.uses_of(ctx.kube, POOLS, pool.name, pool.uid):
        return
    try:
        await ctx.kube.delete(POOLS, pool.name, uid=pool.uid)
    except kube.NotFoundError:
        return


def _body(config_name: str, inline: Inline) -> kube.Object:
    return {
        "apiVersion": POOLS.api_version,
        "kind": POOLS.kind,
        "metadata": {
            "name": inline.name,
            "annotations": {CONFIG_ANNOTATION: config_name},
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
        },
        "spec": structs.to_object(inline.spec),
    }


def _keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """The config itself; for a pool, the config that made it; for a record, its config, because a
    pool that nobody wants goes with its last use."""
    metadata = obj.get("metadata") or {}
    if resource.kind == CONFIGS.kind:
        return (metadata["name"],)
    if resource.kind == POOLS.kind:
        config_name = (metadata.get("annotations") or {}).get(CONFIG_ANNOTATION)
    else:
        config_name = ((obj.get("spec") or {}).get("configRef") or {}).get("name")
    return (config_name,) if config_name else ()


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a reconcile: the status does not."""
    spec = obj.get("spec") or {}
    if resource.kind == kube.AKO_DEPLOYMENTS.kind:
        return spec.get("configRef"), spec.get("uses")
    metadata = obj.get("metadata") or {}
    return spec, metadata.get("annotations"), "deletionTimestamp" in metadata
