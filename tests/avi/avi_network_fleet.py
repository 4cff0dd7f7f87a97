"""A whole operator with vSphere, Avi and AKO, on a vCenter whose port groups Avi discovers."""

from __future__ import annotations

import asyncio
import json
import pathlib
from collections.abc import Awaitable, Callable
from typing import Any

import yaml
from akoo_ako.plugin import AkoPlugin
from akoo_avi.spec import resources

from akoo_core.kube import resource
from akoo_core.testing import builders, virtual_time
from tests.vsphere import memory_bridge, vsphere_world
from tests.vsphere.vsphere_fleet import VSphereFleet

World = Any
Json = dict[str, Any]
CRDS = pathlib.Path(__file__).parents[2] / "deploy" / "crds"
SUBNET = {"cidr": "10.70.0.0/24", "ranges": [{"begin": "10.70.0.10", "end": "10.70.0.19"}]}
GROUP = vsphere_world.port_group(avi={"controller": "main", "cloud": "dc", "subnet": SUBNET})
CONTROLLER: Json = {
    "apiVersion": "akoo.io/v1alpha1",
    "kind": "AviController",
    "metadata": {"name": "main"},
    "spec": {
        "address": "avi.example.com",
        "credentialRef": {"namespace": "vsphere", "name": "admin"},
        "caRef": {"namespace": "vsphere", "name": "ca"},
    },
}


class NetworkFleet(VSphereFleet):
    """A vCenter, and an Avi Controller with a cloud that discovers its port groups."""

    def __init__(self, clock: virtual_time.LoopClock, world: World) -> None:
        self.world = world
        super().__init__(clock, others=lambda: [AkoPlugin(), self.world.plugin()])
        for kind in (resources.AVI_CONTROLLERS, resources.AVI_IP_POOLS):
            definition = yaml.safe_load((CRDS / f"{kind.plural}.yaml").read_text())
            self.fleet.management.seed(definition)
            self.fleet.management.served.serve(kind)
        password = builders.canary("admin-password")
        self.fleet.management.seed(
            builders.secret("vsphere", "admin", username="admin", password=password),
            builders.secret("vsphere", "ca", certificateAuthorityData=""),
            builders.secret("vsphere", "shop", username="shop", password="ako"),
            CONTROLLER,
        )
        self.bridge = memory_bridge.between(
            self.world.avi, {vsphere_world.ADDRESS: self.vcenter}, clock, delay_seconds=20.0
        )

    def config(self) -> Json:
        """A config that names a port group, and no network."""
        spec = {**self.world.config["spec"], "cloudName": "dc"}
        del spec["dataNetwork"]
        return {
            **spec,
            "serviceEngineGroup": "Default-Group",
            "adminCredentialRef": {"name": "admin", "namespace": "vsphere"},
            "certificateAuthorityRef": {"name": "ca", "namespace": "vsphere"},
            "workloadCredentialRef": {"name": "shop", "namespace": "vsphere"},
            "plugins": {"vsphere": {"portGroupRef": "edge"}, "avi": {"controller": "main"}},
        }

    def networks(self) -> list[Json]:
        """The networks that AKO is told."""
        server = self.fleet.workload("shop")
        assert server is not None
        for obj in server.objects(resource.CONFIG_MAPS, "avi-system"):
            listed: list[Json] = json.loads(obj["data"]["vipNetworkList"])
            return listed
        return []

    def config_maps(self) -> list[Json]:
        """The data of AKO's ConfigMaps: a change restarts AKO."""
        server = self.fleet.workload("shop")
        assert server is not None
        return [obj["data"] for obj in server.objects(resource.CONFIG_MAPS, "avi-system")]

    def chosen(self) -> str:
        """The moref of the cluster's fact; "" without one."""
        record = self.fleet.record("shop")
        fact = record.spec.facts.get("PortGroup") if record is not None else None
        return str(fact.data["moref"]) if fact is not None else ""

    def network(self, mo_ref: str) -> Json | None:
        """The network of a port group on Avi."""
        uuid = f"{mo_ref}-{self.world.named('cloud', 'dc')[0]['uuid']}"
        stored = self.world.avi.state.objects.get("network", uuid)
        return None if stored is None else dict(stored.data)

    def left(self) -> list[str]:
        """Names of the shared objects that are still there."""
        kinds = (
            resources.VSPHERE_PORT_GROUPS,
            resources.VSPHERE_CONNECTIONS,
            resources.AVI_IP_POOLS,
            resources.AVI_CONTROLLERS,
        )
        rows = (obj for kind in kinds for obj in self.fleet.management.objects(kind))
        return [f"{obj['kind']}/{obj['metadata']['name']}" for obj in rows]

    async def remove(self, kind: resource.Resource, name: str) -> None:
        await self.fleet.user.delete(kind, name)


def play(world: World, story: Callable[[NetworkFleet], Awaitable[None]]) -> None:
    """The story in virtual time, with discovery beside it."""

    async def main(clock: virtual_time.LoopClock) -> None:
        there = NetworkFleet(clock, world)
        bridge = asyncio.create_task(there.bridge.run(1.0))
        try:
            async with there.fleet:
                await story(there)
        finally:
            bridge.cancel()
            await asyncio.wait({bridge})

    virtual_time.run(main)


def furnished(avi_world: World) -> World:
    world = avi_world()
    world.vcenter_cloud(
        vcenter_url=vsphere_world.ADDRESS, datacenter="DC0", datacenter_managed_object_id=""
    )
    return world
