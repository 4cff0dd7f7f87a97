"""Brings the port group of one object to its spec: looks, plans, performs one action, looks again.

Each write in vCenter follows a look of its own: instance UUID, moRef, mark and switch are read, the
plan is made of them, and its first action is performed. All that a later attempt needs stands in
status before the write that makes it necessary: the nonce before a create, the epoch before a
takeover.
"""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, structs
from akoo_core.plugin.conditions import Condition
from akoo_vsphere import plan, suitable
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import Users
from akoo_vsphere.connect import access, connection_hold
from akoo_vsphere.controllers import (
    events,
    execute,
    free,
    recording,
    scene,
    search,
    statuses,
)
from akoo_vsphere.controllers.attempt import Attempt
from akoo_vsphere.controllers.index import seen_of
from akoo_vsphere.controllers.scene import Scene
from akoo_vsphere.controllers.search import Sight
from akoo_vsphere.observed import Observed
from akoo_vsphere.situation import Action, Announce, Create, Plan
from akoo_vsphere.spec import port_group, refusal
from akoo_vsphere.spec.port_group_status import PendingCreate, Task

STEPS: Final = 16
"""Looks of one attempt: a create has five, a change of everything seven."""
CONFLICTS: Final = 3
"""Repetitions after another's change of the same port group."""
TASK_SECONDS: Final = 5.0


async def apply(attempt: Attempt) -> api.Result:
    """One attempt. Raises Refusal, VCenterErrors, BlockedError and KubeErrors."""
    port_group.check(attempt.group)
    view = await scene.enter(attempt.ctx, attempt.reach, attempt.group)
    recording.place(attempt, view)
    suitable.check(attempt.group.spec, view.place.placed.switch, view.vcenter)
    attempt.establish(recording.resolved(view))
    if attempt.status.last_task is not None:
        waiting = await _task(attempt, view)
        if waiting is not None:
            return waiting
    sight: Sight | None = None
    for _ in range(STEPS):
        looked = sight is None
        if sight is None:
            sight = await search.look(view, attempt.group, attempt.made, unsent=attempt.unsent)
        seen = sight.observed
        result = await _plan(attempt, view, seen)
        recording.verified(attempt, result, seen)
        if not result.actions:
            return await _settled(attempt, view, result, seen)
        if looked and isinstance(result.actions[0], Announce | Create):
            await free.check(view, attempt.group, sight, attempt.made)
        view, called = await _step(attempt, view, sight, result)
        if called:
            sight = None
    raise refusal.Refusal(
        "UpdateFailed",
        f"After {STEPS} changes the port group is still not as wanted: "
        f"{plan.pending(result.actions)}. Look for another program that changes it.",
    )


async def _plan(attempt: Attempt, view: Scene, seen: Observed | None) -> Plan:
    """The plan. The users are read only if it depends on them."""
    unknown = view.situation(attempt.group, seen)
    try:
        result = plan.plan(unknown)
    except refusal.Refusal as error:
        if seen is None or error.reason != "AdoptionWouldChange":
            raise
    else:
        if seen is None or not (result.waiting or result.stuck):
            return result
    attempt.users = await search.users_of(view, seen.mo_ref)
    return plan.plan(structs.replace(unknown, use=recording.use_of(attempt.users)))


async def _step(attempt: Attempt, view: Scene, sight: Sight, result: Plan) -> tuple[Scene, bool]:
    """Perform the first action, or what has to be done before it. True: vCenter was called to write
    something, so that the caller has to look again."""
    action = result.actions[0]
    if not attempt.ready_to_write:
        return await _prepare(attempt, view), False
    if isinstance(action, Announce):
        if attempt.status.port_group is not None:
            # Only the vCenter that is recorded can say that it is gone.
            view = await scene.again(view)
        await _announce(attempt)
        return view, False
    if await recording.taking_over(attempt, result):
        return view, False
    view = await scene.again(view)
    await _perform(attempt, view, sight.observed, action)
    return view, True


