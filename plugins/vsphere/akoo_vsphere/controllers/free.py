"""The guard of a create: Avi looks there, and nobody has its name or its VLAN."""

from __future__ import annotations

from akoo_vsphere import allocation
from akoo_vsphere.controllers import avi_gate
from akoo_vsphere.controllers.scene import Scene
from akoo_vsphere.controllers.search import Sight
from akoo_vsphere.spec import refusal
from akoo_vsphere.spec.port_group import PortGroup


async def check(view: Scene, group: PortGroup, sight: Sight, made: str = "") -> None:
    """Raise Refusal if the port group must not be made. ``made``: the moRef of one that this
    attempt made.

    A VLAN counts only if it was chosen from a pool: a person who names a VLAN may mean one that
    others have, too.
    """
    avi_gate.check(group, view.clock.now())
    if sight.taken_by:
        raise name_conflict(view, group, sight.taken_by)
    if group.config:
        problem = allocation.conflict(group.spec, made, await view.catalog.vlans(view.switch))
        if problem is not None:
            raise problem


def name_conflict(view: Scene, group: PortGroup, mo_ref: str) -> refusal.Refusal:
    """The refusal of a name that another object has; "" for one that is not known."""
    return refusal.Refusal(
        "NameConflict",
        f'"{group.desired.port_group_name}" is the name of another object '
        f"({mo_ref or 'unknown'}) in folder {view.place.placed.folder_path}. Rename that one, or "
        "give another spec.portGroupName.",
    )
