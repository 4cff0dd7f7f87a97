"""Takes away the port group of an object that is being deleted, once nobody needs it.

The order: no record uses it, no other controller holds it, vCenter says that nothing is connected,
it is destroyed, its absence is confirmed, and only then the finalizer goes. The spec is not
compared with vCenter: a port group that drifted can be removed as well.
"""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, structs, uses
from akoo_vsphere import config_spec, guards, marks
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import Users
from akoo_vsphere.connect import access
from akoo_vsphere.controllers import conditions, events, recording, scene, search, statuses
from akoo_vsphere.controllers.attempt import Attempt
from akoo_vsphere.controllers.scene import Scene
from akoo_vsphere.observed import Observed
from akoo_vsphere.spec import port_group, refusal, resources
from akoo_vsphere.spec.port_group import FINALIZER, PortGroup
from akoo_vsphere.spec.port_group_status import Provenance

AGAIN_SECONDS: Final = 60.0
SOON_SECONDS: Final = 2.0
LONGEST_SECONDS: Final = 600.0
SHOWN: Final = 5
RETAIN_TRIES: Final = 3
"""Tries to take the marks off a port group that stays: a lost answer is no reason to leave them."""
ENGINES: Final = "Avi-se-"
"""Start of the names of Avi's service engines."""
UNCERTAIN_SECONDS: Final = 120.0
"""Age of an announced create after which it has had its effect, if it was sent at all."""
UNRESOLVED: Final = frozenset({"DatacenterNotFound", "SwitchNotFound"})
WAY_OUT: Final = (
    "To leave it in vCenter as it is, set spec.deletionPolicy to Retain, or annotate the object "
    "with akoo.io/let-go: <why>."
)


async def leave(attempt: Attempt) -> api.Result:
    """One attempt. Raises Refusal, VCenterErrors, BlockedError and KubeErrors."""
    ctx, group = attempt.ctx, attempt.group
    if FINALIZER not in group.finalizers:
        return api.Done()
    if group.moved:
        await statuses.let_go(ctx, group)
        return api.Done()
    needed = await _needed(attempt)
    if needed:
        return await _waits(attempt, "InUse", needed, AGAIN_SECONDS)
    if group.let_go:
        note = f"{_shown(group)} stays in vCenter, with its mark ({group.let_go})."
        return await _gone(attempt, "PortGroupLetGo", note)
    if group.spec.deletion_policy == "Retain":
        return await _retain(attempt)
    return await _take_away(attempt)


async def _take_away(attempt: Attempt) -> api.Result:
    ctx, group = attempt.ctx, attempt.group
    try:
        view = await scene.enter(ctx, attempt.reach, group)
    except refusal.Refusal as error:
        if error.reason in UNRESOLVED and await scene.gone(ctx, attempt.reach, group):
            return await _gone(attempt, "", "")
        raise
    seen = await search.find(view, group)
    if seen is None:
        return await _absent(attempt, view)
    verdict = search.verdict_on(view, group, seen)
    if verdict.mark is None:
        return await _not_ours(attempt, verdict.reason, verdict.message)
    if port_group.retained(group.spec, _provenance(group, verdict.mark)):
        return await _retain(attempt)
    guards.check_touchable(seen, view.situation(group, seen))
    return await _destroy(attempt, view, seen)


async def _absent(attempt: Attempt, view: Scene) -> api.Result:
    """Let go, unless a create that was sent may still have its effect. Only the vCenter that is
    recorded can say that the port group is gone."""
    view = await scene.again(view)
    task, pending = attempt.status.last_task, attempt.status.pending_create
    if task is not None and (await view.client.task(task.mo_ref)).state == "running":
        message = f"Task {task.mo_ref} ({task.operation}) still runs in vCenter."
        return await _waits(attempt, "TaskRunning", message, SOON_SECONDS)
    if pending is not None:
        age = (attempt.ctx.clock.now() - pending.started_at).total_seconds()
        if age < UNCERTAIN_SECONDS:
            message = "A create was announced moments ago, and its port group may still appear."
            return await _waits(attempt, "CreateUncertain", message, UNCERTAIN_SECONDS - age)
    return await _gone(attempt, "", "")


async def _needed(attempt: Attempt) -> str:
    """The users in the management cluster, in words; "" for none."""
    group = attempt.group
    users = await uses.needed_by(
        attempt.ctx.kube,
        resources.PORT_GROUPS,
        group.name,
        uid=group.uid,
        finalizers=group.finalizers,
        own=FINALIZER,
    )
    return f"It is needed by {uses.described(users)}, and is deleted after them." if users else ""


def _provenance(group: PortGroup, mark: marks.Mark) -> Provenance:
    """The more harmless of the two records: Adopted, unless both of them say Created."""
    recorded = group.status.provenance or mark.provenance
    created = recorded == mark.provenance == "Created"
    harmless: Provenance = "Adopted"
    return recorded if created else harmless


async def _not_ours(attempt: Attempt, reason: str, message: str) -> api.Result:
    """An unmarked namesake was never ours; anything else waits for a person."""
    status = attempt.group.status
    untouched = status.port_group is None and status.provenance is None
    if reason == "NotAdopted" and untouched:
        return await _gone(attempt, "", "")
    text = f"It is not removed: {message} {WAY_OUT}"
    return await _waits(attempt, "OwnershipUnclear", text, LONGEST_SECONDS)


