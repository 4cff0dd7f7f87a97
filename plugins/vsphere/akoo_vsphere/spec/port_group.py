"""A VSpherePortGroup: one distributed port group, wanted or adopted. Pure."""

from __future__ import annotations

import datetime
from typing import Final, Literal

from akoo_core.plugin import conditions, names, structs
from akoo_vsphere.spec import port_group_rules, settings, vlan
from akoo_vsphere.spec.port_group_status import Provenance, Status

FINALIZER: Final = "akoo.io/vsphere-port-group"
CONFIG_ANNOTATION: Final = "akoo.io/config"
"""The config whose template made the object."""


class SwitchName(structs.Struct, frozen=True, kw_only=True):
    """A distributed switch of the datacenter, by exactly one of both."""

    name: str = ""
    uuid: str = ""


class Existing(structs.Struct, frozen=True, kw_only=True):
    """The port group to adopt, by exactly one of both."""

    mo_ref: str = ""
    inventory_path: str = ""


class AviRange(structs.Struct, frozen=True, kw_only=True):
    """Addresses from begin to end, both included."""

    begin: str
    end: str
    use: Literal["VIP", "SE", "Both"] = "Both"


class AviSubnet(structs.Struct, frozen=True, kw_only=True):
    """The subnet of the network on Avi."""

    cidr: str
    ranges: tuple[AviRange, ...] | None = None


class Avi(structs.Struct, frozen=True, kw_only=True):
    """Avi's part, which the avi plugin reads: the port group is made once it agreed."""

    controller: str
    """Name of an AviController."""
    cloud: str
    subnet: AviSubnet | None = None


class Spec(structs.Struct, frozen=True, kw_only=True):
    """``spec`` of a VSpherePortGroup. What is None is never changed in vCenter."""

    connection: str
    """Name of a VSphereConnection."""
    datacenter: str
    """Name, inventory path, or ``moref:datacenter-2``."""
    distributed_switch: SwitchName
    port_group_name: str = ""
    """"": the object's name; with ``existing``, the name that it has."""
    existing: Existing | None = None
    vlan: vlan.Vlan | None = None
    port_binding: settings.Binding | None = None
    """None: Static for a new port group."""
    port_allocation: settings.Allocation | None = None
    """None: Elastic for a new port group with static binding."""
    num_ports: int | None = None
    description: str | None = None
    mac_management_policy: settings.MacManagementPolicy | None = None
    teaming: settings.Teaming | None = None
    minimum_mtu: int | None = structs.field(default=None, name="minimumMTU")
    """MTU that the switch must have; only checked."""
    adoption_policy: Literal["Never", "IfUnowned", "IfIdentical"] = "Never"
    deletion_policy: Literal["Delete", "Retain"] | None = None
    drift_policy: Literal["Repair", "Report"] = "Repair"
    change_policy: Literal["Always", "WhenUnused"] = "WhenUnused"
    avi: Avi | None = None


class PortGroup(structs.Struct, frozen=True, kw_only=True):
    """A VSpherePortGroup as read."""

    name: str
    uid: str
    resource_version: str
    generation: int
    created_at: datetime.datetime | None
    deleting: bool
    finalizers: tuple[str, ...]
    let_go: str
    """A person's word to leave the port group as it is, and why."""
    moved: bool
    """True: clusterctl deletes it here, since it lives elsewhere now."""
    adopt: str
    """The management cluster it came from; "" for none."""
    config: str = ""
    """The AKODeploymentConfig whose template made it; "" for one that a person made."""
    spec: Spec
    status: Status
    condition_rows: tuple[structs.JSON, ...] = ()
    """``status.conditions`` as read, those of others among them."""

    @property
    def desired(self) -> settings.Settings:
        """The settings that the object states, with the name that the port group is to have."""
        spec = self.spec
        default = None if spec.existing else self.name
        return settings.Settings(
            port_group_name=spec.port_group_name or default,
            vlan=spec.vlan,
            port_binding=spec.port_binding,
            port_allocation=spec.port_allocation,
            num_ports=spec.num_ports,
            description=spec.description,
            mac_management_policy=spec.mac_management_policy,
            teaming=spec.teaming,
        )

    @property
    def retains(self) -> bool:
        """True: the port group stays in vCenter when the object goes."""
        return retained(self.spec, self.status.provenance)


def retained(spec: Spec, provenance: Provenance | None) -> bool:
    """The effective deletion policy: a port group that was not created by us stays."""
    if spec.deletion_policy is not None:
        return spec.deletion_policy == "Retain"
    return provenance == "Adopted"


def from_object(obj: structs.JSON) -> PortGroup:
    """Raises structs.DecodeError with the path. Does not check the values: see ``check``."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    annotations = metadata.get("annotations") or {}
    return PortGroup(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata.get("resourceVersion", ""),
        generation=metadata.get("generation", 0),
        created_at=_time(metadata.get("creationTimestamp")),
        deleting="deletionTimestamp" in metadata,
        finalizers=tuple(metadata.get("finalizers") or ()),
        let_go=annotations.get(names.LET_GO_ANNOTATION, ""),
        moved=names.DELETE_FOR_MOVE_ANNOTATION in annotations,
        adopt=annotations.get(names.ADOPT_ANNOTATION, ""),
        config=annotations.get(CONFIG_ANNOTATION, ""),
        spec=structs.convert(obj.get("spec") or {}, Spec, path="spec"),
        status=structs.convert(conditions.readable(status), Status, path="status"),
        condition_rows=tuple(status.get("conditions") or ()),
    )


def _time(text: str | None) -> datetime.datetime | None:
    return None if text is None else structs.convert(text, datetime.datetime)


def check(group: PortGroup) -> None:
    """Raise Refusal for an object that nothing can be done for. Deletion does not need it."""
    spec = group.spec
    port_group_rules.check_object_name(group.name)
    port_group_rules.check_reference(spec.connection, "spec.connection", "a VSphereConnection")
    port_group_rules.check_reference(spec.datacenter, "spec.datacenter", "a datacenter")
    port_group_rules.check_choice(
        "spec.distributedSwitch",
        {"name": spec.distributed_switch.name, "uuid": spec.distributed_switch.uuid},
    )
    if spec.existing is not None:
        port_group_rules.check_existing(spec.existing.mo_ref, spec.existing.inventory_path)
        port_group_rules.check_adoption(spec.adoption_policy)
    port_group_rules.check_settings(group.desired)
