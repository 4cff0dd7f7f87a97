"""Networks in AKO's JSON; pure."""

from __future__ import annotations

from akoo_ako import config, family
from akoo_ako.desired import Desired


def vip_networks(desired: Desired) -> list[dict[str, str]]:
    """``vipNetworkList``: the family of a CIDR decides by which key it goes.

    Empty in VPC mode, where NSX gives the networks.
    """
    if desired.options.vpc_mode:
        return []
    if desired.options.vip_networks:
        return [
            _filled(
                networkName=one.network_name,
                networkUUID=one.network_uuid,
                cidr=one.cidr,
                v6cidr=one.v6cidr,
            )
            for one in desired.options.vip_networks
        ]
    network = desired.spec.data_network
    key = "v6cidr" if family.of_cidr(network.cidr) == 6 else "cidr"
    return [_filled(**{"networkName": network.name, key: network.cidr})]


def node_networks(extra: config.Extra) -> list[dict[str, object]]:
    """``nodeNetworkList``: empty lists of CIDRs are left out."""
    return [
        {"networkName": one.network_name} | ({"cidrs": list(one.cidrs)} if one.cidrs else {})
        for one in extra.ingress.node_network_list
    ]


def _filled(**values: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}
