"""Keeps each VSphereConnection while port groups need it.

observes VSphereConnections and the VSpherePortGroups that name them; writes our finalizer of
VSphereConnections, and condition Held while it holds one that is being deleted. Without its
connection a port group could never be removed.
"""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, conditions, kube, names, structs
from akoo_core.plugin.kube import Finalizers
from akoo_vsphere.connect.connection_hold import FINALIZER
from akoo_vsphere.controllers.connection_conditions import HELD
from akoo_vsphere.spec import port_group, resources

CONNECTIONS = resources.CONNECTIONS
GROUPS = resources.PORT_GROUPS
AGAIN_SECONDS: Final = 60.0
SHOWN: Final = 5
"""Names in a message; further names are counted."""


def registration() -> api.ControllerRegistration:
    """The registration for the operator."""
    return api.ControllerRegistration(
        name="kept-connections",
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
    metadata = obj["metadata"]
    held = FINALIZER in (metadata.get("finalizers") or ())
    if not held or "deletionTimestamp" not in metadata:
        return api.Done()
    moved = names.DELETE_FOR_MOVE_ANNOTATION in (metadata.get("annotations") or {})
    users = [] if moved else await _users(ctx.kube, metadata["name"])
    try:
        if users:
            message = needed_by(users)
            await _write(ctx, obj, message)
            return api.Wait(reason="InUse", message=message, after=AGAIN_SECONDS)
        await Finalizers(ctx.kube).remove(
            CONNECTIONS, FINALIZER, metadata["name"], None, uid=metadata["uid"]
        )
    except kube.ConflictError as error:
        return api.Wait(reason="ConnectionEdited", message=str(error), after=1.0)
    return api.Done()


async def _users(client: kube.KubeClient, name: str) -> list[str]:
    """Names of the port groups that need the connection, possibly unreadable otherwise. Read from
    the API server."""
    users: list[str] = []
    token = ""
    while True:
        page = await client.list(GROUPS, token=token)
        users += [item["metadata"]["name"] for item in page.items if _needs(item, name)]
        token = page.token
        if not token:
            return sorted(users)


def _needs(item: kube.Object, name: str) -> bool:
    held = port_group.FINALIZER in (item["metadata"].get("finalizers") or ())
    return held and (item.get("spec") or {}).get("connection") == name


def needed_by(users: list[str]) -> str:
    """The users of a connection, and the cure. Pure."""
    more = f" and {len(users) - SHOWN} more" if len(users) > SHOWN else ""
    return (
        f"It stays while {len(users)} VSpherePortGroups need it: {', '.join(users[:SHOWN])}{more}. "
        "Delete them first."
    )


async def _write(ctx: api.ControllerContext, obj: kube.Object, message: str) -> None:
    before = _conditions(obj)
    held = conditions.Condition(type=HELD, status="True", reason="InUse", message=message)
    others = tuple(row for row in before if row.type != HELD)
    merged = conditions.merge(before, (*others, held), now=ctx.clock.now())
    if merged == before:
        return
    metadata = obj["metadata"]
    patch = {
        "metadata": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
        "status": {"conditions": [structs.to_object(row) for row in merged]},
    }
    await ctx.kube.merge_patch(CONNECTIONS, metadata["name"], patch, subresource="status")


def _conditions(obj: kube.Object) -> tuple[conditions.Condition, ...]:
    listed = (obj.get("status") or {}).get("conditions") or ()
    try:
        return structs.convert(listed, tuple[conditions.Condition, ...])
    except structs.DecodeError:
        return ()


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
