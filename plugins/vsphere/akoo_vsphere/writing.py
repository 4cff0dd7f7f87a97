"""Writes on a port group that is ours, or is about to be: changes, marks, the name. Pure."""

from __future__ import annotations

from akoo_vsphere import marks
from akoo_vsphere.differences import Difference
from akoo_vsphere.marks import Mark
from akoo_vsphere.observed import Observed
from akoo_vsphere.ownership import Claimant
from akoo_vsphere.situation import Action, Reconfigure, Rename, SetAttribute, Situation, Use
from akoo_vsphere.spec import settings
from akoo_vsphere.spec.settings import Leaves


def claimant(situation: Situation) -> Claimant:
    """The object as an owner."""
    group = situation.group
    status = group.status
    recorded = status.port_group
    other = recorded is not None and recorded.instance_uuid != situation.vcenter.instance_uuid
    pending = status.pending_create
    return Claimant(
        management_id=situation.management_id,
        name=group.name,
        uid=group.uid,
        epoch=status.epoch,
        mo_ref="" if recorded is None or other else recorded.mo_ref,
        provenance=status.provenance,
        nonce=pending.nonce if pending is not None else status.nonce,
        adopt=group.adopt or situation.adopt,
        adopted_from=status.adopted_from,
    )


def writes(
    observed: Observed, mark: Mark, changes: Leaves, why: tuple[str, ...]
) -> tuple[Action, ...]:
    """Actions that bring changes and mark to the port group. The mark goes with the first write."""
    rest = dict(changes)
    name = rest.pop(settings.NAME, None)
    text = rest.pop(settings.DESCRIPTION, None)
    description = _description(observed, mark, text)
    actions: list[Action] = []
    if rest or description is not None:
        healed = () if description is None or text is not None else ("description: the mark",)
        actions.append(
            Reconfigure(
                changes=rest,
                description=description,
                config_version=observed.config_version,
                why=(*why, *healed),
            )
        )
    if observed.values.get(marks.ATTRIBUTE, "") != marks.text(mark):
        value = marks.text(mark)
        actions.append(SetAttribute(value=value, why=(f"{marks.ATTRIBUTE}: the mark",)))
    if name is not None:
        actions.append(Rename(name=name, why=why))
    return tuple(actions)


def _description(observed: Observed, mark: Mark, text: str | None) -> str | None:
    """The whole description to write; None if it stays. What people wrote stays byte by byte."""
    if text is None and marks.of_description(observed.description) == mark:
        return None
    written = marks.without(observed.description) if text is None else text
    return marks.with_mark(written, mark)


def impossible(difference: Difference, observed: Observed, use: Use) -> str:
    """The reason why a difference cannot be mended, with the cure; "" if it can."""
    if difference.field == settings.BINDING:
        return (
            f"{difference}. vCenter does not change it on a port group that exists. Set "
            "spec.portBinding as it is, or have another port group made."
        )
    if difference.field != settings.PORTS:
        return ""
    if observed.leaves.get(settings.BINDING) != "Static":
        return (
            "spec.portAllocation: the port group does not have static binding, and only static "
            "binding has a number of ports. Remove portAllocation and numPorts."
        )
    wanted = difference.want.get("numPorts")
    if wanted is None or not _fewer(difference):
        return ""
    lowest = use.lowest
    if lowest is None or wanted < lowest:
        return f"spec.numPorts: {difference}, and {use}. Disconnect some, or give a larger number."
    return ""


def _fewer(difference: Difference) -> bool:
    """True if ports may go: of an elastic port group nobody knows how many it has by now."""
    have = (difference.have or {}).get("numPorts")
    return have is None or bool(difference.want["numPorts"] < have)
