"""Whole lives of a cluster with the real plugins: as one would wish it, and as bad as it gets.

In all, the cluster of another management cluster, whose name begins like ours, works on the same
controller. Each ends when the config is gone, too: then nothing is to be left of us there.
"""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

from akoo_avi.spec import resources as avi_resources
from akoo_testbed.avisim import faults

from akoo_core import clock as clock_
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.testing import memory
from tests.sim import sim_avi
from tests.sim.sim_fleet import CONFIG, Cast, SimFleet
from tests.sim.sim_stories import held, phase, until

DRAINING_SECONDS = 120.0
"""The time that Nodes are drained before their Machines go."""
REMAINING_SECONDS = 5.0
"""The time that the foreign reference stays after it was named."""


class AviSimFleet(SimFleet):
    """A fleet with an Avi Controller. ``dies``: AKO with its Node, half-way through its clean-up,
    as soon as it is told to clean up."""

    outside: sim_avi.AviOutside

    def __init__(self, clock: clock_.Clock, cast: Cast) -> None:
        super().__init__(clock, cast)
        self.outside = sim_avi.AviOutside(self.laws, clock)
        self.laws.own = self.outside.own
        self.laws.claimed = self.outside.claimed
        self.laws.account = lambda record: False
        self.dies = False
        self.left: list[str] = []
        """The objects that a dead AKO left."""

    async def ako(self, workload: memory.MemoryServer, data: dict[str, str]) -> None:
        """AKO makes all, or deletes all and says so, or dies half-way."""
        if data.get("deleteConfig") != "true":
            self.outside.ako_works(data)
        elif self.dies:
            self.outside.ako_deletes(data["clusterName"], share=0.5)
            self.left = self.outside.own(data["clusterName"])
            gone = [
                name for name, workload_ in self.workloads.items() if workload_.server is workload
            ]
            del self.workloads[gone[0]]
        else:
            self.outside.ako_deletes(data["clusterName"])
            await self.ako_is_done(workload)

    async def tear_down(self, cluster: dict[str, Any]) -> None:
        """Nodes are drained first; that of a dead AKO goes at once."""
        begun = datetime.datetime.fromisoformat(cluster["metadata"]["deletionTimestamp"])
        drained = self.clock.now() - begun >= datetime.timedelta(seconds=DRAINING_SECONDS)
        if drained or self.left:
            await super().tear_down(cluster)


CAST = Cast(
    "ako and avi",
    sim_avi.plugins,
    config=sim_avi.CONFIG,
    change={},
    secrets=sim_avi.SECRETS,
    kinds=(avi_resources.AVI_CONTROLLERS, avi_resources.AVI_IP_POOLS),
    fleet=AviSimFleet,
)


async def graceful(fleet: SimFleet) -> None:
    """AKO cleans up after itself; nothing is left to sweep."""
    assert isinstance(fleet, AviSimFleet)
    uid = await _onboarded(fleet)
    await _deleted(fleet, uid)
    swept = fleet.outside.swept
    fleet.laws.require(not swept, f"AKO had taken away all, and {swept} was swept")


async def removed(fleet: SimFleet) -> None:
    """Unselected under the policy Remove: AKO leaves, the Cluster stays."""
    assert isinstance(fleet, AviSimFleet)
    uid = await _onboarded(fleet)
    await fleet.change_config(onUnmatch="Remove")
    await asyncio.sleep(30)
    await fleet.patch_cluster("shop", {"metadata": {"labels": {"lb": None}}})
    await until(lambda: phase(fleet, uid) == "Finished" and not held(fleet))
    await _unconfigured(fleet)


async def moved(fleet: SimFleet) -> None:
    """Another service engine group: the old place is left clean, then AKO works in the new one."""
    assert isinstance(fleet, AviSimFleet)
    uid = await _onboarded(fleet)
    await fleet.change_config(serviceEngineGroup="seg-3")
    await until(lambda: fleet.outside.place.at("seg-3") and phase(fleet, uid) == "Running")
    await asyncio.sleep(30)
    await _deleted(fleet, uid)