async def _announce(attempt: Attempt) -> None:
    """Store the nonce of the create that follows. The former port group is gone."""
    former, now = attempt.status.port_group, attempt.ctx.clock.now()
    attempt.unsent = attempt.make_nonce()
    attempt.status = structs.replace(
        attempt.status,
        port_group=None,
        pending_create=PendingCreate(nonce=attempt.unsent, started_at=now),
    )
    await attempt.save(strict=True)
    if former is not None:
        note = f'Somebody removed port group "{former.name}" ({former.mo_ref}). It is made again.'
        await events.post(attempt.ctx, attempt.group, "PortGroupRemoved", note, warning=True)


async def _perform(attempt: Attempt, view: Scene, seen: Observed | None, action: Action) -> None:
    if isinstance(action, Create):
        attempt.unsent = ""
    try:
        mo_ref = await execute.execute(view, seen, action)
    except errors.ChangedError:
        attempt.conflicts += 1
        if attempt.conflicts > CONFLICTS:
            raise
        return
    except errors.NameTakenError as error:
        await _name_taken(attempt, view, action, error)
        return
    except errors.TaskRunningError as error:
        operation, now = type(action).__name__, attempt.ctx.clock.now()
        task = Task(mo_ref=error.task, operation=operation, started_at=now)
        attempt.status = structs.replace(attempt.status, last_task=task)
        raise
    if isinstance(action, Create):
        attempt.made = mo_ref
    reason, note, warning = recording.event(action, mo_ref)
    if reason:
        await events.post(attempt.ctx, attempt.group, reason, note, warning=warning)


async def _prepare(attempt: Attempt, view: Scene) -> Scene:
    """Take hold of all that a later removal needs, before the first write. Raises Refusal."""
    view = await execute.with_attribute(view)
    user = f"VSpherePortGroup/{attempt.group.name}"
    new = port_group.FINALIZER not in attempt.group.finalizers
    # Our own finalizer first: it says who needs the connection.
    attempt.group = await statuses.hold(attempt.ctx, attempt.group)
    try:
        await connection_hold.hold(attempt.ctx.kube, view.connection, user)
    except refusal.Refusal:
        if new:
            await statuses.let_go(attempt.ctx, attempt.group)
        raise
    attempt.ready_to_write = True
    return view


async def _name_taken(
    attempt: Attempt, view: Scene, action: Action, error: errors.NameTakenError
) -> None:
    """Return if the next look finds the port group that has the name; raise Refusal otherwise."""
    if isinstance(action, Create) and await search.find(view, attempt.group) is not None:
        return
    raise free.name_conflict(view, attempt.group, error.mo_ref)


async def _task(attempt: Attempt, view: Scene) -> api.Result | None:
    """Wait while the task that an earlier attempt started runs; forget it afterwards."""
    task = attempt.status.last_task
    if task is None:
        return None
    state = await view.client.task(task.mo_ref)
    if state.state == "running":
        message = f"Task {task.mo_ref} ({task.operation}) still runs in vCenter."
        attempt.establish(
            Condition(type="Provisioned", status="Unknown", reason="TaskRunning", message=message)
        )
        await attempt.save()
        return api.Wait(reason="TaskRunning", message=message, after=TASK_SECONDS)
    attempt.status = structs.replace(attempt.status, last_task=None)
    return None


async def _settled(
    attempt: Attempt, view: Scene, result: Plan, seen: Observed | None
) -> api.Result:
    """Write the results. Nothing is left to do but what waits, is reported or is stuck."""
    if seen is None:
        raise ValueError("a plan without actions has a port group")
    if attempt.users is None and attempt.made:
        attempt.users = Users(ports=0, machines=0)  # Nobody had the time to use it.
    elif attempt.users is None and attempt.count_users:
        attempt.users = await search.users_of(view, seen.mo_ref)
    await recording.settled(attempt, view, result, seen)
    await attempt.save()
    attempt.seen = seen_of(seen)
    if result.waiting:
        return api.Done(recheck_seconds=access.PATIENCE)
    return api.Done(recheck_seconds=recording.RECHECK_SECONDS)
