"""The pools that an AKODeploymentConfig gives inline, as AviIPPools of their own. Pure.

``spec.dataNetwork`` makes one pool, and so does a VSpherePortGroup that all clusters of the config
share. Absent, empty and filled ``ipPools`` differ: nothing is said
about ranges, there are none of ours, or ours are these. ``spec.controlPlaneNetwork`` makes another
pool that only keeps its network usable, unless both are one network.
"""

from __future__ import annotations

import hashlib

from akoo_avi.client.access.reach import Reach
from akoo_avi.spec import config, ip_pool, names
from akoo_core.plugin import structs

PREFIX = "adc-"
PORT_GROUP = "VSpherePortGroup"
"""Before the name of one where the config names no network."""
_NAME = 200
"""Characters of a config's name in that of a pool."""


class Inline(structs.Struct, frozen=True, kw_only=True):
    """One pool of a config."""

    name: str
    spec: ip_pool.IpPoolSpec


def data_name(config_name: str, spec: config.AviSpec) -> str:
    """The name of the pool of the data network; "" without one.

    A config that names its network keeps the pool when it begins to choose its port group.
    """
    ref = spec.plugins.vsphere.port_group_ref
    key = spec.data_network.name or (f"{PORT_GROUP}\x00{ref}" if ref else "")
    return _name(config_name, spec, key)


def control_plane_name(config_name: str, spec: config.AviSpec) -> str:
    """The name of the pool of the control plane's network, which may be that of the data network;
    "" without one."""
    network = spec.control_plane_network
    return _name(config_name, spec, network.name) if network.cidr else ""


def gives_ranges(spec: config.AviSpec) -> bool:
    """The pool's ranges are the only source of addresses: clusters wait until it is in force."""
    return bool(spec.data_network.ip_pools)


def of_config(
    config_name: str, spec: config.AviSpec, controller: str, reach: Reach | None
) -> tuple[Inline, ...]:
    """All pools of a config. ``reach``: the way to the controller if it names no AviController."""
    data = data_name(config_name, spec)
    other = control_plane_name(config_name, spec)
    pools = []
    if data:
        network = spec.data_network
        subnets = (_subnet(network),) if network.cidr else ()
        ref = "" if network.name else spec.plugins.vsphere.port_group_ref
        named = ip_pool.NetworkName(name=network.name, port_group_ref=ref)
        pools.append(Inline(name=data, spec=_spec(spec, controller, reach, named, subnets)))
    if other and other != data:
        named = ip_pool.NetworkName(name=spec.control_plane_network.name)
        pools.append(Inline(name=other, spec=_spec(spec, controller, reach, named, ())))
    return tuple(pools)


def _subnet(network: config.DataNetwork) -> ip_pool.SubnetSpec:
    if network.ip_pools is None:
        return ip_pool.SubnetSpec(cidr=network.cidr)
    ranges = tuple(ip_pool.Range(begin=pool.start, end=pool.end) for pool in network.ip_pools)
    return ip_pool.SubnetSpec(cidr=network.cidr, ranges=ranges)


def _spec(
    spec: config.AviSpec,
    controller: str,
    reach: Reach | None,
    network: ip_pool.NetworkName,
    subnets: tuple[ip_pool.SubnetSpec, ...],
) -> ip_pool.IpPoolSpec:
    return ip_pool.IpPoolSpec(
        controller=controller,
        address=reach.address if reach else "",
        credential_ref=reach.credential if reach else None,
        ca_ref=reach.ca if reach else None,
        tenant=spec.tenant.name,
        cloud=spec.cloud_name,
        network=network,
        subnets=subnets,
    )


def _name(config_name: str, spec: config.AviSpec, network: str) -> str:
    """The name of the pool of a network: another network, cloud or tenant is another pool.

    Tenant admin adds nothing to the name: pools were named so before they had a tenant.
    """
    if not (network and spec.cloud_name):
        return ""
    tenant = () if spec.tenant.name == names.ADMIN_TENANT else (spec.tenant.name,)
    place = "\x00".join((config_name, spec.cloud_name, network, *tenant))
    digest = hashlib.sha256(place.encode()).hexdigest()[:6]
    return f"{PREFIX}{config_name[:_NAME].rstrip('-.')}-{digest}"
