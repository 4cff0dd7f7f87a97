"""Conditions that AKO's settings must meet on each kind of cloud; pure.

As AKO checks at its start (internal/cache/controller_obj_cache.go, releases 1.13 and 2.1).
"""

import collections.abc
import ipaddress

from akoo_testbed.akosim.config import Config
from akoo_testbed.kubeapi import Object

NSXT = "CLOUD_NSXT"
WITH_VRF = frozenset({"CLOUD_VCENTER", "CLOUD_NONE"})
"""Clouds where AKO looks for its networks in the VRF that vrfName names."""


def problem(cloud: Object, settings: Config) -> str | None:
    """The first setting that does not fit the cloud; None: all of them do."""
    kind, path = cloud["vtype"], settings.nsxt_t1lr
    overlay = kind == NSXT and not is_vlan(cloud)
    if settings.vpc_mode and kind != NSXT:
        return f"vpcMode is true, and cloud {settings.cloud} is {kind}"
    if overlay and not path:
        return f"nsxtT1LR is missing, and cloud {settings.cloud} is NSX-T with an overlay"
    if path and not overlay:
        zone = " with VLANs" if kind == NSXT else ""
        return f"nsxtT1LR is given, and cloud {settings.cloud} is {kind}{zone}"
    return None


def is_vlan(cloud: Object) -> bool:
    """True if the transport zone of an NSX-T cloud has VLANs, and no overlay."""
    data = (cloud.get("nsxt_configuration") or {}).get("data_network_config") or {}
    return bool(data.get("tz_type") == "VLAN")


def reads_node_networks(cloud: Object) -> bool:
    """True if AKO reads nodeNetworkList on this cloud."""
    return bool(cloud["vtype"] == "CLOUD_VCENTER" or (cloud["vtype"] == NSXT and is_vlan(cloud)))


def unreadable(cidrs: collections.abc.Iterable[str]) -> str | None:
    """The first text that Go's net.ParseCIDR does not take; None if it takes all."""
    return next((cidr for cidr in cidrs if not _is_cidr(cidr)), None)


def _is_cidr(text: str) -> bool:
    _, _, bits = text.partition("/")
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return bits.isdigit()
