"""An oracle that knows neither plan nor specs of the plugin: raw values against raw specs."""

from __future__ import annotations

import copy
from typing import Any

Json = dict[str, Any]

DISTURBING = ("name", "vlan", "security", "teaming")


def port(pg: Json) -> Json:
    setting: Json = pg["config"]["defaultPortConfig"]
    return setting


def vlan_of(raw: Json) -> Any:
    """Kind and content; a trunk as the set of its ids."""
    if "pvlanId" in raw:
        return ("private", raw["pvlanId"])
    if isinstance(raw["vlanId"], list):
        spans = (range(span["start"], span["end"] + 1) for span in raw["vlanId"])
        return ("trunk", frozenset(number for span in spans for number in span))
    return ("id", raw["vlanId"])


def vlan_wanted(spec: Json) -> Any:
    if "pvlanSecondaryID" in spec:
        return ("private", spec["pvlanSecondaryID"])
    if "trunk" in spec:
        spans = (range(span["start"], span["end"] + 1) for span in spec["trunk"])
        return ("trunk", frozenset(number for span in spans for number in span))
    return ("id", spec["id"])


def unmet(pg: Json, spec: Json) -> list[str]:
    """The stated fields that are not in force."""
    return [
        *_unmet_vlan(pg, spec.get("vlan")),
        *_unmet_security(pg, spec.get("macManagementPolicy") or {}),
        *_unmet_teaming(pg, spec.get("teaming") or {}),
        *_unmet_ports(pg, spec),
        *(["description"] if _words(pg) != spec.get("description", _words(pg)) else []),
    ]


def _unmet_vlan(pg: Json, spec: Json | None) -> list[str]:
    raw = port(pg)["vlan"]
    if spec is None:
        return []
    if spec.get("inherited"):
        return [] if raw["inherited"] else ["vlan"]
    return [] if vlan_of(raw) == vlan_wanted(spec) else ["vlan"]


def _unmet_security(pg: Json, spec: Json) -> list[str]:
    raw = port(pg)["macManagementPolicy"]
    wrong = [key for key, value in spec.items() if key != "macLearning" and raw[key] != value]
    learning = raw["macLearningPolicy"]
    return wrong + [
        f"macLearning.{key}"
        for key, value in (spec.get("macLearning") or {}).items()
        if learning[key] != value
    ]


def _unmet_teaming(pg: Json, spec: Json) -> list[str]:
    raw = port(pg)["uplinkTeamingPolicy"]
    order = raw["uplinkPortOrder"]
    have = {
        "policy": raw["policy"]["value"],
        "notifySwitches": raw["notifySwitches"]["value"],
        "failback": not raw["rollingOrder"]["value"],
        "activeUplinks": order["activeUplinkPort"],
    }
    wrong = [key for key, value in spec.items() if key in have and have[key] != value]
    if "activeUplinks" in spec and order["standbyUplinkPort"] != spec.get("standbyUplinks", []):
        wrong.append("standbyUplinks")
    return wrong


def _unmet_ports(pg: Json, spec: Json) -> list[str]:
    config, allocation = pg["config"], spec.get("portAllocation")
    if allocation == "Elastic":
        return [] if config["autoExpand"] else ["portAllocation"]
    if allocation == "Fixed":
        same = not config["autoExpand"] and config["numPorts"] == spec["numPorts"]
        return [] if same else ["numPorts"]
    return []


def _words(pg: Json) -> str:
    lines = str(pg["config"]["description"]).split("\n")
    return "\n".join(line for line in lines if not line.startswith("akoo/1 "))


def untouched(pg: Json, spec: Json) -> Json:
    """The raw values that ``spec`` does not state, and that nobody may change."""
    config, setting = pg["config"], port(pg)
    teaming = spec.get("teaming") or {}
    raw = setting["uplinkTeamingPolicy"]
    kept: Json = {key: config[key] for key in ("type", "policy", "portNameFormat")}
    kept["blocked"] = setting["blocked"]
    kept["failureCriteria"] = raw["failureCriteria"]
    if "vlan" not in spec:
        kept["vlan"] = setting["vlan"]
    if "macManagementPolicy" not in spec:
        kept["security"] = setting["macManagementPolicy"]
    elif not (spec["macManagementPolicy"].get("macLearning")):
        learning = setting["macManagementPolicy"]["macLearningPolicy"]
        kept["learning"] = {k: v for k, v in learning.items() if k != "inherited"}
    parts = (("policy", "policy"), ("notifySwitches", "notifySwitches"))
    for key, name in (*parts, ("failback", "rollingOrder"), ("activeUplinks", "uplinkPortOrder")):
        if key not in teaming:
            kept[name] = raw[name]
    if "portAllocation" not in spec:
        kept["ports"] = (config["autoExpand"], config["numPorts"])
    elif spec["portAllocation"] == "Elastic":
        kept["numPorts"] = config["numPorts"]
    if "description" not in spec:
        kept["words"] = _words(pg)
    return copy.deepcopy(kept)


def disturbing(pg: Json) -> Json:
    """The effective values that users of the port group feel, field by field."""
    setting = port(pg)
    security, teaming = setting["macManagementPolicy"], setting["uplinkTeamingPolicy"]
    order = teaming["uplinkPortOrder"]
    learning = {k: v for k, v in security["macLearningPolicy"].items() if k[0] != "_"}
    return copy.deepcopy(
        {
            "vlan": vlan_of(setting["vlan"]),
            **{key: security[key] for key in ("allowPromiscuous", "forgedTransmits", "macChanges")},
            **{f"learning {key}": value for key, value in learning.items() if key != "inherited"},
            "policy": teaming["policy"]["value"],
            "notify": teaming["notifySwitches"]["value"],
            "rolling": teaming["rollingOrder"]["value"],
            "uplinks": (order["activeUplinkPort"], order["standbyUplinkPort"]),
        }
    )
