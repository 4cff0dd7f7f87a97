"""Refusals of a VSpherePortGroup that need no vCenter. Pure.

The CRD says most of them, too; an object that an older CRD let in is refused here.
"""

from __future__ import annotations

import re
from typing import Final

from akoo_vsphere.spec import names, refusal, settings, vlan

LONGEST_DESCRIPTION: Final = 256
MOST_PORTS: Final = 8192
MOST_LEARNED: Final = 4096
MARK: Final = "akoo/"
"""Start of the line of a description that is the mark."""
_MARK_LINE = re.compile(rf"(?:^|[\n\r])[ \t]*{MARK}")
_MOREF = re.compile(r"dvportgroup-[0-9]+")


def check_object_name(name: str) -> None:
    """Raise Refusal for a name of an object that is too long for the mark."""
    if len(name) > names.LONGEST_OBJECT:
        problem = (
            f"has {len(name)} characters, and the mark in vCenter takes {names.LONGEST_OBJECT}"
        )
        cure = "Give the object a shorter name; spec.portGroupName can be longer"
        raise refusal.invalid("metadata.name", problem, cure)


def check_reference(name: str, field: str, kind: str) -> None:
    """Raise Refusal for a field that names nothing."""
    if not name.strip():
        raise refusal.invalid(field, "is empty", f"Name {kind}")


def check_choice(field: str, values: dict[str, str]) -> None:
    """Raise Refusal unless exactly one of the values is there."""
    if sum(bool(value) for value in values.values()) != 1:
        choices = " and ".join(values)
        raise refusal.invalid(field, "sets none or both", f"Set exactly one of {choices}")


def check_existing(mo_ref: str, path: str) -> None:
    """Raise Refusal for what cannot name a distributed port group."""
    check_choice("spec.existing", {"moRef": mo_ref, "inventoryPath": path})
    if mo_ref and not _MOREF.fullmatch(mo_ref):
        raise refusal.invalid(
            "spec.existing.moRef",
            f'"{mo_ref}" is not the moRef of a distributed port group',
            "Give one such as dvportgroup-12",
        )


def check_adoption(policy: str) -> None:
    """Raise Refusal for an existing port group that must not be adopted."""
    if policy == "Never":
        raise refusal.invalid(
            "spec.adoptionPolicy",
            "is Never, and spec.existing names a port group to adopt",
            "Set IfIdentical or IfUnowned, or remove spec.existing",
        )


def check_settings(desired: settings.Settings) -> None:
    """Raise Refusal for settings that no port group can have."""
    if desired.port_group_name is not None:
        names.check(desired.port_group_name, "spec.portGroupName")
    if desired.vlan is not None:
        vlan.check(desired.vlan, "spec.vlan")
    _check_ports(desired)
    _check_description(desired.description)
    if desired.mac_management_policy is not None:
        _check_learning(desired.mac_management_policy.mac_learning)
    if desired.teaming is not None:
        _check_teaming(desired.teaming)


def _check_ports(desired: settings.Settings) -> None:
    if desired.port_binding == "Ephemeral":
        for field, value in (
            ("portAllocation", desired.port_allocation),
            ("numPorts", desired.num_ports),
        ):
            if value is not None:
                problem = "stands beside portBinding Ephemeral, which makes a port for each NIC"
                raise refusal.invalid(f"spec.{field}", problem, "Remove it")
    if desired.num_ports is None:
        if desired.port_allocation == "Fixed":
            problem = "is missing beside portAllocation Fixed"
            raise refusal.invalid("spec.numPorts", problem, "Say how many ports")
        return
    if desired.port_allocation != "Fixed":
        problem = "stands without portAllocation Fixed; the ports of an elastic port group grow"
        raise refusal.invalid("spec.numPorts", problem, "Remove it, or set portAllocation to Fixed")
    if not 1 <= desired.num_ports <= MOST_PORTS:
        problem = f"{desired.num_ports} is out of range"
        raise refusal.invalid("spec.numPorts", problem, f"Give 1 to {MOST_PORTS}")


def _check_description(text: str | None) -> None:
    if text is None:
        return
    if len(text) > LONGEST_DESCRIPTION:
        problem = f"has {len(text)} characters"
        cure = f"Give at most {LONGEST_DESCRIPTION}: the mark needs room"
        raise refusal.invalid("spec.description", problem, cure)
    if text != text.strip():
        problem = "begins or ends with space, which vCenter does not keep apart from the mark"
        raise refusal.invalid("spec.description", problem, "Remove it")
    if _MARK_LINE.search(text):
        problem = f"has a line that begins with {MARK}, as the mark does"
        raise refusal.invalid("spec.description", problem, "Write it otherwise")


def _check_learning(learning: settings.MacLearning | None) -> None:
    limit = learning.limit if learning is not None else None
    if limit is not None and not 0 <= limit <= MOST_LEARNED:
        field = "spec.macManagementPolicy.macLearning.limit"
        raise refusal.invalid(field, f"{limit} is out of range", f"Give 0 to {MOST_LEARNED}")


def _check_teaming(teaming: settings.Teaming) -> None:
    active, standby = teaming.active_uplinks, teaming.standby_uplinks
    if active is None:
        if standby is not None:
            problem = "stands without activeUplinks, and order needs both"
            raise refusal.invalid("spec.teaming.standbyUplinks", problem, "Add activeUplinks")
        return
    if not active:
        problem = "is empty, so that no traffic would pass"
        raise refusal.invalid("spec.teaming.activeUplinks", problem, "Name an uplink, or remove it")
    seen: set[str] = set()
    for field, uplinks in (("activeUplinks", active), ("standbyUplinks", standby or ())):
        for number, uplink in enumerate(uplinks):
            if not uplink or uplink in seen:
                problem = f'"{uplink}" is empty or there twice'
                cure = "Name each uplink once, as active or as standby"
                raise refusal.invalid(f"spec.teaming.{field}[{number}]", problem, cure)
            seen.add(uplink)
