"""The controller that keeps AviControllers while a removal on Avi may need them.

observes AviControllers, AviIPPools and records; writes our finalizer on AviControllers, and the
condition Held while it holds one that is being deleted. Without its AviController a pool could
never give its ranges back, and a leaving cluster would not find a new address or account.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from akoo_avi.connect import controller_hold
from akoo_avi.connect.controller_hold import CONTROLLERS, FINALIZER
from akoo_avi.spec import ip_pool as pools
from akoo_avi.spec import resources
from akoo_core.plugin import api, conditions, kube, names, structs, uses
from akoo_core.plugin.kube import Finalizers

HELD: Final = "Held"
POOLS = resources.AVI_IP_POOLS
RECORDS = kube.AKO_DEPLOYMENTS
AGAIN_SECONDS = 60.0
SHOWN = 5
"""Names in a message; further names are counted."""
RIGHTS = (
    api.RbacRule(
        groups=(CONTROLLERS.group,),
        resources=(CONTROLLERS.plural,),
        verbs=("get", "list", "watch", "patch"),
    ),
    api.RbacRule(
        groups=(CONTROLLERS.group,), resources=(f"{CONTROLLERS.plural}/status",), verbs=("patch",)
    ),
    api.RbacRule(groups=(POOLS.group,), resources=(POOLS.plural,), verbs=("get", "list", "watch")),
)


def registration() -> api.ControllerRegistration:
    """The registration for the operator."""
    return api.ControllerRegistration(
        name="kept-controllers",
        watches=(CONTROLLERS, POOLS, RECORDS),
        writes=(CONTROLLERS,),
        keys=keys,
        reconcile=reconcile,
        goes_by=goes_by,
        finalizer=FINALIZER,
    )


async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    """Hold one AviController, or let it go."""
    try:
        obj = await ctx.kube.get(CONTROLLERS, request.key)
    except kube.NotFoundError:
        return api.Done()
    metadata = obj["metadata"]
    held = FINALIZER in (metadata.get("finalizers") or ())
    try:
        if "deletionTimestamp" in metadata:
            return await _leave(ctx, obj) if held else api.Done()
        # A held AviController stays held until it is deleted: no search is needed until then.
        if not held and await _needed(ctx.kube, metadata["name"], metadata["uid"]):
            await controller_hold.add(ctx.kube, obj)
    except kube.ConflictError as error:
        return api.Wait(reason="ControllerEdited", message=str(error), after=1.0)
    return api.Done()


async def _leave(ctx: api.ControllerContext, obj: kube.Object) -> api.Result:
    """Let go of a deleted AviController. Its users are read after its deletionTimestamp was
    seen."""
    metadata = obj["metadata"]
    moved = names.DELETE_FOR_MOVE_ANNOTATION in (metadata.get("annotations") or {})
    users = "" if moved else await _needed(ctx.kube, metadata["name"], metadata["uid"])
    if users:
        await _write(ctx, obj, users)
        return api.Wait(reason="InUse", message=users, after=AGAIN_SECONDS)
    await Finalizers(ctx.kube).remove(
        CONTROLLERS, FINALIZER, metadata["name"], None, uid=metadata["uid"]
    )
    return api.Done()


async def _needed(client: kube.KubeClient, name: str, uid: str) -> str:
    """The users, in words; "" for none. Read from the API server."""
    try:
        records = [use.name for use in await uses.uses_of(client, CONTROLLERS, name, uid)]
    except structs.DecodeError as error:
        return f"AKODeployments that may use it cannot be read: {error}."
    return needed_by(await _pools(client, name), records)


async def _pools(client: kube.KubeClient, name: str) -> list[str]:
    pool_names: list[str] = []
    token = ""
    while True:
        page = await client.list(POOLS, token=token)
        pool_names += [item["metadata"]["name"] for item in page.items if _reaches_by(item, name)]
        token = page.token
        if not token:
            return sorted(pool_names)


def _reaches_by(pool: kube.Object, name: str) -> bool:
    """A pool, possibly unreadable otherwise, has or had ranges by this controller's account."""
    held = pools.FINALIZER in (pool["metadata"].get("finalizers") or ())
    return held and (pool.get("spec") or {}).get("controller") == name


def needed_by(pool_names: Iterable[str], record_names: Iterable[str]) -> str:
    """The users of an AviController, and the remedy; "" for none. Pure."""
    listed = list(pool_names), list(record_names)
    groups = zip(("AviIPPools", "AKODeployments"), listed, strict=True)
    users = [_listed(kind, found_names) for kind, found_names in groups if found_names]
    if not users:
        return ""
    return (
        f"It stays while it is needed to remove what is on Avi: by {' and '.join(users)}. "
        "Delete those pools and clusters, or let them name another AviController."
    )


def _listed(kind: str, user_names: list[str]) -> str:
    more = f" and {len(user_names) - SHOWN} more" if len(user_names) > SHOWN else ""
    return f"{len(user_names)} {kind} ({', '.join(user_names[:SHOWN])}{more})"


async def _write(ctx: api.ControllerContext, obj: kube.Object, message: str) -> None:
    before = _conditions(obj)
    held = conditions.Condition(type=HELD, status="True", reason="InUse", message=message)
    others = tuple(condition for condition in before if condition.type != HELD)
    merged = conditions.merge(before, (*others, held), now=ctx.clock.now())
    if merged == before:
        return
    metadata = obj["metadata"]
    patch = {
        "metadata": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
        "status": {"conditions": [structs.to_object(condition) for condition in merged]},
    }
    await ctx.kube.merge_patch(CONTROLLERS, metadata["name"], patch, subresource="status")


def _conditions(obj: kube.Object) -> tuple[conditions.Condition, ...]:
    listed = (obj.get("status") or {}).get("conditions") or ()
    try:
        return structs.convert(listed, tuple[conditions.Condition, ...])
    except structs.DecodeError:
        return ()


def keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """The AviController itself; for a pool, the one it names; for a record, those that it uses."""
    spec = obj.get("spec") or {}
    if resource.kind == CONTROLLERS.kind:
        return (obj["metadata"]["name"],)
    if resource.kind == POOLS.kind:
        return (spec["controller"],) if spec.get("controller") else ()
    used = spec.get("uses") or ()
    return tuple(use["name"] for use in used if use.get("kind") == CONTROLLERS.kind)


def goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a reconcile: the status does not."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    if resource.kind == RECORDS.kind:
        return spec.get("uses"), spec.get("finishedAt")
    if resource.kind == POOLS.kind:
        return spec.get("controller"), metadata.get("finalizers")
    return [metadata.get(field) for field in ("annotations", "finalizers", "deletionTimestamp")]
