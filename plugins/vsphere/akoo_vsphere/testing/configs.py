"""Configurations of port groups: what a ConfigSpec makes of them. Pure.

A port group stores the settings that it has of its own. A read adds the values that it inherits
from its switch, as vCenter does.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from akoo_core.plugin.structs import JSON
from akoo_vsphere.observed import VLAN_ID
from akoo_vsphere.testing.inventory import PortGroupEntity

PORTS_MORE: Final = 8
"""Ports by which an elastic port group grows."""
_NO_FIELDS: Final = ("_typeName", "configVersion", "name")


def switch_setting(uplinks: tuple[str, ...]) -> JSON:
    """The port settings of a new switch."""
    return {
        "_typeName": "VMwareDVSPortSetting",
        "vlan": {"_typeName": VLAN_ID, "inherited": False, "vlanId": 0},
        "macManagementPolicy": {
            "_typeName": "DVSMacManagementPolicy",
            "inherited": False,
            "allowPromiscuous": False,
            "forgedTransmits": False,
            "macChanges": False,
            "macLearningPolicy": {
                "_typeName": "DVSMacLearningPolicy",
                "inherited": False,
                "enabled": False,
                "allowUnicastFlooding": True,
                "limit": 4096,
                "limitPolicy": "ALLOW",
            },
        },
        "uplinkTeamingPolicy": {
            "_typeName": "VmwareUplinkPortTeamingPolicy",
            "inherited": False,
            "policy": _policy("StringPolicy", "loadbalance_srcid"),
            "notifySwitches": _policy("BoolPolicy", True),
            "rollingOrder": _policy("BoolPolicy", False),
            "uplinkPortOrder": {
                "_typeName": "VMwareUplinkPortOrderPolicy",
                "inherited": False,
                "activeUplinkPort": list(uplinks),
                "standbyUplinkPort": [],
            },
        },
    }


def _policy(kind: str, value: Any) -> JSON:
    return {"_typeName": kind, "inherited": False, "value": value}


def new_config(mo_ref: str, name: str, switch: str, spec: JSON) -> JSON:
    """The configuration of a port group that a spec makes."""
    config: JSON = {
        "_typeName": "DVPortgroupConfigInfo",
        "key": mo_ref,
        "name": name,
        "distributedVirtualSwitch": switch,
        "type": "earlyBinding",
        "numPorts": 0,
        "autoExpand": False,
        "description": "",
        "backingType": "standard",
        "policy": {
            "_typeName": "VMwareDVSPortgroupPolicy",
            "blockOverrideAllowed": True,
            "portConfigResetAtDisconnect": True,
            "vlanOverrideAllowed": False,
        },
        "defaultPortConfig": {"_typeName": "VMwareDVSPortSetting"},
    }
    return {**merged(config, spec), "configVersion": "1"}


def merged(config: JSON, spec: JSON) -> JSON:
    """The configuration after a spec: what the spec omits stays. Within the port settings each
    setting is replaced whole. Name and version are not the spec's to set."""
    result = copy.deepcopy(config)
    for key, value in spec.items():
        if value is None or key in _NO_FIELDS:
            continue
        if key == "defaultPortConfig":
            result[key] |= {k: v for k, v in copy.deepcopy(value).items() if v is not None}
        else:
            result[key] = copy.deepcopy(value)
    return result


def next_version(config: JSON) -> str:
    return str(int(config["configVersion"]) + 1)


def effective(setting: JSON, of_switch: JSON) -> JSON:
    """Port settings as they are read: inherited ones have the values of the switch."""
    result = copy.deepcopy(setting)
    for key, default in of_switch.items():
        if key == "vlan":
            result[key] = _whole(result.get(key), default)
        elif isinstance(default, dict):
            result[key] = _parts(result.get(key), default)
    return result


def _whole(part: Any, default: JSON) -> JSON:
    """A setting that is inherited as a whole: the parts of one kind make no sense in another."""
    if isinstance(part, dict) and not part.get("inherited"):
        return part
    return {**copy.deepcopy(default), "inherited": True}


def _parts(part: Any, default: JSON) -> JSON:
    """A setting whose parts may be inherited."""
    if not isinstance(part, dict) or part.get("inherited"):
        return _inherited(default)
    result = {**copy.deepcopy(default), **part}
    for key, value in default.items():
        if isinstance(value, dict):
            result[key] = _parts(part.get(key), value)
    return result


def _inherited(default: JSON) -> JSON:
    result: JSON = {
        key: _inherited(value) if isinstance(value, dict) else copy.deepcopy(value)
        for key, value in default.items()
    }
    return {**result, "inherited": True}


def plain(group: PortGroupEntity, of_switch: JSON, machines: list[str]) -> JSON:
    """A port group as a client reads it. ``machines``: moRefs of virtual machines on it."""
    config = copy.deepcopy(group.config)
    config["defaultPortConfig"] = effective(config["defaultPortConfig"], of_switch)
    return {
        "moRef": group.mo_ref,
        "name": group.name,
        "parent": group.parent,
        "config": config,
        "customValue": [
            {"_typeName": "CustomFieldStringValue", "key": key, "value": value}
            for key, value in group.values.items()
        ],
        "tag": [{"_typeName": "Tag", "key": key} for key in group.tags],
        "vm": machines,
    }
