"""The distributed switch and the vCenter: what a port group needs of them. Only checked. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from akoo_core.plugin import structs
from akoo_vsphere.spec import refusal, settings
from akoo_vsphere.spec.port_group import Spec

Release = tuple[int, ...]

MAC_MANAGEMENT: Final[Release] = (6, 7)
"""The first API version with ``macManagementPolicy``: older ones drop the field in silence."""
MAC_LEARNING: Final[Release] = (6, 6)
"""The first version of a switch that learns MAC addresses."""


class Switch(structs.Struct, frozen=True, kw_only=True):
    """The distributed switch as read."""

    mo_ref: str
    uuid: str
    name: str = ""
    version: str = ""
    """Of the switch, not of vCenter; "" if it cannot be read."""
    max_mtu: int | None = None
    uplinks: tuple[str, ...] = ()
    """Uplinks and LAGs."""
    private_vlans: frozenset[int] = frozenset()
    """Secondary ids."""
    uplink_port_groups: frozenset[str] = frozenset()
    """moRefs."""
    extension: str = ""
    """Key of the extension that owns the switch; "" for none."""


class VCenter(structs.Struct, frozen=True, kw_only=True):
    """The vCenter that answers."""

    instance_uuid: str
    api_version: str
    """``8.0.3.0``"""
    accepted: str = ""
    """Instance UUID that a person accepts in place of the recorded one."""


def release(version: str) -> Release:
    """The numbers of a version; () for what has none."""
    numbers = []
    for part in version.split("."):
        if not (part.isascii() and part.isdigit()):
            break
        numbers.append(int(part))
    return tuple(numbers)


def check(spec: Spec, switch: Switch, vcenter: VCenter) -> None:
    """Raise Refusal if the port group cannot be as desired on this switch."""
    if switch.extension:
        problem = f'switch "{switch.name}" belongs to the extension {switch.extension}'
        raise refusal.Refusal(
            "SwitchUnsuitable", f"spec.distributedSwitch: {problem}. Name another switch."
        )
    if spec.mac_management_policy is not None:
        _check_security(spec.mac_management_policy, switch, vcenter)
    if spec.minimum_mtu is not None and (switch.max_mtu or 0) < spec.minimum_mtu:
        have = "is not known" if switch.max_mtu is None else f"is {switch.max_mtu}"
        raise _unsuitable(
            "spec.minimumMTU",
            f'MTU of switch "{switch.name}" {have}, less than {spec.minimum_mtu}',
            "Raise it on the switch, which is its only place, or lower minimumMTU",
        )
    secondary = spec.vlan.pvlan_secondary_id if spec.vlan is not None else None
    if secondary is not None and secondary not in switch.private_vlans:
        known = ", ".join(map(str, sorted(switch.private_vlans))) or "none"
        raise _unsuitable(
            "spec.vlan.pvlanSecondaryID",
            f'{secondary} is not a secondary id of switch "{switch.name}"',
            f"Its secondary ids: {known}",
        )
    if spec.teaming is not None:
        _check_uplinks(spec.teaming, switch)


def _check_security(policy: settings.MacManagementPolicy, switch: Switch, vcenter: VCenter) -> None:
    if release(vcenter.api_version) < MAC_MANAGEMENT:
        raise refusal.Refusal(
            "VersionTooOld",
            f"spec.macManagementPolicy: API version {vcenter.api_version or 'unknown'} of vCenter "
            "does not have it, 6.7 does. Remove the field, or upgrade vCenter.",
        )
    if policy.mac_learning is not None and () < release(switch.version) < MAC_LEARNING:
        raise _unsuitable(
            "spec.macManagementPolicy.macLearning",
            f'switch "{switch.name}" has version {switch.version}, and 6.6 is the first with it',
            "Remove macLearning, or upgrade the switch",
        )


def _check_uplinks(teaming: settings.Teaming, switch: Switch) -> None:
    for field, uplinks in (
        ("activeUplinks", teaming.active_uplinks),
        ("standbyUplinks", teaming.standby_uplinks),
    ):
        for number, uplink in enumerate(uplinks or ()):
            if uplink not in switch.uplinks:
                raise _unsuitable(
                    f"spec.teaming.{field}[{number}]",
                    f'"{uplink}" is not an uplink of switch "{switch.name}"',
                    _nearest(uplink, switch.uplinks),
                )


def _nearest(name: str, existing: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(existing), n=1)
    meant = f' Did you mean "{near[0]}"?' if near else ""
    return f"Its uplinks: {', '.join(existing) or 'none'}.{meant}".removesuffix(".")


def _unsuitable(field: str, problem: str, cure: str) -> refusal.Refusal:
    end = "" if cure.endswith("?") else "."
    return refusal.Refusal("SwitchUnsuitable", f"{field}: {problem}. {cure}{end}")
