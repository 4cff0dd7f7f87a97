"""Writes the status of a VSpherePortGroup, and its finalizers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from akoo_core.plugin import api, conditions, kube, structs
from akoo_core.plugin.conditions import Condition
from akoo_vsphere.controllers import conditions as group_conditions
from akoo_vsphere.spec import port_group, resources
from akoo_vsphere.spec.port_group import FINALIZER, PortGroup
from akoo_vsphere.spec.port_group_status import Status

TRIES: Final = 4
"""Writes of one status: other controllers write conditions of their own into it."""


async def write(
    ctx: api.ControllerContext,
    group: PortGroup,
    status: Status,
    known: Iterable[Condition] = (),
    *,
    strict: bool = False,
) -> PortGroup:
    """Write ``status`` with the ``known`` conditions if anything differs; the object as it is then.

    Conditions of other types stay as they are on the server. ``strict``: raise ConflictError if the
    object changed since it was read, instead of writing over the newer one. Raises ConflictError
    for an object whose spec changed meanwhile or that is being deleted now.
    """
    wanted = tuple(known)
    for number in range(TRIES):
        whole = _merged(ctx, group, status, wanted)
        if whole == group.status:
            return group
        try:
            return await _patch(ctx, group, whole)
        except kube.ConflictError:
            if strict or number == TRIES - 1:
                raise
            group = await _again(ctx, group)
    raise AssertionError("unreachable")


def _merged(
    ctx: api.ControllerContext, group: PortGroup, status: Status, known: tuple[Condition, ...]
) -> Status:
    before = group.status.conditions
    if not known:
        return structs.replace(status, conditions=before)
    everything = group_conditions.with_ready(known, before, avi=group.spec.avi is not None)
    merged = conditions.merge(before, everything, now=ctx.clock.now())
    return structs.replace(status, conditions=merged)


async def _patch(ctx: api.ControllerContext, group: PortGroup, status: Status) -> PortGroup:
    change = between(structs.to_object(group.status), structs.to_object(status))
    if change.get("conditions") is not None:
        change["conditions"] = list(conditions.kept(group.condition_rows, status.conditions))
    metadata = {"uid": group.uid, "resourceVersion": group.resource_version}
    written = await ctx.kube.merge_patch(
        resources.PORT_GROUPS,
        group.name,
        {"metadata": metadata, "status": change},
        subresource="status",
    )
    return port_group.from_object(written)


def between(before: structs.JSON, after: structs.JSON) -> structs.JSON:
    """The merge patch (RFC 7396) that makes ``after`` of ``before``. A field that is only left out
    would stay, also inside of an object. Pure."""
    patch: structs.JSON = dict.fromkeys(before.keys() - after.keys())
    for key, value in after.items():
        old = before.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            if old != value:
                patch[key] = between(old, value)
        elif key not in before or old != value:
            patch[key] = value
    return patch


async def _again(ctx: api.ControllerContext, group: PortGroup) -> PortGroup:
    """The object read anew. Raises ConflictError if the attempt's view of it is out of date."""
    fresh = port_group.from_object(await ctx.kube.get(resources.PORT_GROUPS, group.name))
    same = (fresh.uid, fresh.generation, fresh.deleting) == (
        group.uid,
        group.generation,
        group.deleting,
    )
    if not same:
        raise kube.ConflictError(f"VSpherePortGroup/{group.name} changed while it was worked on")
    return fresh


async def hold(ctx: api.ControllerContext, group: PortGroup) -> PortGroup:
    """Add our finalizer. Raises ConflictError for an object that is gone or being deleted."""
    if FINALIZER in group.finalizers:
        return group
    seen = {
        "metadata": {
            "name": group.name,
            "uid": group.uid,
            "resourceVersion": group.resource_version,
            "finalizers": list(group.finalizers),
        }
    }
    obj = await kube.Finalizers(ctx.kube).add(
        resources.PORT_GROUPS, FINALIZER, group.name, None, uid=group.uid, seen=seen
    )
    if obj is None:
        raise kube.ConflictError(f"VSpherePortGroup/{group.name} is being deleted")
    return port_group.from_object(obj)


async def let_go(ctx: api.ControllerContext, group: PortGroup) -> None:
    """Remove our finalizer."""
    await kube.Finalizers(ctx.kube).remove(
        resources.PORT_GROUPS, FINALIZER, group.name, None, uid=group.uid
    )
