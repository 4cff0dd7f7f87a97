"""contribute: the AviInfraSetting by which API servers get addresses of their own network. Pure.

Only for the AKO of the management cluster: the Services of type LoadBalancer for the control planes
of workload clusters live there. Called ``<config>-ais``, as by the Go ancestor.
"""

from __future__ import annotations

from typing import Final

from akoo_avi.spec import config, placement
from akoo_avi.spec.placement import PlacedNetwork, Stored
from akoo_core.plugin import ako_networks, api, structs

API_VERSION: Final = "ako.vmware.com/v1beta1"


def contribute(view: api.View) -> api.Contribution:
    """The AviInfraSetting of a config with a control plane network; else nothing.

    The tier-1 router is the one that was checked: a mistake in the config reaches no AKO.
    """
    stored, target = placement.stored(view), view.fact(placement.AviTarget)
    if stored is None or stored.control_plane is None:
        return api.Contribution()
    extra = config.decode(view.config).extra_configs
    checked = target.wanted.ako if target else None
    tier1 = (checked or ako_networks.decode(view.config)).tier1
    name = view.spec.config_ref.name
    return api.Contribution(objects=(_setting(name, stored, stored.control_plane, extra, tier1),))


def _setting(
    adc: str, stored: Stored, network: PlacedNetwork, extra: config.Extra, tier1: str
) -> structs.JSON:
    return {
        "apiVersion": API_VERSION,
        "kind": "AviInfraSetting",
        "metadata": {"name": f"{adc}-ais"},
        "spec": {
            "seGroup": {"name": stored.se_group},
            "network": {"vipNetworks": [_vip_network(network)]},
            "l7Settings": {"shardSize": extra.ingress.shard_vs_size},
            "nsxSettings": {"t1lr": tier1},
        },
    }


def _vip_network(network: PlacedNetwork) -> dict[str, str]:
    """The network by UUID if the name is not unique; the family of the CIDR decides its key."""
    named = {"networkName": network.name} if network.unique else {"networkUUID": network.uuid}
    if not network.cidr:
        return named
    six = ako_networks.family_of(network.cidr) == 6
    return {**named, "v6cidr" if six else "cidr": network.cidr}
