"""Settings of a port group: all that is compared and changed, each optional. Pure.

``None`` means that nothing is stated, so that the value in vCenter stays as it is. The leaves of
settings are the units that are compared: VLAN, uplinks and ports are units, since their parts
make sense only together.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from akoo_core.plugin import structs
from akoo_vsphere.spec import vlan

Binding = Literal["Static", "Ephemeral"]
Allocation = Literal["Elastic", "Fixed"]
LoadBalancing = Literal[
    "loadbalance_srcid",
    "loadbalance_srcmac",
    "loadbalance_ip",
    "loadbalance_loadbased",
    "failover_explicit",
]
LimitPolicy = Literal["ALLOW", "DROP"]

Leaves = dict[str, Any]
"""Field (``teaming.policy``) to plain JSON value."""

NAME: Final = "portGroupName"
BINDING: Final = "portBinding"
VLAN: Final = "vlan"
PORTS: Final = "ports"
"""``{"allocation": ..., "numPorts": ...}``; numPorts only with Fixed."""
DESCRIPTION: Final = "description"
SECURITY: Final = "macManagementPolicy"
TEAMING: Final = "teaming"
UPLINKS: Final = "teaming.uplinks"
"""``{"active": [...], "standby": [...]}``, in order."""


class MacLearning(structs.Struct, frozen=True, kw_only=True):
    """MAC learning; what is None stays as it is."""

    enabled: bool
    allow_unicast_flooding: bool | None = None
    limit: int | None = None
    """MAC addresses of a port, 0 to 4096."""
    limit_policy: LimitPolicy | None = None


class MacManagementPolicy(structs.Struct, frozen=True, kw_only=True):
    """Security. vSphere inherits it as a whole or not at all, so the three belong together."""

    allow_promiscuous: bool
    forged_transmits: bool
    mac_changes: bool
    mac_learning: MacLearning | None = None


class Teaming(structs.Struct, frozen=True, kw_only=True):
    """Teaming and failover; what is None stays as it is."""

    policy: LoadBalancing | None = None
    active_uplinks: tuple[str, ...] | None = None
    standby_uplinks: tuple[str, ...] | None = None
    """Only beside activeUplinks. Absent there: no standby uplinks."""
    notify_switches: bool | None = None
    failback: bool | None = None


class Settings(structs.Struct, frozen=True, kw_only=True):
    """Settings that an object states, or that were in force (``status.applied``)."""

    port_group_name: str | None = None
    vlan: vlan.Vlan | None = None
    port_binding: Binding | None = None
    port_allocation: Allocation | None = None
    num_ports: int | None = None
    description: str | None = None
    mac_management_policy: MacManagementPolicy | None = None
    teaming: Teaming | None = None


def leaves(settings: Settings) -> Leaves:
    """The stated values by field."""
    plain = structs.to_object(settings)
    flat: Leaves = {field: plain[field] for field in (NAME, BINDING, DESCRIPTION) if field in plain}
    if settings.vlan is not None:
        flat[VLAN] = structs.to_plain(vlan.normalised(settings.vlan))
    if settings.port_allocation is not None:
        flat[PORTS] = {"allocation": settings.port_allocation}
        if settings.port_allocation == "Fixed":
            flat[PORTS]["numPorts"] = settings.num_ports
    flat |= _flat(plain.get(SECURITY, {}), SECURITY)
    flat |= _teaming(settings.teaming)
    return flat


def _teaming(teaming: Teaming | None) -> Leaves:
    if teaming is None:
        return {}
    plain = structs.to_object(teaming)
    active = plain.pop("activeUplinks", None)
    standby = plain.pop("standbyUplinks", [])
    flat = _flat(plain, TEAMING)
    if active is not None:
        flat[UPLINKS] = {"active": active, "standby": standby}
    return flat


def _flat(plain: structs.JSON, path: str) -> Leaves:
    flat: Leaves = {}
    for key, value in plain.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{path}.{key}")
        else:
            flat[f"{path}.{key}"] = value
    return flat


def text(field: str, value: Any) -> str:
    """A value in words, for messages and status."""
    if value is None:
        return "nothing"
    if field == VLAN:
        return vlan.text(structs.convert(value, vlan.Vlan))
    if field == UPLINKS:
        standby = f", standby {', '.join(value['standby'])}" if value["standby"] else ""
        return f"active {', '.join(value['active']) or 'none'}{standby}"
    if field == PORTS:
        count = f" {value['numPorts']}" if value.get("numPorts") is not None else ""
        return f"{value['allocation']}{count}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if field in (NAME, DESCRIPTION) else str(value)
