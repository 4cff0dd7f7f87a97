"""Adoption of a port group that nobody marked: only as ``adoptionPolicy`` says. Pure."""

from __future__ import annotations

from akoo_vsphere import differences
from akoo_vsphere.differences import Difference
from akoo_vsphere.marks import Mark
from akoo_vsphere.observed import Observed
from akoo_vsphere.situation import Plan, Situation
from akoo_vsphere.spec import refusal
from akoo_vsphere.spec.settings import Leaves
from akoo_vsphere.writing import impossible, writes


def adopt(situation: Situation, observed: Observed, desired: Leaves) -> Plan:
    """The marks and, with IfUnowned on an unused port group, the changes. Raises Refusal."""
    group = situation.group
    policy = group.spec.adoption_policy
    if policy == "Never":
        raise refusal.Refusal(
            "NameConflict",
            f'A port group "{observed.name}" ({observed.mo_ref}) is there, without a mark. Set '
            "spec.adoptionPolicy to IfIdentical or IfUnowned to adopt it, or give another "
            "spec.portGroupName in a new object.",
        )
    listed = differences.between(desired, {}, observed)
    if listed:
        _check(situation, observed, listed)
    mark = Mark(
        management_id=situation.management_id,
        epoch=group.status.epoch or 1,
        name=group.name,
        uid=group.uid,
        provenance="Adopted",
        nonce=group.uid,
    )
    changes = {difference.field: difference.want for difference in listed}
    why = (f"adopted ({policy})", *(str(difference) for difference in listed))
    return Plan(actions=writes(observed, mark, changes, why), in_force={}, mark=mark)


def _check(situation: Situation, observed: Observed, listed: tuple[Difference, ...]) -> None:
    """Raise Refusal unless the differences may be changed."""
    obstacles = [impossible(entry, observed, situation.use) for entry in listed]
    cure = next((text for text in obstacles if text), "")
    if not cure and situation.group.spec.adoption_policy == "IfIdentical":
        cure = "Make spec the same, leave these fields out, or set adoptionPolicy to IfUnowned."
    if not cure and not situation.use.none:
        cure = (
            f"It is in use: {situation.use}. Make spec the same, leave these fields out, or "
            "disconnect them."
        )
    if cure:
        shown = "; ".join(map(str, listed))
        raise refusal.Refusal(
            "AdoptionWouldChange",
            f'Adopting port group "{observed.name}" ({observed.mo_ref}) would change it: '
            f"{shown}. {cure}",
        )
