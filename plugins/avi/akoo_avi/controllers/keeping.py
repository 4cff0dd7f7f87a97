"""The controller that keeps AviControllers while a removal on Avi may need them.

observes AviControllers, AviIPPools and records; writes our finalizers on AviControllers (one for
records, one for pools), and the condition Held while it holds one that is being deleted. Without
its AviController a pool could never give its ranges back, and a leaving cluster would not find a
new address or account.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from akoo_avi.connect import controller_hold
from akoo_avi.connect.controller_hold import CONTROLLERS, FINALIZER
from akoo_avi.spec import resources
from akoo_core.plugin import api, conditions, kube, uses

HELD: Final = "Held"
POOLS = resources.AVI_IP_POOLS
RECORDS = kube.AKO_DEPLOYMENTS
AGAIN_SECONDS = 60.0
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
        subject=CONTROLLERS,
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
    try:
        users = await uses.keep(
            ctx.kube, CONTROLLERS, obj, own=FINALIZER, holds=(controller_hold.POOLS_HOLD,)
        )
        if not users:
            return api.Done()
        message = needed_by(users)
        held = conditions.Condition(type=HELD, status="True", reason="InUse", message=message)
        await conditions.write(
            ctx.kube, CONTROLLERS, obj, (held,), owns=(HELD,), now=ctx.clock.now()
        )
    except kube.ConflictError as error:
        return api.Wait(reason="ControllerEdited", message=str(error), after=1.0)
    return api.Wait(reason="InUse", message=message, after=AGAIN_SECONDS)


def needed_by(users: Iterable[uses.User]) -> str:
    """The users of an AviController, and the remedy. Pure."""
    return (
        "It stays while it is needed to take away what is on Avi: by "
        f"{uses.described(users)}. Delete those pools and clusters, or let them name another "
        "AviController."
    )


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
