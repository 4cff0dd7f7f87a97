"""Cluster, config, address pool, port group and connection are deleted at once, in each order: it
ends by itself, and nothing of ours is left on Avi and in vCenter.

By default each of them is the first once, and the last. ``AKOO_PROOF=1`` plays all orders.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from akoo_avi.spec import resources

from akoo_core.plugin import kube
from tests.avi.avi_network_fleet import GROUP, NetworkFleet, World, furnished, play

Json = dict[str, Any]
PROOF = os.environ.get("AKOO_PROOF") == "1"
THINGS = ("cluster", "config", "pool", "port group", "connection")
ORDERS = list(itertools.permutations(THINGS))
SOME = [(*THINGS[number:], *THINGS[:number]) for number in range(len(THINGS))]
TEMPLATE: Json = {
    "per": "Cluster",
    "connection": "vc",
    "datacenter": "DC0",
    "distributedSwitch": {"name": "DVS0"},
    "vlan": {"pool": [{"start": 200, "end": 202}]},
    "avi": {
        "controller": "main",
        "cloud": "dc",
        "subnet": {"pool": "10.70.0.0/16", "prefixLength": 24},
    },
}


async def declared(there: NetworkFleet) -> str:
    """A person declares the port group, and the config names it; its name."""
    await there.create(GROUP)
    await there.fleet.create_config(there.config())
    await there.fleet.create_cluster("shop")
    await there.fleet.until_phase("shop", "Running")
    return "edge"


async def of_a_template(there: NetworkFleet) -> str:
    """The config has a template; the name of the object that is made for the cluster."""
    plugins = {"vsphere": {"portGroupTemplate": TEMPLATE}, "avi": {"controller": "main"}}
    await there.fleet.create_config({**there.config(), "plugins": plugins})
    await there.fleet.create_cluster("shop")
    record = await there.fleet.until_phase("shop", "Running")
    return str(record.name)


@pytest.mark.parametrize("order", ORDERS if PROOF else SOME, ids=" ".join)
@pytest.mark.parametrize("begin", [declared, of_a_template], ids=["declared", "template"])
def test_any_order_ends_by_itself(
    order: tuple[str, ...],
    begin: Callable[[NetworkFleet], Awaitable[str]],
    avi_world: World,
) -> None:
    if not PROOF and begin is of_a_template and order is not SOME[3]:
        pytest.skip("AKOO_PROOF=1")

    async def story(there: NetworkFleet) -> None:
        name = await begin(there)
        mo_ref = there.mo_ref(name)
        listed = there.fleet.management.objects(resources.AVI_IP_POOLS)
        pools = [pool["metadata"]["name"] for pool in listed]
        assert pools

        async def remove_pools() -> None:
            for pool in pools:
                await there.remove(resources.AVI_IP_POOLS, pool)

        deletions: dict[str, Callable[[], Awaitable[object]]] = {
            "cluster": lambda: there.fleet.delete_cluster("shop"),
            "config": lambda: there.remove(kube.AKO_DEPLOYMENT_CONFIGS, "default"),
            "pool": remove_pools,
            "port group": lambda: there.remove(resources.VSPHERE_PORT_GROUPS, name),
            "connection": lambda: there.remove(resources.VSPHERE_CONNECTIONS, "vc"),
        }
        for thing in order:
            await deletions[thing]()
        await there.fleet.until_gone("shop", seconds=7200)
        await there.fleet.until(
            lambda: (
                there.left() == ["AviController/main"]
                and not there.fleet.management.objects(kube.AKO_DEPLOYMENT_CONFIGS)
            ),
            seconds=14400,
        )
        assert there.hand.groups().keys().isdisjoint({mo_ref})
        assert there.named(name) is None
        await there.fleet.until(lambda: there.network(mo_ref) is None, seconds=600)
        await there.remove(resources.AVI_CONTROLLERS, "main")
        await there.fleet.until(lambda: not there.left(), seconds=600)

    play(furnished(avi_world), story)
