"""Refusals of values by vCenter, as errors of the client. Pure."""

from __future__ import annotations

from typing import Any, Final

from akoo_core.plugin.structs import JSON
from akoo_vsphere.client import errors
from akoo_vsphere.observed import VLAN_ID, VLAN_PRIVATE, VLAN_TRUNK
from akoo_vsphere.spec import names
from akoo_vsphere.testing.inventory import SwitchEntity

HIGHEST_VLAN: Final = 4094
BINDINGS: Final = ("earlyBinding", "lateBinding", "ephemeral")


def check_name(name: str) -> None:
    """Raise InvalidError for an empty name or one of more than 80 characters."""
    if not 1 <= len(name) <= names.LONGEST:
        raise errors.InvalidError(f'vCenter does not take the name "{name}".', "name")


def check_owner(switch: SwitchEntity) -> None:
    """Raise SwitchOwnedError for a switch of an extension."""
    if switch.value.extension:
        raise errors.SwitchOwnedError(
            f'Switch "{switch.name}" belongs to the extension {switch.value.extension}.'
        )


def check_spec(switch: SwitchEntity, spec: JSON) -> None:
    """Raise InvalidError for a value that vCenter does not take; the name is checked apart."""
    check_owner(switch)
    if spec.get("type") is not None and spec["type"] not in BINDINGS:
        raise _invalid("type", spec["type"])
    setting = spec.get("defaultPortConfig") or {}
    vlan = setting.get("vlan")
    if vlan is not None and not _valid_vlan(switch, vlan):
        raise _invalid("defaultPortConfig.vlan", vlan)
    order = (setting.get("uplinkTeamingPolicy") or {}).get("uplinkPortOrder") or {}
    uplinks = (*order.get("activeUplinkPort", ()), *order.get("standbyUplinkPort", ()))
    for uplink in uplinks:
        if uplink not in switch.value.uplinks:
            raise _invalid("uplinkPortOrder", uplink)


def _valid_vlan(switch: SwitchEntity, vlan: JSON) -> bool:
    match vlan.get("_typeName"):
        case str(kind) if kind == VLAN_ID:
            return 0 <= int(vlan["vlanId"]) <= HIGHEST_VLAN
        case str(kind) if kind == VLAN_TRUNK:
            return all(0 <= part["start"] <= part["end"] <= HIGHEST_VLAN for part in vlan["vlanId"])
        case str(kind) if kind == VLAN_PRIVATE:
            return vlan["pvlanId"] in switch.value.private_vlans
    return False


def _invalid(field: str, value: Any) -> errors.InvalidError:
    return errors.InvalidError(f"{field}: vCenter does not take {value!r}.", field)