async def _destroy(attempt: Attempt, view: Scene, seen: Observed) -> api.Result:
    """Destroy a port group that is ours and that nothing is connected to."""
    users = await search.users_of(view, seen.mo_ref)
    attempt.status = structs.replace(
        attempt.status,
        usage=recording.usage(attempt.status, users, attempt.ctx.clock.now()),
    )
    if not recording.use_of(users).none:
        return await _in_use(attempt, seen, users, "")
    view = await scene.again(view)
    try:
        await view.client.destroy(seen.mo_ref)
    except errors.InUseError as error:
        users = await search.users_of(view, seen.mo_ref)
        return await _in_use(attempt, seen, users, error.user)
    except errors.NotFoundError:
        pass
    if await search.find(view, attempt.group) is not None:
        message = f'Port group "{seen.name}" ({seen.mo_ref}) is still there after it was destroyed.'
        return await _waits(attempt, "DestroyAwaited", message, SOON_SECONDS)
    return await _gone(
        attempt, "PortGroupDestroyed", f'Port group "{seen.name}" ({seen.mo_ref}) was destroyed.'
    )


async def _in_use(attempt: Attempt, seen: Observed, users: Users, other: str) -> api.Result:
    shown = f'Port group "{seen.name}" ({seen.mo_ref})'
    text = f"{shown} stays while it is in use: {used_by(users, other)}"
    return await _waits(attempt, "InUse", text, _patience(attempt))


def _patience(attempt: Attempt) -> float:
    """Seconds until users are looked for again: as long as the object is held already. vCenter
    does not say when a machine leaves, and Avi's engines may stay for hours."""
    rows = attempt.group.status.conditions
    held = next((row for row in rows if row.type == conditions.HELD), None)
    since = held.last_transition_time if held is not None and held.status == "True" else None
    if since is None:
        return SOON_SECONDS
    age = (attempt.ctx.clock.now() - since).total_seconds()
    return min(max(age, SOON_SECONDS), LONGEST_SECONDS)


def used_by(users: Users, other: str = "") -> str:
    """The users, with the cause and the cure, in words. Pure."""
    names = users.names[:SHOWN] or ((other,) if other else ())
    if users.ports is None or users.machines is None:
        count = "its users cannot be read, so it counts as in use"
        cure = "Let the account read the switch and the virtual machines. "
    else:
        count = f"{users.ports} ports are connected, {users.machines} virtual machines are on it"
        cure = ""
    shown = f" ({', '.join(names)})" if names else ""
    unseen = f", {users.unseen} of them not for this account to see" if users.unseen else ""
    if any(name.startswith(ENGINES) for name in names):
        cure += (
            "Avi keeps idle service engines until se_deprovision_delay of their group passed; with "
            "0 it keeps them for ever. Wait, or delete them on Avi. "
        )
    elif not cure:
        cure = "Disconnect them. "
    return f"{count}{shown}{unseen}. {cure}{WAY_OUT}"


async def _retain(attempt: Attempt) -> api.Result:
    """Take our marks off if vCenter answers, and let go in any case."""
    stays = ""
    for number in range(RETAIN_TRIES):
        try:
            stays = await _unmarked(attempt)
            break
        except access.ANSWERED as error:
            problem = access.answer(error).message
            stays = f"{_shown(attempt.group)} stays in vCenter, with its mark: {problem}"
            if number == RETAIN_TRIES - 1 or isinstance(error, errors.UnreachableError):
                break
    return await _gone(attempt, "PortGroupRetained" if stays else "", stays)


async def _unmarked(attempt: Attempt) -> str:
    """The rest in words, after the marks were taken off; "" for nothing. Raises ``ANSWERED``."""
    group = attempt.group
    view = await scene.enter(attempt.ctx, attempt.reach, group)
    seen = await search.find(view, group)
    if seen is None:
        return ""
    view = await scene.again(view)
    if search.verdict_on(view, group, seen).mark is not None:
        guards.check_touchable(seen, view.situation(group, seen))
        await _unmark(view, seen)
    return f'Port group "{seen.name}" ({seen.mo_ref}) stays in vCenter, without a mark.'


async def _unmark(view: Scene, seen: Observed) -> None:
    written = marks.without(seen.description)
    if written != seen.description:
        spec = config_spec.reconfigure(seen, {}, written)
        await view.client.reconfigure(seen.mo_ref, spec)
    if seen.values.get(marks.ATTRIBUTE):
        key = next(key for key, name in view.fields.items() if name == marks.ATTRIBUTE)
        await view.client.set_attribute(seen.mo_ref, key, "")


def _shown(group: PortGroup) -> str:
    known = group.status.port_group
    if known is not None:
        return f'Port group "{known.name}" ({known.mo_ref})'
    return "A port group that may have been made"


async def _waits(attempt: Attempt, reason: str, message: str, after: float) -> api.Result:
    attempt.status = structs.replace(attempt.status, observed_generation=attempt.group.generation)
    before = attempt.group.status.conditions
    for condition in conditions.held(reason, message):
        attempt.establish(condition)
    await attempt.save()
    if not any(row.type == conditions.HELD and row.reason == reason for row in before):
        await events.post(attempt.ctx, attempt.group, "PortGroupHeld", message, warning=True)
    return api.Wait(reason=reason, message=message, after=after)


async def _gone(attempt: Attempt, reason: str, note: str) -> api.Result:
    if reason:
        await events.post(
            attempt.ctx, attempt.group, reason, note, warning=reason.endswith("LetGo")
        )
    await statuses.let_go(attempt.ctx, attempt.group)
    return api.Done()