async def worst(fleet: SimFleet) -> None:
    """AKO dies half-way with its cluster's API. Its routes and its label are left, somebody's
    virtual service refers to a pool, something has only half of the marks, the controller says 412
    to one write and 500 to another."""
    assert isinstance(fleet, AviSimFleet)
    uid = await _onboarded(fleet)
    outside = fleet.outside
    pool = min(obj for obj in outside.count().objects if obj[0] == "pool")
    legacy = next(outside.avi.state.objects.named("virtualservice", "legacy"))
    refer(outside, legacy.uuid, f"/api/pool/{pool[1]}")
    for fault in FAULTS:
        outside.avi.faults.add(fault)
    fleet.dies = True
    await fleet.user.delete(resources.CLUSTERS, "shop", "demo")
    await until(lambda: _held(fleet, uid) == "ForeignReference")
    await asyncio.sleep(REMAINING_SECONDS)
    refer(outside, legacy.uuid, None)
    await _deleted(fleet, uid)
    left = {line.partition(" ")[0] for line in fleet.left}
    fleet.laws.require(left >= LEFT, f"a dead AKO left {left} only")
    met = [fault["met"] for fault in outside.avi.faults.as_dict().values()]
    fleet.laws.require(met == [1, 1], f"faults were met {met} times")


LEFT = {"httppolicyset", "pool", "poolgroup", "serviceenginegroup", "stringgroup", "vrfcontext"}
"""Kinds of what a dead AKO leaves."""
MADE = LEFT | {"applicationpersistenceprofile", "l4policyset", "sslkeyandcertificate"}
MADE |= {"virtualservice", "vsdatascriptset", "vsvip"}
FAULTS = (
    faults.Fault(answer="stale", kind="vrfcontext", method="PUT", user=sim_avi.OPERATOR),
    faults.Fault(answer="broken", kind="httppolicyset", method="DELETE", user=sim_avi.OPERATOR),
)


def refer(outside: sim_avi.AviOutside, uuid: str, pool: str | None) -> None:
    """Somebody's virtual service uses a pool of ours, or none any more."""
    body = outside.hand.get(f"virtualservice/{uuid}")
    body.pop("pool_ref", None)
    outside.hand.put(f"virtualservice/{uuid}", body | ({"pool_ref": pool} if pool else {}))


async def _onboarded(fleet: AviSimFleet) -> str:
    """Until AKO runs and has made its objects; the Cluster's UID."""
    await fleet.config(onUnmatch="Orphan")
    uid = await fleet.create_cluster("shop")
    _strangers(fleet.outside, names.record_name(fleet.management_id, uid))
    await until(lambda: phase(fleet, uid) == "Running" and bool(fleet.outside.count().own))
    made = {entry[0] for entry in fleet.outside.count().own}
    fleet.laws.require(made >= MADE, f"AKO made {made} only")
    await asyncio.sleep(30)
    return uid


def _strangers(outside: sim_avi.AviOutside, cluster: str) -> None:
    """All that is there of others, and is to stay as it is."""
    outside.cluster = cluster
    outside.neighbour(f"{cluster}-2")
    hand, cloud = outside.hand, {"cloud_ref": f"/api/cloud/{outside.place.cloud}"}
    hand.post("virtualservice", {"name": "legacy", **cloud})
    marks = {"markers": [{"key": "clustername", "values": [cluster]}]}
    hand.post("pool", {"name": f"{cluster}--by-hand", "created_by": "jane", **marks, **cloud})
    outside.settled()


async def _deleted(fleet: AviSimFleet, uid: str) -> None:
    """Until the Cluster is gone, and then the config."""
    await fleet.delete_cluster("shop")
    await until(lambda: not fleet.clusters() and phase(fleet, uid) == "Finished")
    await _unconfigured(fleet)


async def _unconfigured(fleet: AviSimFleet) -> None:
    """Until the config is gone with all that was made of it."""
    await fleet.user.delete(resources.AKO_DEPLOYMENT_CONFIGS, CONFIG)
    left = (resources.AKO_DEPLOYMENT_CONFIGS, avi_resources.AVI_IP_POOLS)
    await until(lambda: not any(fleet.management.objects(kind) for kind in left))
    await asyncio.sleep(30)


def _held(fleet: SimFleet, uid: str) -> str:
    """The reason why the Cluster is held."""
    record = fleet.record_of(uid)
    conditions = record.status.conditions if record is not None else ()
    return next((c.reason for c in conditions if c.type == "Held" and c.status == "True"), "")


ALL = (graceful, removed, moved, worst)
