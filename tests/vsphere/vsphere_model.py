"""Port groups of one switch in memory: what vCenter makes of a ConfigSpec, as far as it is known.

``overwrites``: fields that a spec leaves out are reset, as govmomi's simulator does; a real vCenter
leaves them alone. The plan must be right for both.
"""

from __future__ import annotations

import copy
from typing import Any

from akoo_vsphere import config_spec, marks, observed, situation
from akoo_vsphere.spec import applied, port_group, port_group_status
from akoo_vsphere.suitable import Switch, VCenter

from akoo_core.plugin import structs

Json = dict[str, Any]

US = "m-1"
THEM = "m-2"
INSTANCE = "uuid-vc-1"
FIELD = 101
"""Key of the custom attribute's definition."""
SWITCH = Switch(
    mo_ref="dvs-8",
    uuid="50 1e",
    name="dvs-edge",
    version="8.0.0",
    max_mtu=9000,
    uplinks=("uplink1", "uplink2", "uplink3", "lag1"),
    private_vlans=frozenset({301, 302}),
)
VCENTER = VCenter(instance_uuid=INSTANCE, api_version="8.0.3.0")
UNUSED = situation.Use(ports=0, machines=0)
USED = situation.Use(ports=3, machines=2)

OF_THE_SWITCH: Json = {
    "vlan": {"_typeName": observed.VLAN_ID, "inherited": True, "vlanId": 0},
    "macManagementPolicy": {
        "inherited": True,
        "allowPromiscuous": False,
        "forgedTransmits": False,
        "macChanges": False,
        "macLearningPolicy": {
            "inherited": True,
            "enabled": False,
            "allowUnicastFlooding": True,
            "limit": 4096,
            "limitPolicy": "ALLOW",
        },
    },
    "uplinkTeamingPolicy": {
        "inherited": True,
        "policy": {"inherited": True, "value": "loadbalance_srcid"},
        "notifySwitches": {"inherited": True, "value": True},
        "rollingOrder": {"inherited": True, "value": False},
        "failureCriteria": {"inherited": True, "checkBeacon": {"inherited": True, "value": False}},
        "uplinkPortOrder": {
            "inherited": True,
            "activeUplinkPort": ["uplink1", "uplink2"],
            "standbyUplinkPort": [],
        },
    },
    "blocked": {"inherited": True, "value": False},
}


def plain(name: str = "edge", **config: Any) -> Json:
    """A port group that inherits everything; ``config`` replaces parts of its configuration."""
    return {
        "moRef": "dvportgroup-12",
        "name": name,
        "parent": "group-n3",
        "customValue": [],
        "config": {
            "key": "dvportgroup-12",
            "configVersion": "1",
            "name": name,
            "type": "earlyBinding",
            "autoExpand": True,
            "numPorts": 8,
            "description": "",
            "distributedVirtualSwitch": SWITCH.mo_ref,
            "policy": {"vlanOverrideAllowed": False, "blockOverrideAllowed": True},
            "portNameFormat": "<portIndex>",
            "defaultPortConfig": copy.deepcopy(OF_THE_SWITCH),
            **config,
        },
    }


def with_port(pg: Json, **settings: Any) -> Json:
    """The same port group with other parts of its default port configuration."""
    pg["config"]["defaultPortConfig"] |= copy.deepcopy(settings)
    return pg


def marked(pg: Json, mark: marks.Mark, *, description: bool = True, value: bool = True) -> Json:
    """The same port group with the mark in one or both places."""
    if description:
        text = marks.without(pg["config"]["description"])
        pg["config"]["description"] = marks.with_mark(text, mark)
    if value:
        pg["customValue"] = [{"key": FIELD, "value": marks.text(mark)}]
    return pg


def mark_of(name: str = "edge", **changes: Any) -> marks.Mark:
    """The mark of our object ``edge``."""
    mark = marks.Mark(
        management_id=US, epoch=1, name=name, uid="u-1", provenance="Created", nonce="n0"
    )
    return structs.replace(mark, **changes)


def group(spec: Json | None = None, *, status: Json | None = None, **metadata: Any) -> Any:
    """The VSpherePortGroup ``edge``; ``spec`` adds to the least one."""
    return port_group.from_object(
        {
            "metadata": {"name": "edge", "uid": "u-1", **metadata},
            "spec": {
                "connection": "vc",
                "datacenter": "dc1",
                "distributedSwitch": {"name": "dvs-edge"},
                **(spec or {}),
            },
            "status": status or {},
        }
    )


