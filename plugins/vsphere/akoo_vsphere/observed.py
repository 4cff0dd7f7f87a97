"""A port group of vCenter as values, read from plain dicts with vCenter's own field names. Pure.

The dicts have the form of vSphere's JSON: ``_typeName`` beside the fields where a type decides, as
it does for VLANs. What is missing is None, never a default: a simulator, an old API version and a
narrow role all leave fields out. Values are the effective ones; an inherited policy has the value
of the switch.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from akoo_core.plugin import structs
from akoo_vsphere.spec import names, settings, vlan
from akoo_vsphere.spec.settings import Leaves

VLAN_ID: Final = "VmwareDistributedVirtualSwitchVlanIdSpec"
VLAN_TRUNK: Final = "VmwareDistributedVirtualSwitchTrunkVlanSpec"
VLAN_PRIVATE: Final = "VmwareDistributedVirtualSwitchPvlanSpec"

BINDINGS: Final[dict[str, settings.Binding]] = {"earlyBinding": "Static", "ephemeral": "Ephemeral"}
"""``lateBinding`` is neither: vCenter no longer makes such port groups."""
UPLINK_TAG: Final = "SYSTEM/DVS.UPLINKPG"

_SECURITY: Final = ("allowPromiscuous", "forgedTransmits", "macChanges")
_LEARNING: Final = ("enabled", "allowUnicastFlooding", "limit", "limitPolicy")


class Observed(structs.Struct, frozen=True, kw_only=True):
    """One port group. Raises structs.DecodeError where identity cannot be read: see ``read``."""

    mo_ref: str
    name: str
    """Of the entity, without vCenter's escapes."""
    switch: str
    """moRef of its distributed switch."""
    parent: str
    """moRef of its folder."""
    key: str
    config_version: str
    description: str
    """With the mark."""
    values: dict[str, str]
    """Custom attributes: name of the definition to value."""
    uplink: bool
    nsx: bool
    vpc: bool
    vlan_inherited: bool
    leaves: Leaves
    """Effective values by field; a field that cannot be read is absent."""
    config: structs.JSON
    """``config`` as read: what a full ConfigSpec is made from."""


def read(plain: structs.JSON, fields: dict[int, str], *, uplinks: Collection[str] = ()) -> Observed:
    """The port group of ``plain``: moRef, name, parent, config, customValue, tag.

    ``fields``: custom attribute definitions of port groups, key to name. ``uplinks``: moRefs that
    the switch names as its uplink port groups. Raises structs.DecodeError.
    """
    config = _dict(plain, "config")
    name = _text(plain, "name")
    mo_ref = _text(plain, "moRef")
    binding = config.get("type")
    return Observed(
        mo_ref=mo_ref,
        name=names.decoded(name),
        switch=_text(config, "distributedVirtualSwitch", "config."),
        parent=str(plain.get("parent") or ""),
        key=str(config.get("key") or mo_ref),
        config_version=str(config.get("configVersion") or ""),
        description=str(config.get("description") or ""),
        values=_values(plain, fields),
        uplink=_is_uplink(plain, config, name) or mo_ref in uplinks,
        nsx=_is_nsx(config, name),
        vpc=bool(config.get("subnetId") or config.get("nsxConfig")),
        vlan_inherited=_inherited(_port_setting(config).get("vlan")),
        leaves=_leaves(config, names.decoded(name), BINDINGS.get(str(binding))),
        config=config,
    )


def _values(plain: structs.JSON, fields: dict[int, str]) -> dict[str, str]:
    """The last value of each attribute: old simulators append instead of replacing."""
    return {
        fields[entry["key"]]: str(entry.get("value") or "")
        for entry in plain.get("customValue") or ()
        if isinstance(entry, dict) and entry.get("key") in fields
    }


def _is_uplink(plain: structs.JSON, config: structs.JSON, name: str) -> bool:
    """Several signs, since simulators and old versions show only some of them."""
    tags = {str(tag.get("key")) for tag in plain.get("tag") or () if isinstance(tag, dict)}
    return bool(config.get("uplink")) or UPLINK_TAG in tags or names.UPLINKS in name


