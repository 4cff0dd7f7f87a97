"""The controller that keeps AviControllers which are needed to take something away.

observes AviControllers, AviIPPools and records; writes our finalizer on AviControllers, and while
it holds one that is being deleted the condition Held. A pool whose AviController is gone could
never give its ranges back, and a cluster that leaves would not find a new address or account.
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
TOLD = 5
"""Names in a message; of more the number is told."""
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
    """What the operator is to run."""
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
        # One that is held stays so until it is deleted: nobody has to be asked until then.
        if not held and await _needed(ctx.kube, metadata["name"], metadata["uid"]):
            await controller_hold.add(ctx.kube, obj)
    except kube.ConflictError as error:
        return api.Wait(reason="ControllerEdited", message=str(error), after=1.0)
    return api.Done()


async def _leave(ctx: api.ControllerContext, obj: kube.Object) -> api.Result:
    """Seen with a deletionTimestamp first, and only then it is asked who needs it."""
    metadata = obj["metadata"]
    moved = names.DELETE_FOR_MOVE_ANNOTATION in (metadata.get("annotations") or {})
    told = "" if moved else await _needed(ctx.kube, metadata["name"], metadata["uid"])
    if told:
        await _say(ctx, obj, told)
        return api.Wait(reason="InUse", message=told, after=AGAIN_SECONDS)
    await Finalizers(ctx.kube).remove(
        CONTROLLERS, FINALIZER, metadata["name"], None, uid=metadata["uid"]
    )
    return api.Done()


async def _needed(client: kube.KubeClient, name: str, uid: str) -> str:
    """Who needs it, in words; "" for nobody. As the API server has it now."""
    try:
        records = [one.name for one in await uses.uses_of(client, CONTROLLERS, name, uid)]
    except structs.DecodeError as error:
        return f"Whether an AKODeployment uses it cannot be read: {error}."
    return needed_by(await _pools(client, name), records)


async def _pools(client: kube.KubeClient, name: str) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        page = await client.list(POOLS, token=token)
        found += [item["metadata"]["name"] for item in page.items if _reaches_by(item, name)]
        token = page.token
        if not token:
            return sorted(found)


def _reaches_by(pool: kube.Object, name: str) -> bool:
    """Whether a pool, which may not be readable otherwise, has or had ranges by its account."""
    held = pools.FINALIZER in (pool["metadata"].get("finalizers") or ())
    return held and (pool.get("spec") or {}).get("controller") == name


def needed_by(pool_names: Iterable[str], record_names: Iterable[str]) -> str:
    """Who needs an AviController, and what to do; "" for nobody. Pure."""
    found = list(pool_names), list(record_names)
    groups = zip(("AviIPPools", "AKODeployments"), found, strict=True)
    told = [_listed(kind, each) for kind, each in groups if each]
    if not told:
        return ""
    return (
        f"It stays while it is needed to take away what is on Avi: by {' and '.join(told)}. Delete "
        "those pools and clusters, or let them name another AviController."
    )


def _listed(kind: str, found: list[str]) -> str:
    more = f" and {len(found) - TOLD} more" if len(found) > TOLD else ""
    return f"{len(found)} {kind} ({', '.join(found[:TOLD])}{more})"


async def _say(ctx: api.ControllerContext, obj: kube.Object, told: str) -> None:
    before = _conditions(obj)
    held = conditions.Condition(type=HELD, status="True", reason="InUse", message=told)
    others = tuple(one for one in before if one.type != HELD)
    merged = conditions.merge(before, (*others, held), now=ctx.clock.now())
    if merged == before:
        return
    metadata = obj["metadata"]
    patch = {
        "metadata": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
        "status": {"conditions": [structs.to_object(one) for one in merged]},
    }
    await ctx.kube.merge_patch(CONTROLLERS, metadata["name"], patch, subresource="status")


def _conditions(obj: kube.Object) -> tuple[conditions.Condition, ...]:
    found = (obj.get("status") or {}).get("conditions") or ()
    try:
        return structs.convert(found, tuple[conditions.Condition, ...])
    except structs.DecodeError:
        return ()


def keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """An AviController concerns itself; a pool that which it names; a record those that it uses."""
    spec = obj.get("spec") or {}
    if resource.kind == CONTROLLERS.kind:
        return (obj["metadata"]["name"],)
    if resource.kind == POOLS.kind:
        return (spec["controller"],) if spec.get("controller") else ()
    used = spec.get("uses") or ()
    return tuple(one["name"] for one in used if one.get("kind") == CONTROLLERS.kind)


def goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """What is said about them starts nothing."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    if resource.kind == RECORDS.kind:
        return spec.get("uses"), spec.get("finishedAt")
    if resource.kind == POOLS.kind:
        return spec.get("controller"), metadata.get("finalizers")
    return [metadata.get(one) for one in ("annotations", "finalizers", "deletionTimestamp")]
