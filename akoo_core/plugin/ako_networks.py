"""The networks of AKO's own settings, as the fact LoadBalancerPlacement holds them."""

from akoo_core.objects.ako_networks import (
    NODE_NETWORKS,
    OPTIONS,
    TIER1,
    AkoNetworks,
    AkoVipNetwork,
    NodeNetwork,
    decode,
    family_of,
    prefix,
)

__all__ = [
    "NODE_NETWORKS",
    "OPTIONS",
    "TIER1",
    "AkoNetworks",
    "AkoVipNetwork",
    "NodeNetwork",
    "decode",
    "family_of",
    "prefix",
]
