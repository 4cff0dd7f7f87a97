"""Guards of every write: same vCenter, same switch, a port group that may be touched. Pure."""

from __future__ import annotations

from akoo_vsphere.observed import Observed
from akoo_vsphere.situation import Situation
from akoo_vsphere.spec import refusal


def check_identity(situation: Situation) -> None:
    """Raise Refusal if vCenter or switch are not those that status names."""
    recorded, vcenter = situation.group.status.port_group, situation.vcenter
    if recorded is None:
        return
    if recorded.instance_uuid != vcenter.instance_uuid:
        if vcenter.accepted == vcenter.instance_uuid:
            return
        raise refusal.Refusal(
            "VCenterReplaced",
            f"The port group is recorded in vCenter {recorded.instance_uuid}, and "
            f"{vcenter.instance_uuid} answers. Nothing is written. If it took over the inventory, "
            f"annotate the VSphereConnection with akoo.io/accept-vcenter: {vcenter.instance_uuid}.",
        )
    if recorded.switch_uuid != situation.switch.uuid:
        raise refusal.Refusal(
            "SwitchReplaced",
            f"The port group is recorded on switch {recorded.switch_uuid}, and "
            f"spec.distributedSwitch is {situation.switch.uuid} now. Nothing is written. Name "
            "the switch by its uuid.",
        )


def check_touchable(observed: Observed, situation: Situation) -> None:
    """Raise Refusal for a port group that is never changed, whatever its marks and policies."""
    owner = _owner(observed)
    if owner:
        reason, words = owner
        raise refusal.Refusal(
            reason,
            f'Port group "{observed.name}" ({observed.mo_ref}) {words}. It is never changed. Name '
            "another port group.",
        )
    if observed.switch != situation.switch.mo_ref:
        raise refusal.Refusal(
            "SwitchReplaced",
            f'Port group "{observed.name}" ({observed.mo_ref}) is on switch {observed.switch}, and '
            f"spec.distributedSwitch is {situation.switch.mo_ref}. Correct spec.distributedSwitch.",
        )
    existing = situation.group.spec.existing
    if existing is not None and existing.mo_ref not in ("", observed.mo_ref):
        raise refusal.Refusal(
            "NotAdopted",
            f"spec.existing.moRef is {existing.mo_ref}, and {observed.mo_ref} was read.",
        )


def _owner(observed: Observed) -> tuple[str, str] | None:
    if observed.uplink:
        return "UplinkPortGroup", "carries the uplinks of its switch"
    if observed.nsx:
        return "NSXManaged", "belongs to NSX"
    if observed.vpc:
        return "NSXManaged", "belongs to a VPC"
    return None
