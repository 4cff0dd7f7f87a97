"""The pool of a config whose network is a VSpherePortGroup that all its clusters share."""

from __future__ import annotations

from typing import Any

from akoo_avi.pools import configs
from akoo_avi.spec import inline_pools, ip_pool

RANGES = [{"start": "10.70.0.10", "end": "10.70.0.19", "type": "V4"}]


def inlines(network: dict[str, Any], ref: str = "") -> tuple[inline_pools.Inline, ...]:
    spec = {
        "controller": "avi.example.com",
        "cloudName": "dc",
        "adminCredentialRef": {"name": "admin", "namespace": "avi"},
        "dataNetwork": network,
        "plugins": {"vsphere": {"portGroupRef": ref}} if ref else {},
    }
    return configs.of_object({"metadata": {"name": "edge"}, "spec": spec})


def test_the_port_group_is_named_and_no_network() -> None:
    (pool,) = inlines({"cidr": "10.70.0.0/24", "ipPools": RANGES}, "blue")
    assert pool.spec.network == ip_pool.NetworkName(port_group_ref="blue")
    (subnet,) = pool.spec.subnets
    assert subnet.ranges == (ip_pool.Range(begin="10.70.0.10", end="10.70.0.19"),)


def test_it_keeps_the_network_usable_where_the_config_has_no_subnet() -> None:
    (pool,) = inlines({}, "blue")
    assert (pool.spec.subnets, pool.spec.usable) == ((), True)


def test_another_port_group_is_another_pool() -> None:
    assert len({inlines({}, ref)[0].name for ref in ("blue", "red")}) == 2
    assert inlines({"name": "blue"})[0].name != inlines({}, "blue")[0].name, "a network of its name"


def test_a_config_that_begins_to_choose_the_port_group_keeps_its_pool() -> None:
    network = {"name": "vip", "cidr": "10.70.0.0/24", "ipPools": RANGES}
    assert inlines(network) == inlines(network, "blue")


def test_without_either_there_is_no_pool() -> None:
    assert inlines({}) == ()
