"""The plan: desired, recorded and observed values give actions with their reasons. Pure.

::

    absent      -> Announce, Create           removed by hand: the same again
    unmarked    -> adoption as the policy says
    foreign, unknown, uplink, NSX, VPC        Refusal; nothing is ever written
    ours        -> differences, field by field
        edit    -> Reconfigure; a disturbing one waits while the port group is in use
        drift   -> Reconfigure back to what was in force, in use or not
        marks   -> healed

The plan of the result of a plan is empty, but for what waits, is reported or is stuck.
"""

from __future__ import annotations

from akoo_core.plugin import structs
from akoo_vsphere import differences, guards, marks, ownership, suitable
from akoo_vsphere.adoption import adopt
from akoo_vsphere.differences import Difference
from akoo_vsphere.marks import Mark
from akoo_vsphere.observed import Observed
from akoo_vsphere.situation import (
    Action,
    Announce,
    Create,
    Plan,
    Situation,
    Stuck,
)
from akoo_vsphere.spec import applied, port_group, refusal, settings
from akoo_vsphere.spec.settings import Leaves
from akoo_vsphere.writing import claimant, impossible, writes


def plan(situation: Situation) -> Plan:
    """Actions for one port group. Raises Refusal where nothing may be written."""
    port_group.check(situation.group)
    guards.check_identity(situation)
    suitable.check(situation.group.spec, situation.switch, situation.vcenter)
    desired = settings.leaves(situation.group.desired)
    observed = situation.observed
    if observed is None:
        return _absent(situation, desired)
    guards.check_touchable(observed, situation)
    verdict = ownership.judge(
        claimant(situation),
        observed.mo_ref,
        observed.description,
        observed.values.get(marks.ATTRIBUTE, ""),
    )
    if verdict.state == "Unmarked":
        return adopt(situation, observed, desired)
    if verdict.mark is None:
        raise refusal.Refusal(verdict.reason, verdict.message)
    own = _own(situation, observed, desired, verdict.mark)
    return structs.replace(own, taken_from=verdict.taken_from)


def _absent(situation: Situation, desired: Leaves) -> Plan:
    group = situation.group
    status = group.status
    if group.spec.existing is not None and status.port_group is None:
        raise refusal.Refusal(
            "PortGroupNotFound",
            "spec.existing: the port group is not there, or not for this account. Correct "
            "spec.existing, or let the account read it.",
        )
    if group.spec.existing is not None or status.provenance == "Adopted":
        raise refusal.Refusal(
            "PortGroupVanished",
            "The port group that was adopted is gone, and only those who made it know all of its "
            "settings. Restore it, or replace this object by another without spec.existing.",
        )
    why = "somebody removed it" if status.port_group is not None else "it does not exist"
    if status.pending_create is None:
        return Plan(actions=(Announce(why=(why,)),), in_force={})
    mark = Mark(
        management_id=situation.management_id,
        epoch=status.epoch or 1,
        name=group.name,
        uid=group.uid,
        provenance="Created",
        nonce=status.pending_create.nonce,
    )
    description = marks.with_mark(group.spec.description or "", mark)
    create = Create(settings=desired, description=description, why=(why,))
    return Plan(actions=(create,), in_force={}, mark=mark)


def _own(situation: Situation, observed: Observed, desired: Leaves, mark: Mark) -> Plan:
    recorded = applied.to_leaves(situation.group.status.applied)
    changes: Leaves = {}
    why: list[str] = []
    waiting: list[Difference] = []
    reported: list[Difference] = []
    stuck: list[Stuck] = []
    for difference in differences.between(desired, recorded, observed):
        obstacle = impossible(difference, observed, situation.use)
        if obstacle:
            stuck.append(Stuck(difference=difference, message=obstacle))
        elif difference.kind == "Drift":
            _drift(situation, difference, changes, why, reported)
        elif _waits(situation, difference):
            waiting.append(difference)
            _restore(situation, difference, changes, why)
        else:
            changes[difference.field] = difference.want
            why.append(f"{difference} (edited)")
    return Plan(
        actions=writes(observed, mark, changes, tuple(why)),
        waiting=tuple(waiting),
        reported=tuple(reported),
        stuck=tuple(stuck),
        in_force=differences.in_force_now(desired, recorded, observed),
        mark=mark,
    )


def _drift(
    situation: Situation,
    difference: Difference,
    changes: Leaves,
    why: list[str],
    reported: list[Difference],
) -> None:
    if situation.group.spec.drift_policy == "Report":
        reported.append(difference)
        return
    changes[difference.field] = difference.want
    why.append(f"{difference} (changed in vCenter)")


def _waits(situation: Situation, difference: Difference) -> bool:
    always = situation.group.spec.change_policy == "Always"
    return difference.disturbing and not (always or situation.use.none)


def _restore(situation: Situation, difference: Difference, changes: Leaves, why: list[str]) -> None:
    """Back to what was in force, where an edit waits and somebody changed the field meanwhile."""
    if difference.drifted and situation.group.spec.drift_policy == "Repair":
        changes[difference.field] = difference.in_force
        shown = structs.replace(difference, want=difference.in_force)
        why.append(f"{shown} (changed in vCenter; another edit waits)")


def in_sync(result: Plan, situation: Situation) -> tuple[str, str]:
    """Reason and message of ConfigInSync; ("", "") if it is True."""
    if result.stuck:
        return "Unchangeable", " ".join(entry.message for entry in result.stuck)
    if result.waiting:
        return "WaitingUntilUnused", (
            f"{_listed(result.waiting)}; {situation.use}. Disconnect them, or set "
            "spec.changePolicy to Always."
        )
    if result.reported:
        return "Drifted", (
            f"Somebody changed it in vCenter: {_listed(result.reported)}. Set it back, or set "
            "spec.driftPolicy to Repair."
        )
    return "", ""


def _listed(listed: tuple[Difference, ...]) -> str:
    return "; ".join(map(str, listed))


def pending(actions: tuple[Action, ...]) -> str:
    """The reasons of the actions, for events and the log."""
    return "; ".join(reason for action in actions for reason in action.why)
