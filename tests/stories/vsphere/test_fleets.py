"""Whole fleets: a port group for each cluster of a config, and a fleet that was there before."""

from __future__ import annotations

import asyncio
import ipaddress

from akoo_testbed import kubeapi
from akoo_testbed.provider import manifests

from tests.stories import neighbours, setting, traffic
from tests.stories.scene import Scene
from tests.stories.setting import CLUSTER, NAME, RECORD, SECONDS, Object
from tests.stories.telling import proof, solo, story
from tests.stories.vsphere import network
from tests.stories.vsphere.network import GROUPS, POOLS, SUBNET
from tests.stories.vsphere.vcenter import DATACENTER, SWITCH

OTHERS = ("second", "third")
POOL = "10.72.0.0/24"


@proof
@solo
async def test_three_clusters_at_once(s: Scene) -> None:
    """A template per cluster: three VLANs and subnets, no two the same; and all of it goes."""
    async with network.opened(s) as n:
        await n.furnish_avi()
        before = await n.vcenter.groups()
        await n.configured(plugins={"vsphere": _template(n), "avi": {"controller": n.name}})
        await asyncio.gather(s.created(), *(_created(s, name) for name in OTHERS))
        records = [await setting.record_of(s.api, s.namespace, name) for name in (NAME, *OTHERS)]
        names = [record["metadata"]["name"] for record in records]
        await asyncio.gather(*(setting.running(s.api, name) for name in names))
        groups = [await n.ready(name) for name in names]
        vlans = [group["spec"]["vlan"]["id"] for group in groups]
        subnets = [
            ipaddress.IPv4Network(group["spec"]["avi"]["subnet"]["cidr"]) for group in groups
        ]
        assert sorted(vlans) == [200, 201, 202]
        assert len(set(subnets)) == len(groups)
        assert all(subnet.subnet_of(ipaddress.IPv4Network(POOL)) for subnet in subnets)
        known = await n.vcenter.groups()
        assert [known[name].vlan for name in names] == vlans
        for name, record, subnet in zip((NAME, *OTHERS), records, subnets, strict=True):
            await _served_in(s, name, record, subnet)
        await s.delete()
        await asyncio.gather(*(s.api.delete(CLUSTER, s.namespace, name) for name in OTHERS))
        for record in names:
            await n.gone(name=record)
        assert await n.vcenter.groups() == before
        for record in records:
            assert s.avi.of(record["spec"]["akoClusterName"]) == []


def _template(n: network.Network) -> Object:
    return {
        "portGroupTemplate": {
            "per": "Cluster",
            "connection": n.name,
            "datacenter": DATACENTER,
            "distributedSwitch": {"name": SWITCH},
            "vlan": {"pool": [{"start": 200, "end": 210}]},
            "avi": {
                "controller": n.name,
                "cloud": n.cloud,
                "subnet": {"pool": POOL, "prefixLength": 27},
            },
        }
    }


async def _created(s: Scene, name: str) -> None:
    await s.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": s.namespace}})
    for obj in (
        *manifests.cluster(s.namespace, name, labels=s.labels, workers=0),
        *manifests.machine_pool(s.namespace, name, 1, machine_delete_seconds=3.0),
    ):
        await s.api.create(obj)


async def _served_in(s: Scene, name: str, record: Object, subnet: ipaddress.IPv4Network) -> None:
    """The services of a cluster have addresses of its own subnet."""
    server = s.story_bed.bed.workloads.server(s.namespace, name).server
    async with kubeapi.KubeApi(server.kubeconfig) as workload:
        await traffic.serve(workload, traffic.NAMESPACE, f"{name}.example.com")
        await neighbours.served(s.avi, record["spec"]["akoClusterName"])
        service = await workload.wait_for(
            "v1/Service", traffic.NAMESPACE, "l4", lambda obj: bool(_address(obj)), SECONDS
        )
    assert ipaddress.ip_address(_address(service)) in subnet


def _address(service: Object | None) -> str:
    status = (service or {}).get("status") or {}
    entries = (status.get("loadBalancer") or {}).get("ingress") or ()
    return str(entries[0].get("ip", "")) if entries else ""


@proof
@story
async def test_a_fleet_that_was_there(s: Scene) -> None:
    """It runs with the name of a network. The port group is adopted as it is, and the config names
    it: same network, same pool, no restart of AKO, and only the mark is new in vCenter."""
    async with network.opened(s) as n:
        await n.furnish_avi()
        own = (await n.vcenter.groups())["DC0-free"]
        data = {
            "name": own.name,
            "cidr": SUBNET["cidr"],
            "ipPools": [{"start": "10.71.0.10", "end": "10.71.0.99", "type": "V4"}],
        }
        await n.configured(dataNetwork=data, plugins={"avi": {"controller": n.name}})
        await s.created()
        await s.serves()
        networks, ako = await n.networks(), await n.ako_uid()
        (pool,) = await _pools(s, n)
        await n.vcenter.control.clear_calls()
        await n.declare(
            existing={"moRef": own.reference},
            adoptionPolicy="IfIdentical",
            vlan={"id": own.vlan},
            avi={"controller": n.name, "cloud": n.cloud},
        )
        group = await n.ready()
        assert group["status"]["provenance"] == "Adopted"
        await s.change_config(plugins={"vsphere": {"portGroupRef": n.name}})
        await s.api.wait_for(RECORD, None, s.record_name, _uses, SECONDS)
        await s.record(lambda record: record["spec"]["facts"].get("PortGroup"))
        await s.says("Ready", "Running")
        assert (await n.networks(), await n.ako_uid()) == (networks, ako)
        assert [each["metadata"]["uid"] for each in await _pools(s, n)] == [pool["metadata"]["uid"]]
        writes = await n.vcenter.writes()
        assert writes.keys() <= {"AddCustomFieldDef", "SetField", "ReconfigureDVPortgroup_Task"}
        after = (await n.vcenter.groups())["DC0-free"]
        assert (after.vlan, after.path, after.connected) == (own.vlan, own.path, own.connected)
        assert not (await s.record())["spec"].get("endedPlacements")
        await s.delete()
        await s.gone()
        await s.finished()
        await s.api.delete(setting.CONFIG, None, s.config)
        await n.delete()
        await n.gone()
        assert "DC0-free" in await n.vcenter.groups(), "adopted means Retain"
        assert await s.api.find(GROUPS, None, n.name) is None


async def _pools(s: Scene, n: network.Network) -> list[Object]:
    listed = await s.api.list(POOLS)
    return [obj for obj in listed if obj["spec"].get("controller") == n.name]


def _uses(record: Object | None) -> bool:
    uses = (record or {}).get("spec", {}).get("uses") or ()
    return any(use["kind"] == "VSpherePortGroup" for use in uses)
