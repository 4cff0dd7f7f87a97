"""The template of an ADC from which port groups are made: ``spec.plugins.vsphere``. Pure.

A template makes the port group of a config (``per: Config``), or one of each of its clusters
(``per: Cluster``). VLAN and subnet are fixed, or taken from a pool. The fields that a template
shares with a VSpherePortGroup mean the same.
"""

from __future__ import annotations

import ipaddress
from typing import Final, Literal

from akoo_core.plugin import structs
from akoo_vsphere.spec import port_group_rules, refusal, settings, vlan
from akoo_vsphere.spec.port_group import SwitchName

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PATH: Final = "spec.plugins.vsphere.portGroupTemplate"
MAX_SUBNETS: Final = 4096
"""Subnets that one pool may be cut into: VLANs do not reach further."""


class TemplateSwitch(SwitchName, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The distributed switch."""


class TemplateLearning(settings.MacLearning, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """MAC learning."""


class TemplateSecurity(
    settings.MacManagementPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Security."""

    mac_learning: TemplateLearning | None = None


class TemplateTeaming(settings.Teaming, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Teaming."""


class TemplateRange(vlan.Range, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """VLAN ids from start to end, both included."""


class TemplateVlan(structs.StrictStruct, frozen=True, kw_only=True):
    """Exactly one of both."""

    id: int | None = None
    """The same VLAN for all; only with ``per: Config``."""
    pool: tuple[TemplateRange, ...] | None = None
    """VLANs to choose from: the lowest free one is taken."""


class TemplateSubnet(structs.StrictStruct, frozen=True, kw_only=True):
    """``cidr`` alone, or ``pool`` with ``prefixLength``."""

    cidr: str = ""
    """The same subnet for all; only with ``per: Config``."""
    pool: str = ""
    """A network that subnets are cut from: the lowest free one is taken."""
    prefix_length: int | None = None
    """Of a subnet that is cut."""
    skip_first: int = 1
    """Addresses at the start of a subnet that Avi does not give away, behind that of the network:
    the gateway is the first of them."""


class TemplateAvi(structs.StrictStruct, frozen=True, kw_only=True):
    """The part of Avi, as in a VSpherePortGroup."""

    controller: str
    cloud: str
    subnet: TemplateSubnet | None = None


class Template(structs.StrictStruct, frozen=True, kw_only=True):
    """``portGroupTemplate``."""

    per: Literal["Config", "Cluster"] = "Cluster"
    connection: str
    datacenter: str
    distributed_switch: TemplateSwitch
    vlan: TemplateVlan
    port_binding: settings.Binding | None = None
    port_allocation: settings.Allocation | None = None
    num_ports: int | None = None
    mac_management_policy: TemplateSecurity | None = None
    teaming: TemplateTeaming | None = None
    minimum_mtu: int | None = structs.field(default=None, name="minimumMTU")
    deletion_policy: Literal["Delete", "Retain"] | None = None
    drift_policy: Literal["Repair", "Report"] = "Repair"
    change_policy: Literal["Always", "WhenUnused"] = "WhenUnused"
    avi: TemplateAvi | None = None


def check(template: Template) -> None:
    """Raise Refusal for a template that no port group can be made from."""
    port_group_rules.check_reference(
        template.connection, f"{PATH}.connection", "a VSphereConnection"
    )
    port_group_rules.check_reference(template.datacenter, f"{PATH}.datacenter", "a datacenter")
    switch = template.distributed_switch
    port_group_rules.check_choice(
        f"{PATH}.distributedSwitch", {"name": switch.name, "uuid": switch.uuid}
    )
    _check_vlan(template)
    if template.avi is not None and template.avi.subnet is not None:
        _check_subnet(template.avi.subnet, template.per)


def _check_vlan(template: Template) -> None:
    chosen, path = template.vlan, f"{PATH}.vlan"
    port_group_rules.check_choice(
        path,
        {"id": "" if chosen.id is None else "set", "pool": "set" if chosen.pool else ""},
    )
    if chosen.pool:
        vlan.check(vlan.Vlan(trunk=chosen.pool), path)
        if any(span.start == 0 for span in chosen.pool):
            raise refusal.invalid(f"{path}.pool", "holds 0, which is no VLAN", "Begin at 1")
        return
    vlan.check(vlan.Vlan(id=chosen.id), path)
    if template.per == "Cluster":
        raise refusal.invalid(
            f"{path}.id", "is the same for each cluster", "Give a pool, or set per to Config"
        )


def _check_subnet(subnet: TemplateSubnet, per: str) -> None:
    path = f"{PATH}.avi.subnet"
    port_group_rules.check_choice(path, {"cidr": subnet.cidr, "pool": subnet.pool})
    if subnet.skip_first < 0:
        raise refusal.invalid(f"{path}.skipFirst", "is negative", "Give 0 or more")
    if subnet.cidr:
        network(subnet.cidr, f"{path}.cidr")
        if per == "Cluster":
            raise refusal.invalid(
                f"{path}.cidr", "is the same for each cluster", "Give a pool, or set per to Config"
            )
        return
    whole = network(subnet.pool, f"{path}.pool")
    length = subnet.prefix_length
    if length is None or not whole.prefixlen <= length <= whole.max_prefixlen - 2:
        raise refusal.invalid(
            f"{path}.prefixLength",
            f"is not the length of a subnet of {whole}",
            f"Give a number from {whole.prefixlen} to {whole.max_prefixlen - 2}",
        )
    if 2 ** (length - whole.prefixlen) > MAX_SUBNETS:
        raise refusal.invalid(
            f"{path}.prefixLength",
            f"cuts {whole} into more than {MAX_SUBNETS} subnets",
            "Give a smaller pool, or a smaller number",
        )


def network(text: str, path: str) -> Network:
    """The network in ``text``. Raises Refusal for one that is none, or has host bits."""
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise refusal.invalid(
            path, "is not a network", "Give one such as 10.70.0.0/24, without host bits"
        ) from error