def recorded(mo_ref: str = "dvportgroup-12", **more: Any) -> Json:
    """A status that names the port group."""
    return {
        "provenance": "Created",
        "nonce": "n0",
        "epoch": 1,
        "portGroup": {
            "name": "edge",
            "moRef": mo_ref,
            "instanceUuid": INSTANCE,
            "datacenter": "datacenter-2",
            "switchUuid": SWITCH.uuid,
        },
        **more,
    }


def read(pg: Json) -> observed.Observed:
    """The port group as the plugin reads it."""
    return observed.read(copy.deepcopy(pg), {FIELD: marks.ATTRIBUTE})


class VCenterModel:
    """At most one port group, changed by the actions of a plan."""

    def __init__(self, pg: Json | None = None, *, overwrites: bool = False) -> None:
        self.pg = pg
        self.overwrites = overwrites
        self.writes = 0

    def look(self) -> observed.Observed | None:
        """The port group as read; None if there is none."""
        return read(self.pg) if self.pg is not None else None

    def carry_out(self, action: situation.Action) -> None:
        """Change the port group as vCenter does."""
        match action:
            case situation.Create():
                assert self.pg is None
                self._create(config_spec.create(action.settings, action.description))
            case situation.Reconfigure():
                seen = self.look()
                assert seen is not None
                assert action.config_version == seen.config_version
                self._change(config_spec.reconfigure(seen, action.changes, action.description))
            case situation.SetAttribute():
                assert self.pg is not None
                self.pg["customValue"] = [{"key": FIELD, "value": action.value}]
            case situation.Rename():
                assert self.pg is not None
                self.pg["name"] = self.pg["config"]["name"] = action.name
            case situation.Announce():
                return
        self.writes += 1

    def _create(self, spec: Json) -> None:
        self.pg = plain(spec["name"])
        self._put(spec)

    def _change(self, spec: Json) -> None:
        assert self.pg is not None
        if self.overwrites:
            config = self.pg["config"]
            for key in ("type", "numPorts", "autoExpand", "description", "policy", "name"):
                config[key] = None
            config["portNameFormat"] = config["defaultPortConfig"] = None
        self._put(spec)

    def _put(self, spec: Json) -> None:
        assert self.pg is not None
        config = self.pg["config"]
        sent = copy.deepcopy({key: value for key, value in spec.items() if key != "_typeName"})
        port = {**(config.get("defaultPortConfig") or {}), **sent.pop("defaultPortConfig", {})}
        config |= sent
        config["defaultPortConfig"] = resolved(port)
        config["configVersion"] = str(int(spec.get("configVersion", "0")) + 1)


def resolved(port: Json) -> Json:
    """The configuration with the values of the switch wherever it is inherited."""
    for key in ("vlan", "macManagementPolicy"):
        if (port.get(key) or {}).get("inherited"):
            port[key] = copy.deepcopy(OF_THE_SWITCH[key])
    teaming = port.get("uplinkTeamingPolicy")
    if teaming:
        for key, value in OF_THE_SWITCH["uplinkTeamingPolicy"].items():
            part = teaming.get(key)
            if key != "inherited" and (part is None or part.get("inherited")):
                teaming[key] = copy.deepcopy(value)
    return port


def recorded_after(
    group_: port_group.PortGroup, result: situation.Plan, seen: observed.Observed | None
) -> port_group.PortGroup:
    """The object with the status that a controller writes after the actions of ``result``."""
    status = group_.status
    pending = status.pending_create
    if any(isinstance(action, situation.Announce) for action in result.actions):
        pending = structs.convert(
            {"nonce": "n0", "startedAt": "2026-01-01T00:00:00Z"}, port_group_status.PendingCreate
        )
    elif seen is not None and result.mark is not None:
        pending = None
    mark = result.mark
    provenance = status.provenance or (mark.provenance if mark is not None else None)
    status = structs.replace(
        status,
        applied=applied.of_leaves(result.in_force),
        pending_create=pending,
        provenance=provenance,
        nonce=mark.nonce if mark is not None else status.nonce,
        epoch=mark.epoch if mark is not None else status.epoch,
    )
    if seen is not None and mark is not None:
        status = structs.replace(
            status,
            port_group=port_group_status.PortGroupFound(
                name=seen.name,
                mo_ref=seen.mo_ref,
                instance_uuid=INSTANCE,
                datacenter="datacenter-2",
                switch_uuid=SWITCH.uuid,
            ),
        )
    return structs.replace(group_, status=status)
