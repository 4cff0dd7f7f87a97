"""``akoo-core plan --kind VSpherePortGroup``: the actions of an attempt now. Reads only.

It goes by the same look and the same plan as an attempt, without any of its writes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from akoo_core.plugin import api, kube, uses
from akoo_vsphere import plan
from akoo_vsphere.connect import access
from akoo_vsphere.connect.catalog import Reach
from akoo_vsphere.controllers import free, leave, recording, scene, search
from akoo_vsphere.controllers.scene import Scene
from akoo_vsphere.observed import Observed
from akoo_vsphere.situation import Announce, Create
from akoo_vsphere.spec import port_group, resources
from akoo_vsphere.spec.port_group import FINALIZER, PortGroup

KIND = "port group"
Actions = tuple[api.PlannedAction, ...]


async def planned(key: str, ctx: api.ControllerContext, reach: Reach) -> Actions:
    """The actions for one object; () if it is gone. Where none is possible, the reason."""
    try:
        obj = await ctx.kube.get(resources.PORT_GROUPS, key)
    except kube.NotFoundError:
        return ()
    group = port_group.from_object(obj)
    try:
        return (await outlook(group, ctx, reach)).actions
    except access.ANSWERED as error:
        answer = access.answer(error)
        why = f"{answer.reason}: {answer.message}"
        return (api.PlannedAction(action="keep", kind=KIND, name=_name(group), why=why),)


class Outlook(NamedTuple):
    """The next attempt at one object, as vCenter is now."""

    actions: Actions = ()
    problem: str = ""
    """The cause for which the port group would not be as wanted after it."""
    observed: Observed | None = None


async def outlook(group: PortGroup, ctx: api.ControllerContext, reach: Reach) -> Outlook:
    """The outlook for one object. Raises the errors of ``access.ANSWERED``."""
    return await (_leaving if group.deleting else _living)(ctx, reach, group)


async def _living(ctx: api.ControllerContext, reach: Reach, group: PortGroup) -> Outlook:
    port_group.check(group)
    view = await scene.enter(ctx, reach, group)
    sight = await search.look(view, group, fresh=True)
    seen = sight.observed
    use = scene.UNKNOWN_USE
    if seen is not None:
        use = recording.use_of(await search.users_of(view, seen.mo_ref))
    result = plan.plan(view.situation(group, seen, use))
    if any(isinstance(action, Announce | Create) for action in result.actions):
        await free.check(view, group, sight)
        return Outlook((_action(view, group, seen, "create", plan.pending(result.actions)),))
    reason, message = plan.in_sync(result, view.situation(group, seen, use))
    problem = f"{reason}: {message}" if reason else ""
    if result.actions:
        change = _action(view, group, seen, "change", plan.pending(result.actions))
        return Outlook((change,), problem, seen)
    kept = _action(view, group, seen, "keep", problem or "it is as it is wanted")
    return Outlook((kept,), problem, seen)


async def _leaving(ctx: api.ControllerContext, reach: Reach, group: PortGroup) -> Outlook:
    if FINALIZER not in group.finalizers:
        return Outlook()
    why = await _held(ctx, group)
    stays = ""
    if not why and (group.moved or group.let_go or group.retains):
        stays = "it stays in vCenter: the object was moved, is let go, or retains it"
    view = await scene.enter(ctx, reach, group)
    seen = await search.find(view, group)
    if seen is None:
        return Outlook()
    if not (why or stays) and search.verdict_on(view, group, seen).mark is None:
        why = "its marks do not say that it is ours"
    users = await search.users_of(view, seen.mo_ref)
    if not (why or stays) and not recording.use_of(users).none:
        why = leave.used_by(users)
    if why or stays:
        return Outlook((_action(view, group, seen, "keep", why or stays),), why, seen)
    gone = _action(view, group, seen, "delete", "its object is deleted, and nothing uses it")
    return Outlook((gone,), "", seen)


async def _held(ctx: api.ControllerContext, group: PortGroup) -> str:
    users = await uses.needed_by(
        ctx.kube,
        resources.PORT_GROUPS,
        group.name,
        uid=group.uid,
        finalizers=group.finalizers,
        own=FINALIZER,
    )
    return f"it is needed by {uses.described(users)}" if users else ""


def _action(
    view: Scene,
    group: PortGroup,
    seen: Observed | None,
    action: Literal["create", "change", "delete", "keep"],
    why: str,
) -> api.PlannedAction:
    name = seen.name if seen is not None else _name(group)
    where = f"{view.connection.spec.address}{view.place.placed.folder_path}"
    return api.PlannedAction(action=action, kind=KIND, name=name, where=where, why=why)


def _name(group: PortGroup) -> str:
    return group.desired.port_group_name or group.name
