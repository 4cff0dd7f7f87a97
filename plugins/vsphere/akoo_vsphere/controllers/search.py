"""Finds the port group of an object in vCenter, or proves that it has none.

In this order: the moRef that is known, our mark, the nonce of a create that was sent, and what spec
names. Only a port group that was read now counts. The marks of all port groups of a switch are in
its last list and in what the source reported since; without a source that follows, the list is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from akoo_vsphere import marks, ownership, writing
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import Child, Users
from akoo_vsphere.connect.catalog import Neighbours
from akoo_vsphere.controllers.scene import Scene
from akoo_vsphere.marks import Mark
from akoo_vsphere.observed import Observed
from akoo_vsphere.spec import refusal
from akoo_vsphere.spec.port_group import PortGroup


class Sight(NamedTuple):
    """The result of a search."""

    observed: Observed | None = None
    """None: the object has no port group, which is proven."""
    taken_by: str = ""
    """moRef of another object that has the wanted name, beside the switch."""


async def find(scene: Scene, group: PortGroup) -> Observed | None:
    """The port group of the object as it is now; None if it is proven to be absent. Raises
    UnreadableError if it may be there, unseen."""
    return (await look(scene, group, fresh=True)).observed


async def look(
    scene: Scene, group: PortGroup, made: str = "", *, unsent: str = "", fresh: bool = False
) -> Sight:
    """The port group of the object as it is now, or what keeps it from being made.

    ``made``: the moRef that this attempt made. ``unsent``: the nonce of a create that was announced
    and not sent. ``fresh``: a list is read now, unless a source follows the vCenter. Raises
    UnreadableError if it may be there, unseen.
    """
    recorded = made or _recorded(scene, group)
    if recorded:
        seen = await _read(scene, recorded)
        if seen is not None and not _reused(scene, group, seen):
            return Sight(seen)
    reported = scene.marked.of(scene.connection, scene.clock.monotonic())
    listed = await scene.catalog.neighbours(
        scene.switch, scene.about.instance_uuid, followed=reported is not None, fresh=fresh
    )
    seen = await _carrier(scene, group, {**listed.marks, **(reported or {})})
    if seen is not None:
        return Sight(seen)
    name = "" if group.spec.existing is not None else group.desired.port_group_name or group.name
    child = await scene.client.child(scene.place.placed.folder, name) if name else None
    seen = await _made(scene, group, unsent, child)
    if seen is not None:
        return Sight(seen)
    if not name:
        return Sight(await _existing(scene, group))
    return await _named(scene, name, child, listed)


def _recorded(scene: Scene, group: PortGroup) -> str:
    """The moRef of status, if this vCenter gave it."""
    known = group.status.port_group
    if known is None or known.instance_uuid != scene.about.instance_uuid:
        return ""
    return known.mo_ref


async def _read(scene: Scene, mo_ref: str) -> Observed | None:
    try:
        return scene.read(await scene.client.port_group(mo_ref))
    except errors.NotFoundError:
        return None


def _reused(scene: Scene, group: PortGroup, seen: Observed) -> bool:
    """True if vCenter gave the recorded moRef to another port group, as one that was restored or
    reinstalled does: it has the mark of another object of ours, or no mark and a strange name."""
    verdict = verdict_on(scene, group, seen)
    if verdict.state == "Foreign":
        mark = marks.read(seen.values.get(marks.ATTRIBUTE, ""))
        written = marks.of_description(seen.description)
        other = mark if isinstance(mark, Mark) else written
        return (
            isinstance(other, Mark)
            and other.management_id == scene.management_id
            and other.name != group.name
        )
    known = group.status.port_group
    names_known = {group.desired.port_group_name, known.name if known is not None else None}
    return verdict.reason == "MarkLost" and seen.name not in names_known


def verdict_on(scene: Scene, group: PortGroup, seen: Observed) -> ownership.Verdict:
    """The verdict on the owner of a port group."""
    return ownership.judge(
        writing.claimant(scene.situation(group, seen)),
        seen.mo_ref,
        seen.description,
        seen.values.get(marks.ATTRIBUTE, ""),
    )


async def _carrier(
    scene: Scene, group: PortGroup, candidates: Mapping[str, str]
) -> Observed | None:
    """The port group of this switch that carries our mark. Raises Refusal for several."""
    carriers: list[Observed] = []
    for mo_ref, value in candidates.items():
        if not _is_ours(scene, group, value):
            continue
        seen = await _read(scene, mo_ref)
        if (
            seen is not None
            and seen.switch == scene.switch
            and _is_ours(scene, group, seen.values.get(marks.ATTRIBUTE, ""))
        ):
            carriers.append(seen)
    if len(carriers) > 1:
        raise refusal.Refusal(
            "MarksDisagree",
            f"{len(carriers)} port groups carry the mark of VSpherePortGroup/{group.name}: "
            f"{', '.join(seen.mo_ref for seen in carriers[:5])}. Nothing is written. Remove "
            f"{marks.ATTRIBUTE} and the line of the mark in the description from those that are "
            "not its own.",
        )
    return carriers[0] if carriers else None


def _is_ours(scene: Scene, group: PortGroup, value: str) -> bool:
    ours = {scene.management_id, group.adopt, scene.connection.adopt} - {""}
    mark = marks.read(value)
    return isinstance(mark, Mark) and mark.name == group.name and mark.management_id in ours


async def _made(
    scene: Scene, group: PortGroup, unsent: str, child: Child | None
) -> Observed | None:
    """The port group that an announced create made, whatever its name is by now. Its answer was
    lost, or the process ended before the custom attribute was written."""
    pending = group.status.pending_create
    if pending is None or pending.nonce == unsent:
        return None
    if child is not None and child.port_group:
        seen = await _read(scene, child.mo_ref)
        if seen is not None and _has_nonce(seen.description, group, pending.nonce):
            return seen
    for mo_ref, text in (await scene.client.descriptions(scene.switch)).items():
        if _has_nonce(text, group, pending.nonce):
            return await _read(scene, mo_ref)
    return None


def _has_nonce(description: str, group: PortGroup, nonce: str) -> bool:
    mark = marks.of_description(description)
    return isinstance(mark, Mark) and (mark.name, mark.nonce) == (group.name, nonce)


async def _existing(scene: Scene, group: PortGroup) -> Observed | None:
    """The port group that ``existing`` names."""
    existing = group.spec.existing
    if existing is None:
        return None
    mo_ref = existing.mo_ref
    if not mo_ref:
        try:
            mo_ref = await scene.client.port_group_at(existing.inventory_path)
        except errors.NotFoundError:
            return None
    return await _read(scene, mo_ref)


async def _named(scene: Scene, name: str, child: Child | None, listed: Neighbours) -> Sight:
    """The port group of this switch with the name: beside the switch, or where somebody moved it
    to."""
    if child is not None and not child.port_group:
        return Sight(taken_by=child.mo_ref)
    seen = await _read(scene, child.mo_ref) if child is not None else None
    if seen is not None:
        return Sight(seen) if seen.switch == scene.switch else Sight(taken_by=seen.mo_ref)
    moved = listed.names.get(name)
    seen = await _read(scene, moved) if moved else None
    return Sight(seen if seen is not None and seen.name == name else None)


async def users_of(scene: Scene, mo_ref: str) -> Users:
    """Users of a port group."""
    return await scene.client.users(mo_ref, scene.switch)
