"""The vSphere plugin beside the Avi plugin and the AKO plugin: a vCenter in memory, whose port
groups an Avi Controller in memory discovers, and a life that begins with a VLAN from a pool.

The config has a template: VLAN and subnet are chosen for each cluster, and stored in the spec of
the VSpherePortGroup before vCenter is called.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Hashable
from typing import Any

from akoo_avi.spec import resources as avi_resources
from akoo_vsphere.plugin import VSpherePlugin
from akoo_vsphere.spec import resources as vsphere_resources
from akoo_vsphere.testing import SimulatedVCenter, standard
from akoo_vsphere.testing.hand import Hand

from akoo_core import clock as clock_
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.testing import builders, verbs
from tests.sim import sim_avi, sim_avi_stories
from tests.sim.sim_ako import NAMESPACE
from tests.sim.sim_avi_ako import Place
from tests.sim.sim_fleet import CONFIG, Cast, SimFleet
from tests.sim.sim_laws import Laws
from tests.sim.sim_outside import Outside
from tests.sim.sim_stories import phase, until
from tests.vsphere import memory_bridge, vsphere_world

CLOUD = "dc"
POOL = range(200, 203)
"""VLANs."""
KINDS = (
    avi_resources.AVI_CONTROLLERS,
    avi_resources.AVI_IP_POOLS,
    vsphere_resources.CONNECTIONS,
    vsphere_resources.PORT_GROUPS,
)
TEMPLATE: dict[str, Any] = {
    "per": "Cluster",
    "connection": "vc",
    "datacenter": "DC0",
    "distributedSwitch": {"name": "DVS0"},
    "vlan": {"pool": [{"start": POOL[0], "end": POOL[-1]}]},
    "avi": {
        "controller": "main",
        "cloud": CLOUD,
        "subnet": {"pool": "10.70.0.0/16", "prefixLength": 24},
    },
}
_CONFIG = {
    **{key: value for key, value in sim_avi.CONFIG.items() if key != "dataNetwork"},
    "cloudName": CLOUD,
    "serviceEngineGroup": "Default-Group",
    "plugins": {"vsphere": {"portGroupTemplate": TEMPLATE}, "avi": {"controller": "main"}},
}
_CONTROLLER = {
    "apiVersion": "akoo.io/v1alpha1",
    "kind": "AviController",
    "metadata": {"name": "main"},
    "spec": {
        "address": sim_avi.ADDRESS,
        "credentialRef": {"namespace": NAMESPACE, "name": "avi"},
        "caRef": {"namespace": NAMESPACE, "name": "ca"},
    },
}
_CONNECTION = {
    **vsphere_world.CONNECTION,
    "spec": {
        "address": vsphere_world.ADDRESS,
        "credentialRef": {"namespace": NAMESPACE, "name": "vcenter"},
    },
}


class NetworkOutside(sim_avi.AviOutside):
    """A vCenter beside the Avi Controller, which discovers its port groups in a cloud."""

    def __init__(self, laws: Laws, clock: clock_.Clock) -> None:
        super().__init__(laws, clock)
        self.vcenter = SimulatedVCenter()
        self.there = standard(self.vcenter)
        self.person = Hand(self.vcenter)
        ipam = self.place.find("ipamdnsproviderprofile", "ipam")
        configuration = {
            "vcenter_url": vsphere_world.ADDRESS,
            "datacenter": "DC0",
            "username": "avi",
            "password": builders.canary("avi-vcenter-password"),
            "privilege": "WRITE_ACCESS",
        }
        self.hand.post(
            "cloud",
            {
                "name": CLOUD,
                "vtype": "CLOUD_VCENTER",
                "vcenter_configuration": configuration,
                "ipam_provider_ref": f"/api/ipamdnsproviderprofile/{ipam.uuid}",
            },
        )
        self.bridge = memory_bridge.between(
            self.avi, {vsphere_world.ADDRESS: self.vcenter}, clock, delay_seconds=5.0
        )
        self.groups = self.person.groups()

    async def discovered(self) -> None:
        """From now on the port groups that are there are networks on Avi, and AKO may work."""
        await self.bridge.look()
        await asyncio.sleep(10.0)
        await self.bridge.look()
        self.place = Place(self.hand, CLOUD, "Default-Group", "DC0-free")
        self.settled()

    def ako_works(self, data: dict[str, str]) -> None:
        """AKO goes by the UUID of the network."""
        (network,) = json.loads(data["vipNetworkList"])
        self.place.network = network["networkUUID"]
        super().ako_works(data)

    def state(self) -> object:
        """Also the port groups that are there now and were not, and the others."""
        now = self.person.groups()
        return {
            "avi": super().state(),
            "made": sorted(now.keys() - self.groups.keys()),
            "gone": sorted(self.groups.keys() - now.keys()),
            "changed": sorted(
                mo_ref
                for mo_ref in now.keys() & self.groups.keys()
                if now[mo_ref] != self.groups[mo_ref]
            ),
            "creates": self.vcenter.calls["create"],
        }

    def survives(self) -> Hashable:
        """All of vCenter that a write may have changed, too."""
        return super().survives(), self.vcenter.writes


class NetworkFleet(sim_avi_stories.AviSimFleet):
    """A fleet with a vCenter."""

    outside: NetworkOutside

    def __init__(self, clock: clock_.Clock, cast: Cast) -> None:
        super().__init__(clock, cast)
        self.outside = NetworkOutside(self.laws, clock)
        self.laws.own = self.outside.own
        self.laws.claimed = self.outside.claimed

    async def tick(self) -> None:
        """Avi looks at vCenter; what is chosen is stored before vCenter is called."""
        await super().tick()
        await self.outside.bridge.look()
        self.check()

    def check(self) -> None:
        """Hold the port groups that are there against the objects that chose their VLANs."""
        chosen = {
            obj["metadata"]["name"]: obj["spec"]["vlan"]["id"]
            for obj in self.management.objects(vsphere_resources.PORT_GROUPS)
        }
        twice = len(set(chosen.values())) < len(chosen)
        self.laws.require(not twice, f"a VLAN was chosen twice: {chosen}")
        made = self.outside.person.groups()
        for mo_ref in made.keys() - self.outside.groups.keys():
            name = made[mo_ref]["name"]
            vlan = made[mo_ref]["config"]["defaultPortConfig"]["vlan"]["vlanId"]
            known = chosen.get(name) == vlan
            self.laws.require(known, f"{name} has VLAN {vlan}, and {chosen} are stored")

    def shared(self) -> list[str]:
        """The shared objects that are there."""
        return [
            f"{obj['kind']}/{obj['metadata']['name']}"
            for kind in KINDS
            for obj in self.management.objects(kind)
        ]


def plugins(outside: Outside) -> list[api.Plugin]:
    """Those of one process."""
    assert isinstance(outside, NetworkOutside)
    vcenters = vsphere_world.MemoryVCenters({vsphere_world.ADDRESS: outside.vcenter})
    return [*sim_avi.plugins(outside), verbs.named(VSpherePlugin(None, vcenters))]


CAST = Cast(
    "with vsphere",
    plugins,
    config=_CONFIG,
    change={},
    secrets=(
        *sim_avi.SECRETS,
        builders.secret(NAMESPACE, "vcenter", username="akoo", password=vsphere_world.PASSWORD),
        _CONTROLLER,
        _CONNECTION,
    ),
    kinds=KINDS,
    fleet=NetworkFleet,
)


async def network(fleet: SimFleet) -> None:
    """From the config to AKO on the network of its port group; then all of it is deleted."""
    assert isinstance(fleet, NetworkFleet)
    outside = fleet.outside
    await outside.discovered()
    await fleet.config(onUnmatch="Orphan")
    uid = await fleet.create_cluster("shop")
    outside.cluster = names.record_name(fleet.management_id, uid)
    await until(lambda: phase(fleet, uid) == "Running" and bool(outside.count().own))
    await asyncio.sleep(30)
    (group,) = fleet.management.objects(vsphere_resources.PORT_GROUPS)
    fleet.laws.require(group["spec"]["vlan"]["id"] == POOL[0], "the first VLAN is chosen")
    await fleet.delete_cluster("shop")
    await until(lambda: not fleet.clusters() and phase(fleet, uid) == "Finished")
    await fleet.user.delete(resources.AKO_DEPLOYMENT_CONFIGS, CONFIG)
    await fleet.user.delete(vsphere_resources.CONNECTIONS, "vc")
    await fleet.user.delete(avi_resources.AVI_CONTROLLERS, "main")
    await until(lambda: not fleet.shared())
    await asyncio.sleep(30)


ALL = (network,)
