"""The controller that makes AviIPPools of what AKODeploymentConfigs give inline.

observes configs, AviIPPools and records; makes, changes and deletes the pools that carry its
annotation. One that no config wants any more goes when no record uses it.
"""

from __future__ import annotations

from akoo_avi.pools import neighbours
from akoo_avi.spec import config, inline_pools, ip_pool, options, refusal, resources, wanted
from akoo_avi.spec.inline_pools import Inline
from akoo_avi.spec.ip_pool import CONFIG_ANNOTATION, Pool
from akoo_core.plugin import api, kube, names, structs, uses

POOLS = resources.AVI_IP_POOLS
CONFIGS = kube.AKO_DEPLOYMENT_CONFIGS
RIGHTS = (
    api.RbacRule(
        groups=(CONFIGS.group,), resources=(CONFIGS.plural,), verbs=("get", "list", "watch")
    ),
)


def registration() -> api.ControllerRegistration:
    """What the operator is to run."""
    return api.ControllerRegistration(
        name="config-pools",
        watches=(CONFIGS, POOLS, kube.AKO_DEPLOYMENTS),
        writes=(POOLS,),
        keys=_keys,
        reconcile=reconcile,
        goes_by=_goes_by,
    )


async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    """Make the pools of one config what it says."""
    try:
        asked = await _asked(ctx, request.key)
    except (structs.DecodeError, refusal.Refusal) as error:
        told = f"AKODeploymentConfig/{request.key}: {error}"  # its condition AviReady says so, too
        return api.Blocked(reason="ConfigInvalid", message=told)
    existing = {one.name: one for one in await neighbours.every(ctx.kube)}
    try:
        for one in asked:
            waiting = await _settle(ctx, request.key, one, existing.get(one.name))
            if waiting is not None:
                return waiting
        names_ = {one.name for one in asked}
        for pool in existing.values():
            if pool.config == request.key and pool.name not in names_:
                await _give_up(ctx, pool)
    except (kube.ConflictError, kube.AlreadyExistsError):
        told = f"A pool of AKODeploymentConfig/{request.key} changed meanwhile."
        return api.Wait(reason="PoolChanged", message=told, after=1.0)
    except kube.InvalidError as error:
        told = f"AKODeploymentConfig/{request.key}: {error.message}"
        return api.Blocked(reason="ConfigInvalid", message=told)
    return api.Done()


async def _asked(ctx: api.ControllerContext, name: str) -> tuple[Inline, ...]:
    """What a config wants; nothing of one that is gone. Raises DecodeError and Refusal."""
    try:
        return of_object(await ctx.kube.get(CONFIGS, name))
    except kube.NotFoundError:
        return ()


def of_object(obj: kube.Object) -> tuple[Inline, ...]:
    """The pools that a config wants. Raises DecodeError, and Refusal for ranges that cannot be."""
    spec = config.decode(obj)
    given = ((obj.get("spec") or {}).get("plugins") or {}).get("avi") or {}
    controller = structs.convert(given, options.Options, path="spec.plugins.avi").controller
    reach = None if controller else wanted.reach_of(spec)
    found = inline_pools.of_config(obj["metadata"]["name"], spec, controller, reach)
    for one in found:
        try:
            ip_pool.desired(one.spec)
        except refusal.Refusal as error:
            told = f"{error}".removeprefix("spec.subnets").removeprefix("[0]").lstrip(".: ")
            raise refusal.Refusal("ConfigInvalid", f"spec.dataNetwork: {told}") from None
    return found


async def _settle(
    ctx: api.ControllerContext, config_name: str, one: Inline, found: Pool | None
) -> api.Result | None:
    """Make it, or change it back. What it has to wait for."""
    if found is None:
        await ctx.kube.create(POOLS, _body(config_name, one))
        return None
    if found.config != config_name:
        told = (
            f"AviIPPool/{one.name} was not made from AKODeploymentConfig/{config_name}. Delete it."
        )
        return api.Blocked(reason="PoolNameTaken", message=told)
    if found.deleting:
        told = f"AviIPPool/{one.name} is being deleted; it is made anew when it is gone."
        return api.Wait(reason="PoolDeleting", message=told, after=60.0)
    if found.spec != one.spec:
        said = structs.to_object(one.spec)
        whole = {each.key: said.get(each.key) for each in structs.fields(ip_pool.Spec)}
        metadata = {"uid": found.uid, "resourceVersion": found.resource_version}
        await ctx.kube.merge_patch(POOLS, one.name, {"metadata": metadata, "spec": whole})
    return None


async def _give_up(ctx: api.ControllerContext, pool: Pool) -> None:
    """Delete a pool that is not wanted, unless a record uses it. One that starts to use it now sees
    that it is being deleted, or is seen by the pool's controller: that waits for it."""
    if pool.deleting or await uses.uses_of(ctx.kube, POOLS, pool.name, pool.uid):
        return
    try:
        await ctx.kube.delete(POOLS, pool.name, uid=pool.uid)
    except kube.NotFoundError:
        return


def _body(config_name: str, one: Inline) -> kube.Object:
    return {
        "apiVersion": POOLS.api_version,
        "kind": POOLS.kind,
        "metadata": {
            "name": one.name,
            "annotations": {CONFIG_ANNOTATION: config_name},
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
        },
        "spec": structs.to_object(one.spec),
    }


def _keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """A config concerns itself; a pool the config it was made from; a record its config: a pool
    that nobody wants goes with the last use of it."""
    metadata = obj.get("metadata") or {}
    if resource.kind == CONFIGS.kind:
        return (metadata["name"],)
    if resource.kind == POOLS.kind:
        of = (metadata.get("annotations") or {}).get(CONFIG_ANNOTATION)
    else:
        of = ((obj.get("spec") or {}).get("configRef") or {}).get("name")
    return (of,) if of else ()


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """What is said about them starts nothing."""
    spec = obj.get("spec") or {}
    if resource.kind == kube.AKO_DEPLOYMENTS.kind:
        return spec.get("configRef"), spec.get("uses")
    metadata = obj.get("metadata") or {}
    return spec, metadata.get("annotations"), "deletionTimestamp" in metadata
