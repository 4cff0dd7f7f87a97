"""contribute: the AviInfraSetting by which API servers get addresses of their own network. Pure.

Only for the AKO of the management cluster: the Services of type LoadBalancer for the control planes
of workload clusters live there. Called ``<config>-ais``, as by the Go ancestor.
"""

from __future__ import annotations

from typing import Final

from akoo_avi.spec import config, placement
from akoo_avi.spec.placement import PlacedNetwork, Stored
from akoo_core.plugin import ako_networks, api, structs

KIND: Final = "AviInfraSetting"
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
    seen = view.fact(placement.AviSettingSeen)
    if view.spec.adoption is not None and seen is None and not _applied(view):
        return api.Contribution()  # The ancestor's may be there: observe looks for it first.
    setting = _setting(name(view), stored, stored.control_plane, extra, tier1)
    adopts = (_adopted(name(view), seen.uid),) if seen is not None and seen.uid else ()
    return api.Contribution(objects=(setting,), adopts=adopts)


def name(view: api.View) -> str:
    """The name of the AviInfraSetting of the record's config."""
    return f"{view.spec.config_ref.name}-ais"


def _applied(view: api.View) -> bool:
    return any(item.kind == KIND and item.name == name(view) for item in view.spec.inventory)


def _adopted(setting: str, uid: str) -> api.AdoptedObject:
    return api.AdoptedObject(api_version=API_VERSION, kind=KIND, name=setting, uid=uid)


def _setting(
    setting: str, stored: Stored, network: PlacedNetwork, extra: config.Extra, tier1: str
) -> structs.JSON:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": setting},
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
