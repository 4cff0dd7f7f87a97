"""Networks in AKO's JSON; pure."""

from __future__ import annotations

from akoo_ako.desired import Desired
from akoo_core.plugin import ako_networks, api


def vip_networks(desired: Desired) -> list[dict[str, str]]:
    """``vipNetworkList``: the family of a CIDR decides by which key it goes.

    Empty in VPC mode, where NSX gives the networks.
    """
    if desired.networks.vpc_mode:
        return []
    if desired.networks.vip_networks:
        return [
            _filled(
                networkName=network.network_name,
                networkUUID=network.network_uuid,
                cidr=network.cidr,
                v6cidr=network.v6cidr,
            )
            for network in desired.networks.vip_networks
        ]
    if desired.placement is not None:
        return [_placed(network) for network in desired.placement.networks]
    network = desired.spec.data_network
    cidr = ako_networks.prefix(network.cidr) if network.cidr else ""
    return [_filled(**{"networkName": network.name, _key(cidr): cidr})]


def _placed(network: api.VipNetwork) -> dict[str, str]:
    """By its UUID where it has one: then the name alone is not unique."""
    name = {"networkUUID": network.uuid} if network.uuid else {"networkName": network.name}
    return _filled(**name, **{_key(network.cidr): network.cidr})


def _key(cidr: str) -> str:
    return "v6cidr" if ako_networks.family_of(cidr) == 6 else "cidr"


def node_networks(networks: ako_networks.AkoNetworks) -> list[dict[str, object]]:
    """``nodeNetworkList``: empty lists of CIDRs are left out."""
    return [
        {"networkName": network.network_name}
        | ({"cidrs": list(network.cidrs)} if network.cidrs else {})
        for network in networks.node_networks
    ]


def _filled(**values: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}