def _is_nsx(config: structs.JSON, name: str) -> bool:
    return (
        str(config.get("backingType") or "standard") != "standard"
        or bool(config.get("logicalSwitchUuid") or config.get("segmentId"))
        or name.startswith(names.NSX)
    )


def _leaves(config: structs.JSON, name: str, binding: settings.Binding | None) -> Leaves:
    port = _port_setting(config)
    leaves: Leaves = {settings.NAME: name}
    if binding is not None:
        leaves[settings.BINDING] = binding
    if binding == "Static":
        leaves |= _ports(config)
    kind = read_vlan(port.get("vlan"))
    if kind is not None:
        leaves[settings.VLAN] = structs.to_plain(kind)
    return leaves | _security(port) | _teaming(port)


def _ports(config: structs.JSON) -> Leaves:
    """Ports; an elastic port group grows by itself, so its number is no setting."""
    if config.get("autoExpand"):
        return {settings.PORTS: {"allocation": "Elastic"}}
    return {settings.PORTS: {"allocation": "Fixed", "numPorts": config.get("numPorts")}}


def read_vlan(plain: Any) -> vlan.Vlan | None:
    """The effective VLAN; None for a kind that is not known."""
    if not isinstance(plain, dict):
        return None
    try:
        match plain.get("_typeName"):
            case "VmwareDistributedVirtualSwitchVlanIdSpec":
                return vlan.Vlan(id=int(plain["vlanId"]))
            case "VmwareDistributedVirtualSwitchPvlanSpec":
                return vlan.Vlan(pvlan_secondary_id=int(plain["pvlanId"]))
            case "VmwareDistributedVirtualSwitchTrunkVlanSpec":
                spans = (
                    vlan.Range(start=int(span["start"]), end=int(span["end"]))
                    for span in plain["vlanId"]
                )
                return vlan.normalised(vlan.Vlan(trunk=tuple(spans)))
    except (KeyError, TypeError, ValueError):
        pass
    return None


def _security(port: structs.JSON) -> Leaves:
    policy = port.get("macManagementPolicy")
    if not isinstance(policy, dict):
        return {}
    leaves = _known(policy, _SECURITY, settings.SECURITY)
    learning = policy.get("macLearningPolicy")
    if isinstance(learning, dict):
        leaves |= _known(learning, _LEARNING, f"{settings.SECURITY}.macLearning")
    return leaves


def _teaming(port: structs.JSON) -> Leaves:
    teaming = port.get("uplinkTeamingPolicy")
    if not isinstance(teaming, dict):
        return {}
    leaves: Leaves = {}
    for field, key in (("policy", "policy"), ("notifySwitches", "notifySwitches")):
        value = _value(teaming.get(key))
        if value is not None:
            leaves[f"{settings.TEAMING}.{field}"] = value
    rolling = _value(teaming.get("rollingOrder"))
    if rolling is not None:
        leaves[f"{settings.TEAMING}.failback"] = not rolling
    order = teaming.get("uplinkPortOrder")
    if isinstance(order, dict):
        leaves[settings.UPLINKS] = {
            "active": list(order.get("activeUplinkPort") or ()),
            "standby": list(order.get("standbyUplinkPort") or ()),
        }
    return leaves


def _known(plain: structs.JSON, keys: tuple[str, ...], path: str) -> Leaves:
    return {f"{path}.{key}": plain[key] for key in keys if plain.get(key) is not None}


def _value(policy: Any) -> Any:
    """The value of a BoolPolicy or StringPolicy."""
    return policy.get("value") if isinstance(policy, dict) else None


def _inherited(plain: Any) -> bool:
    return isinstance(plain, dict) and plain.get("inherited") is True


def _port_setting(config: structs.JSON) -> structs.JSON:
    port = config.get("defaultPortConfig")
    return port if isinstance(port, dict) else {}


def _dict(plain: structs.JSON, key: str) -> structs.JSON:
    value = plain.get(key)
    if not isinstance(value, dict):
        raise structs.DecodeError(key, "is missing in the answer of vCenter")
    return value


def _text(plain: structs.JSON, key: str, path: str = "") -> str:
    value = plain.get(key)
    if not isinstance(value, str) or not value:
        raise structs.DecodeError(f"{path}{key}", "is missing in the answer of vCenter")
    return value
