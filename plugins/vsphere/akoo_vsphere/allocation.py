"""The choice of VLAN and subnet for a port group that a template makes. Pure.

All templates that name the same switch of the same vCenter share one allocation, whatever config
they are part of. A VLAN is free if no VSpherePortGroup of the switch has it, one that is being
deleted included, and if it is not the single VLAN of another port group of the switch. Trunks do
not count: they carry what others name. A subnet is free if it overlaps with none of those objects.

The choice is stored in the spec of the VSpherePortGroup before vCenter is called. It is never
made anew for an object that exists.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

from akoo_core.plugin import structs
from akoo_vsphere.spec import refusal, vlan
from akoo_vsphere.spec.port_group import Avi, AviRange, AviSubnet, Spec
from akoo_vsphere.spec.template import PATH, Network, Template, TemplateSubnet, network

MAX_NAMES = 5
"""Holders that a message names."""


class Taken(structs.Struct, frozen=True, kw_only=True):
    """VLANs and subnets that are in use, with their holders."""

    vlans: Mapping[int, str]
    subnets: Mapping[Network, str]


class VlanUser(structs.Struct, frozen=True, kw_only=True):
    """A port group of the switch in vCenter, with its single VLAN."""

    mo_ref: str
    name: str
    vlan: int


def taken(
    declared: Iterable[tuple[str, Spec, str]],
    seen: Iterable[VlanUser],
    networks: Iterable[str] = (),
) -> Taken:
    """VLANs and subnets in use.

    ``declared``: name, spec and moRef ("" for none yet) of each VSpherePortGroup of the switch.
    ``seen``: port groups of the switch. ``networks``: subnets of other VSpherePortGroups, since two
    networks with the same addresses cannot be routed, whatever their switches are.
    """
    vlans: dict[int, str] = {}
    subnets: dict[Network, str] = {}
    ours: set[str] = set()
    for name, spec, mo_ref in declared:
        ours.add(mo_ref)
        if spec.vlan is not None and spec.vlan.id:
            vlans[spec.vlan.id] = f"VSpherePortGroup {name}"
        if spec.avi is not None and spec.avi.subnet is not None:
            _add(subnets, spec.avi.subnet.cidr, f"VSpherePortGroup {name}")
    for group in seen:
        if group.vlan and group.mo_ref not in ours:
            vlans.setdefault(group.vlan, f'port group "{group.name}"')
    for cidr in networks:
        _add(subnets, cidr, "another VSpherePortGroup")
    return Taken(vlans=vlans, subnets=subnets)


def _add(subnets: dict[Network, str], cidr: str, holder: str) -> None:
    try:
        subnets.setdefault(ipaddress.ip_network(cidr, strict=False), holder)
    except ValueError:
        return  # its own controller refuses it


def port_group(template: Template, in_use: Taken) -> Spec:
    """The spec of a new VSpherePortGroup. Raises Refusal where a pool is used up."""
    return Spec(
        connection=template.connection,
        datacenter=template.datacenter,
        distributed_switch=template.distributed_switch,
        vlan=vlan.Vlan(id=_vlan(template, in_use.vlans)),
        port_binding=template.port_binding,
        port_allocation=template.port_allocation,
        num_ports=template.num_ports,
        mac_management_policy=template.mac_management_policy,
        teaming=template.teaming,
        minimum_mtu=template.minimum_mtu,
        deletion_policy=template.deletion_policy,
        drift_policy=template.drift_policy,
        change_policy=template.change_policy,
        avi=_avi(template, in_use.subnets),
    )


def conflict(spec: Spec, mo_ref: str, seen: Iterable[VlanUser]) -> refusal.Refusal | None:
    """A Refusal if another port group of the switch has the VLAN that was chosen.

    Two management clusters whose pools overlap come here: neither sees the choice of the other
    before it is made.
    """
    if spec.vlan is None or not spec.vlan.id:
        return None
    for group in seen:
        if group.vlan == spec.vlan.id and group.mo_ref != mo_ref:
            return refusal.Refusal(
                "VlanInUse",
                f'VLAN {group.vlan} was chosen from the pool, and port group "{group.name}" '
                f"({group.mo_ref}) has it now. Nothing is made. Delete this VSpherePortGroup to "
                "choose another VLAN, and give each management cluster a pool of its own.",
            )
    return None


def _vlan(template: Template, in_use: Mapping[int, str]) -> int:
    if template.vlan.id is not None:
        return template.vlan.id
    pool = [
        number
        for span in vlan.normal(template.vlan.pool or ())
        for number in range(span.start, span.end + 1)
    ]
    for number in pool:
        if number not in in_use:
            return number
    holders = [f"{number} is that of {in_use[number]}" for number in pool]
    raise refusal.Refusal(
        "VlanPoolUsedUp",
        f"{PATH}.vlan.pool: all {len(pool)} VLANs are in use: {_some(holders)}. Enlarge the pool, "
        "or delete a port group that nobody needs.",
    )


def _avi(template: Template, in_use: Mapping[Network, str]) -> Avi | None:
    if template.avi is None:
        return None
    avi = Avi(controller=template.avi.controller, cloud=template.avi.cloud)
    subnet = template.avi.subnet
    if subnet is None:
        return avi
    chosen = _subnet(subnet, in_use)
    return structs.replace(
        avi, subnet=AviSubnet(cidr=str(chosen), ranges=_ranges(chosen, subnet.skip_first))
    )


def _subnet(subnet: TemplateSubnet, in_use: Mapping[Network, str]) -> Network:
    if subnet.cidr:
        return network(subnet.cidr, f"{PATH}.avi.subnet.cidr")
    whole = network(subnet.pool, f"{PATH}.avi.subnet.pool")
    for candidate in whole.subnets(new_prefix=subnet.prefix_length):
        if not any(overlap(candidate, held) for held in in_use):
            return candidate
    inside = [f"{held} is that of {name}" for held, name in in_use.items() if overlap(whole, held)]
    raise refusal.Refusal(
        "SubnetPoolUsedUp",
        f"{PATH}.avi.subnet.pool: no subnet of length {subnet.prefix_length} is free in {whole}: "
        f"{_some(inside)}. Enlarge the pool, or delete a port group that nobody needs.",
    )


def overlap(first: Network, second: Network) -> bool:
    """True if the networks share an address."""
    if isinstance(first, ipaddress.IPv4Network) and isinstance(second, ipaddress.IPv4Network):
        return first.overlaps(second)
    if isinstance(first, ipaddress.IPv6Network) and isinstance(second, ipaddress.IPv6Network):
        return first.overlaps(second)
    return False


def _ranges(subnet: Network, skip: int) -> tuple[AviRange, ...]:
    """All addresses of the subnet but those of the network, the broadcast and ``skip``."""
    first, last = int(subnet.network_address) + 1 + skip, int(subnet.broadcast_address) - 1
    if first > last:
        raise refusal.invalid(
            f"{PATH}.avi.subnet.skipFirst",
            f"leaves no address in {subnet}",
            "Give a smaller number",
        )
    kind = type(subnet.network_address)
    return (AviRange(begin=str(kind(first)), end=str(kind(last))),)


def _some(texts: list[str]) -> str:
    return ", ".join(_few(texts))


def _few(texts: list[str]) -> Iterator[str]:
    yield from texts[:MAX_NAMES]
    if len(texts) > MAX_NAMES:
        yield f"and {len(texts) - MAX_NAMES} more"
