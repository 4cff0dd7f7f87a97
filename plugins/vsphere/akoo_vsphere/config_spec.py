"""The ``DVPortgroupConfigSpec`` of a create or a change, as plain dicts. Pure.

A change copies ``config`` as it was read and replaces only the fields that change. vCenter leaves
alone what a spec omits, other servers reset it, so that a full spec is right for both. Inherited
policies keep their flag: without it, the value of the switch would become one of the port group.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from akoo_core.plugin import structs
from akoo_vsphere.observed import BINDINGS, VLAN_ID, VLAN_PRIVATE, VLAN_TRUNK, Observed
from akoo_vsphere.spec import settings
from akoo_vsphere.spec.settings import Leaves

SPEC: Final = "DVPortgroupConfigSpec"
ELASTIC_PORTS: Final = 8
"""Ports that a new elastic port group starts with (the default of vSphere's client)."""

_COPIED: Final = ("type", "numPorts", "autoExpand", "description", "portNameFormat", "policy")
_TYPES: Final = {value: key for key, value in BINDINGS.items()}
_NO_LEARNING: Final[structs.JSON] = {
    "enabled": False,
    "allowUnicastFlooding": True,
    "limit": 4096,
    "limitPolicy": "ALLOW",
}
"""Parts of MAC learning where neither the port group nor the object names them (vSphere's own)."""


def create(leaves: Leaves, description: str) -> structs.JSON:
    """The spec of a new port group: what is not stated is left to the switch."""
    binding = leaves.get(settings.BINDING, "Static")
    spec: structs.JSON = {
        "_typeName": SPEC,
        "name": leaves[settings.NAME],
        "type": _TYPES[binding],
        "description": description,
    }
    if binding == "Static":
        spec |= _ports(leaves.get(settings.PORTS, {"allocation": "Elastic"}), ELASTIC_PORTS)
    port = _port_setting({}, leaves)
    if len(port) > 1:
        spec["defaultPortConfig"] = port
    return spec


def reconfigure(observed: Observed, changes: Leaves, description: str | None) -> structs.JSON:
    """The full spec of a change; ``changes`` names the fields that become other ones."""
    config = observed.config
    spec: structs.JSON = {
        "_typeName": SPEC,
        "configVersion": observed.config_version,
        "name": config.get("name") or observed.name,
    }
    spec |= {key: copy.deepcopy(config[key]) for key in _COPIED if config.get(key) is not None}
    if description is not None:
        spec["description"] = description
    if settings.PORTS in changes:
        spec |= _ports(changes[settings.PORTS], config.get("numPorts"))
    port = config.get("defaultPortConfig")
    spec["defaultPortConfig"] = _port_setting(port if isinstance(port, dict) else {}, changes)
    return spec


def _ports(ports: structs.JSON, current: int | None) -> structs.JSON:
    """An elastic port group keeps the number that it has: it grows and shrinks by itself."""
    if ports["allocation"] == "Fixed":
        return {"autoExpand": False, "numPorts": ports["numPorts"]}
    return {"autoExpand": True} if current is None else {"autoExpand": True, "numPorts": current}


def _port_setting(current: structs.JSON, changes: Leaves) -> structs.JSON:
    port = {"_typeName": "VMwareDVSPortSetting", **copy.deepcopy(current)}
    if settings.VLAN in changes:
        port["vlan"] = vlan(changes[settings.VLAN], port.get("vlan"))
    security = _below(changes, settings.SECURITY)
    if security:
        port["macManagementPolicy"] = _security(port.get("macManagementPolicy"), security)
        # Deprecated since 6.7: sent beside the new policy, it would contradict it.
        port.pop("securityPolicy", None)
    teaming = _below(changes, settings.TEAMING)
    if teaming:
        port["uplinkTeamingPolicy"] = _teaming(port.get("uplinkTeamingPolicy"), teaming)
    return port


def vlan(wanted: structs.JSON, current: Any) -> structs.JSON:
    """The VLAN, made anew: its type says its kind, and nothing of another kind stays."""
    if "id" in wanted:
        return {"_typeName": VLAN_ID, "inherited": False, "vlanId": wanted["id"]}
    if "pvlanSecondaryID" in wanted:
        number = wanted["pvlanSecondaryID"]
        return {"_typeName": VLAN_PRIVATE, "inherited": False, "pvlanId": number}
    if "trunk" in wanted:
        ranges = [{"_typeName": "NumericRange", **span} for span in wanted["trunk"]]
        return {"_typeName": VLAN_TRUNK, "inherited": False, "vlanId": ranges}
    if isinstance(current, dict):
        return {**current, "inherited": True}
    return {"_typeName": VLAN_ID, "inherited": True, "vlanId": 0}


def _security(current: Any, changes: Leaves) -> structs.JSON:
    """The whole policy with its effective values: it is inherited as a whole or not at all."""
    policy = {
        "_typeName": "DVSMacManagementPolicy",
        **(copy.deepcopy(current) if isinstance(current, dict) else {}),
        "inherited": False,
    }
    learning = _below(changes, "macLearning")
    policy |= {key: value for key, value in changes.items() if "." not in key}
    if learning:
        before = policy.get("macLearningPolicy")
        policy["macLearningPolicy"] = {
            "_typeName": "DVSMacLearningPolicy",
            **_NO_LEARNING,
            **(before if isinstance(before, dict) else {}),
            **learning,
            "inherited": False,
        }
    return policy


def _teaming(current: Any, changes: Leaves) -> structs.JSON:
    """The policy with the parts that change; the other parts stay inherited if they are."""
    teaming = {
        "_typeName": "VmwareUplinkPortTeamingPolicy",
        **(copy.deepcopy(current) if isinstance(current, dict) else {}),
        "inherited": False,
    }
    if "policy" in changes:
        teaming["policy"] = _policy("StringPolicy", changes["policy"])
    if "notifySwitches" in changes:
        teaming["notifySwitches"] = _policy("BoolPolicy", changes["notifySwitches"])
    if "failback" in changes:
        teaming["rollingOrder"] = _policy("BoolPolicy", not changes["failback"])
    if "uplinks" in changes:
        teaming["uplinkPortOrder"] = {
            "_typeName": "VMwareUplinkPortOrderPolicy",
            "inherited": False,
            "activeUplinkPort": changes["uplinks"]["active"],
            "standbyUplinkPort": changes["uplinks"]["standby"],
        }
    return teaming


def _policy(kind: str, value: Any) -> structs.JSON:
    return {"_typeName": kind, "inherited": False, "value": value}


def _below(leaves: Leaves, path: str) -> Leaves:
    """The leaves below a path, without it."""
    start = f"{path}."
    return {
        field.removeprefix(start): value
        for field, value in leaves.items()
        if field.startswith(start)
    }
