"""Keeps each VSphereConnection while port groups need it.

observes VSphereConnections and the VSpherePortGroups that name them; writes our finalizer of
VSphereConnections, and condition Held while it holds one that is being deleted. Without its
connection a port group could never be removed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from akoo_core.plugin import api, conditions, kube, uses
from akoo_vsphere.connect.connection_hold import FINALIZER, GROUPS_HOLD
from akoo_vsphere.controllers.connection_conditions import HELD
from akoo_vsphere.spec import resources

CONNECTIONS = resources.CONNECTIONS
GROUPS = resources.PORT_GROUPS
AGAIN_SECONDS: Final = 60.0


def registration() -> api.ControllerRegistration:
    """The registration for the operator."""
    return api.ControllerRegistration(
        name="kept-connections",
        subject=CONNECTIONS,
        watches=(CONNECTIONS, GROUPS),
        writes=(CONNECTIONS,),
        keys=_keys,
        reconcile=reconcile,
        goes_by=_goes_by,
        finalizer=FINALIZER,
    )


async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
    """Let go of a connection that is being deleted, once nothing needs it.

    Port groups add the finalizer before their first write. It is read who needs the connection
    after its deletionTimestamp was seen, and nothing takes hold of one that is being deleted.
    """
    try:
        obj = await ctx.kube.get(CONNECTIONS, request.key)
    except kube.NotFoundError:
        return api.Done()
    try:
        users = await uses.let_go(ctx.kube, GROUPS_HOLD, obj)
        if not users:
            return api.Done()
        message = needed_by(users)
        held = conditions.Condition(type=HELD, status="True", reason="InUse", message=message)
        await conditions.write(
            ctx.kube, CONNECTIONS, obj, (held,), owns=(HELD,), now=ctx.clock.now()
        )
    except kube.ConflictError as error:
        return api.Wait(reason="ConnectionEdited", message=str(error), after=1.0)
    return api.Wait(reason="InUse", message=message, after=AGAIN_SECONDS)


def needed_by(names: Iterable[str]) -> str:
    """The users of a connection, and the cure. Pure."""
    users = uses.described(uses.User(GROUPS.kind, name) for name in names)
    return f"It stays while it is needed by {users}. Delete them first."


def _keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    if resource.kind == CONNECTIONS.kind:
        return (obj["metadata"]["name"],)
    name = (obj.get("spec") or {}).get("connection")
    return (name,) if name else ()


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a reconcile: the status does not."""
    metadata = obj.get("metadata") or {}
    if resource.kind == GROUPS.kind:
        return (obj.get("spec") or {}).get("connection"), metadata.get("finalizers")
    return [metadata.get(field) for field in ("annotations", "finalizers", "deletionTimestamp")]
