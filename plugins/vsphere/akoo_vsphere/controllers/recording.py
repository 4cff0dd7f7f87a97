"""Notes of an attempt: what it learns goes into status and conditions."""

from __future__ import annotations

import datetime
from typing import Final

from akoo_core.plugin import structs
from akoo_core.plugin.conditions import Condition
from akoo_vsphere import differences, plan
from akoo_vsphere.client.api import Users
from akoo_vsphere.controllers import conditions
from akoo_vsphere.controllers.attempt import Attempt
from akoo_vsphere.controllers.scene import Scene
from akoo_vsphere.observed import Observed
from akoo_vsphere.situation import Action, Create, Plan, Reconfigure, Rename, Use
from akoo_vsphere.spec import applied, port_group, settings, vlan
from akoo_vsphere.spec.port_group_status import (
    Drift,
    Located,
    PortGroupFound,
    Status,
    Switch,
    Usage,
)

RECHECK_SECONDS: Final = 600.0
"""Time until the next look at a port group that is in order."""
MOST_DRIFT: Final = 16


def place(attempt: Attempt, view: Scene) -> None:
    """Record datacenter and switch. A handover that is withdrawn may be made again later."""
    placed = view.place.placed
    adopt = attempt.group.adopt or view.connection.adopt
    before = attempt.status.adopted_from
    attempt.status = structs.replace(
        attempt.status,
        observed_generation=attempt.group.generation,
        adopted_from=before if before == adopt else "",
        datacenter=Located(mo_ref=view.place.datacenter.mo_ref, path=view.place.datacenter.path),
        distributed_switch=Switch(
            mo_ref=placed.switch.mo_ref,
            uuid=placed.switch.uuid,
            name=placed.switch.name,
            folder_path=placed.folder_path,
        ),
    )


def resolved(view: Scene) -> Condition:
    """The condition SwitchResolved."""
    placed = view.place.placed
    message = f"Switch {placed.switch.name} in {placed.folder_path}."
    if view.place.renamed_from:
        message += (
            f' Somebody renamed it: spec.distributedSwitch.name is "{view.place.renamed_from}". It '
            "is found by its uuid."
        )
    return conditions.true(conditions.SWITCH, "Resolved", message)


def verified(attempt: Attempt, result: Plan, seen: Observed | None) -> None:
    """Note whose the port group is, once it exists and the plan agreed to touch it."""
    if seen is not None and result.mark is not None:
        message = f'Port group "{seen.name}" ({seen.mo_ref}) is ours.'
        attempt.establish(conditions.true(conditions.OWNED, "Marked", message))
        message = f'Port group "{seen.name}" ({seen.mo_ref}) exists.'
        attempt.establish(conditions.true(conditions.PROVISIONED, "Provisioned", message))


async def taking_over(attempt: Attempt, result: Plan) -> bool:
    """Store the epoch of a takeover before it is written, so that an interrupted one goes on with
    it, and the former owner, so that it happens once. True if it was stored now."""
    mark, status = result.mark, attempt.status
    if mark is None:
        return False
    former = result.taken_from or status.adopted_from
    epoch = status.epoch if status.epoch is None and not result.taken_from else mark.epoch
    if (epoch, former) == (status.epoch, status.adopted_from):
        return False
    attempt.status = structs.replace(status, epoch=epoch, adopted_from=former)
    await attempt.save(strict=True)
    return True


def use_of(users: Users) -> Use:
    """Users as the plan reads them."""
    return Use(ports=users.ports, machines=users.machines)


def event(action: Action, mo_ref: str) -> tuple[str, str, bool]:
    """Reason, note and whether it is a warning; "" for no Event."""
    why = "; ".join(action.why)
    match action:
        case Create():
            name = action.settings[settings.NAME]
            return "PortGroupCreated", f'Port group "{name}" was made as {mo_ref}.', False
        case Reconfigure() | Rename():
            if any("changed in vCenter" in reason for reason in action.why):
                return "PortGroupRepaired", f"{mo_ref}: {why}", True
            if any(reason.startswith("adopted") for reason in action.why):
                return "PortGroupAdopted", f"{mo_ref}: {why}", False
            if any("(edited)" in reason for reason in action.why):
                return "PortGroupChanged", f"{mo_ref}: {why}", False
            return "PortGroupMarked", f"{mo_ref}: {why}", False
        case _:
            return "", "", False


async def settled(attempt: Attempt, view: Scene, result: Plan, seen: Observed) -> None:
    """Record a port group on which nothing is left to do."""
    mark, before = result.mark, attempt.status
    provenance = before.provenance or (mark.provenance if mark is not None else None)
    attempt.status = structs.replace(
        before,
        port_group=await _port_group(view, seen),
        provenance=provenance,
        nonce=mark.nonce if mark is not None else before.nonce,
        epoch=mark.epoch if mark is not None else before.epoch,
        deletion_policy="Retain"
        if port_group.retained(attempt.group.spec, provenance)
        else "Delete",
        pending_create=None,
        last_task=None,
        applied=applied.of_leaves(result.in_force),
        usage=usage(before, attempt.users, attempt.ctx.clock.now()),
        drift=drift(result),
        missing_privileges=(),
    )
    reason, message = plan.in_sync(result, view.situation(attempt.group, seen, _use(attempt)))
    attempt.establish(
        Condition(type=conditions.IN_SYNC, status="False", reason=reason, message=message)
        if reason
        else conditions.true(conditions.IN_SYNC, "InSync", "vCenter has what spec states.")
    )


def _use(attempt: Attempt) -> Use:
    return use_of(attempt.users) if attempt.users is not None else Use(ports=None, machines=None)


async def _port_group(view: Scene, seen: Observed) -> PortGroupFound:
    kind = seen.leaves.get(settings.VLAN)
    return PortGroupFound(
        name=seen.name,
        mo_ref=seen.mo_ref,
        key=seen.key,
        instance_uuid=view.about.instance_uuid,
        datacenter=view.place.datacenter.mo_ref,
        switch_uuid=view.place.placed.switch.uuid,
        inventory_path=await _path(view, seen),
        config_version=seen.config_version,
        vlan=structs.convert(kind, vlan.Vlan) if kind is not None else None,
    )


async def _path(view: Scene, seen: Observed) -> str:
    """The inventory path. It lies in the folder of its switch unless somebody moved it."""
    placed = view.place.placed
    plain = not set(seen.name) & set("/\\%")
    if plain and seen.parent == placed.folder:
        return f"{placed.folder_path}/{seen.name}"
    return await view.client.path(seen.mo_ref)


def usage(before: Status, users: Users | None, now: datetime.datetime) -> Usage | None:
    """The users; the time of the former look stays while they are the same."""
    if users is None or users.ports is None:
        return before.usage
    known = before.usage
    wanted = Usage(
        connected=max(users.ports, users.machines or 0),
        names=users.names[:5],
        unseen=users.unseen,
        observed_at=now,
    )
    if known is not None and structs.replace(known, observed_at=now) == wanted:
        return known
    return wanted


def drift(result: Plan) -> tuple[Drift, ...]:
    """Differences that stay."""
    staying = (*result.waiting, *result.reported, *(entry.difference for entry in result.stuck))
    return tuple(_drift(difference) for difference in staying)[:MOST_DRIFT]


def _drift(difference: differences.Difference) -> Drift:
    want, have = (
        settings.text(difference.field, value) for value in (difference.want, difference.have)
    )
    return Drift(field=difference.field, want=want, have=have)
