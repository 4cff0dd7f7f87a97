"""The whole operator with vSphere, Avi and AKO: from a VLAN to AKO's network, and back."""

from __future__ import annotations

import asyncio

from akoo_avi.spec import resources, spans

from akoo_core.plugin import kube
from tests.avi.avi_network_fleet import GROUP, NetworkFleet, World, furnished, play
from tests.vsphere import vsphere_world


async def onboarded(there: NetworkFleet) -> str:
    """AKO runs in the cluster shop; the moref of its port group."""
    await there.create(GROUP)
    await there.fleet.create_config(there.config())
    await there.fleet.create_cluster("shop")
    await there.fleet.until_phase("shop", "Running")
    return there.mo_ref()


def test_from_a_vlan_to_ako_and_back(avi_world: World) -> None:
    async def story(there: NetworkFleet) -> None:
        mo_ref = await onboarded(there)
        assert there.ready()
        network = there.network(mo_ref)
        assert network is not None
        assert there.networks() == [{"networkUUID": network["uuid"], "cidr": "10.70.0.0/24"}]
        assert spans.of_network(network)
        await there.fleet.delete_cluster("shop")
        await there.remove(kube.AKO_DEPLOYMENT_CONFIGS, "default")
        await there.remove(resources.VSPHERE_PORT_GROUPS, "edge")
        await there.remove(resources.VSPHERE_CONNECTIONS, "vc")
        await there.remove(resources.AVI_CONTROLLERS, "main")
        await there.fleet.until_gone("shop", seconds=3600)
        await there.fleet.until(lambda: not there.left(), seconds=7200)
        assert there.named("edge") is None
        await there.fleet.until(lambda: there.network(mo_ref) is None, seconds=600)

    play(furnished(avi_world), story)


def test_a_rename_in_vcenter_restarts_no_ako(avi_world: World) -> None:
    async def story(there: NetworkFleet) -> None:
        mo_ref = await onboarded(there)
        before = there.networks()
        there.hand.rename(mo_ref, "renamed")
        await asyncio.sleep(600)
        assert there.networks() == before
        assert there.named("edge") is not None, "the vSphere plugin restored the name"

    play(furnished(avi_world), story)


def test_a_port_group_that_is_made_again_gives_ako_the_new_network(avi_world: World) -> None:
    async def story(there: NetworkFleet) -> None:
        mo_ref = await onboarded(there)
        there.hand.remove(mo_ref)
        await there.fleet.until(
            lambda: there.named("edge") is not None and there.mo_ref() != mo_ref, seconds=3600
        )
        await there.fleet.until(
            lambda: (
                bool(there.networks())
                and there.networks()[0]["networkUUID"].startswith(there.mo_ref())
            ),
            seconds=3600,
        )
        record = there.fleet.record("shop")
        assert record is not None
        assert record.spec.ended_placements == (), "no relocation"

    play(furnished(avi_world), story)


def test_a_fleet_whose_network_becomes_a_port_group(avi_world: World) -> None:
    """Adopted as it is: the same network, the same pool, no restart of AKO."""

    async def story(there: NetworkFleet) -> None:
        mo_ref = there.there.free
        network = {
            "name": "DC0-free",
            "cidr": "10.70.0.0/24",
            "ipPools": [{"start": "10.70.0.10", "end": "10.70.0.19", "type": "V4"}],
        }
        config = {
            **there.config(),
            "dataNetwork": network,
            "plugins": {"avi": {"controller": "main"}},
        }
        await there.fleet.create_config(config)
        await there.fleet.create_cluster("shop")
        await there.fleet.until_phase("shop", "Running")
        before, config_maps = there.networks(), there.config_maps()
        (pool,) = there.fleet.management.objects(resources.AVI_IP_POOLS)
        assert before == [{"networkName": "DC0-free", "cidr": "10.70.0.0/24"}]
        adopted = vsphere_world.port_group(
            existing={"moRef": mo_ref},
            adoptionPolicy="IfIdentical",
            vlan={"id": 20},
            avi={"controller": "main", "cloud": "dc"},
        )
        await there.create(adopted)
        await there.until_ready()
        await there.fleet.change_config({"plugins": {"vsphere": {"portGroupRef": "edge"}}})
        await there.fleet.until(lambda: there.chosen() == mo_ref)
        await asyncio.sleep(600)
        await there.fleet.until_phase("shop", "Running")
        assert (there.networks(), there.config_maps()) == (before, config_maps)
        (kept,) = there.fleet.management.objects(resources.AVI_IP_POOLS)
        assert kept["metadata"]["uid"] == pool["metadata"]["uid"]
        record = there.fleet.record("shop")
        assert record is not None
        assert record.spec.ended_placements == ()
        assert record.spec.declined == {}

    world = furnished(avi_world)
    # Another vCenter has a port group of that name, too: names repeat over clouds.
    world.vcenter_cloud("another", vcenter_url="vc-02.example.com")
    world.discover(("dvportgroup-7", "DC0-free"), cloud="another", usable=False)
    play(world, story)
