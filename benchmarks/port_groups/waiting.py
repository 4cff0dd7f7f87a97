"""Port groups of a healthy vCenter, alone and beside one that hangs, in virtual time.

Every call takes 20 ms, and the work of this machine takes none: the figure is of waiting alone,
whatever else runs here. Both vCenters are in memory.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import os

from akoo_vsphere.spec import resources
from akoo_vsphere.testing.faults import Fault
from akoo_vsphere.testing.scenes import standard
from akoo_vsphere.testing.vcenter import SimulatedVCenter

from akoo_core.plugin import structs
from akoo_core.testing import virtual_time
from benchmarks import figures
from benchmarks.port_groups.keeping import DELAY_SECONDS, HEALTHY, HUNG, ROUNDS
from tests.vsphere.vsphere_fleet import VSphereFleet
from tests.vsphere.vsphere_world import CONNECTION, port_group

_GROUPS = resources.PORT_GROUPS
HUNG_ADDRESS = "hung.example.com"
HELD_SECONDS = 3600.0
LOOK_SECONDS = 0.01
LIMIT_SECONDS = 600.0
EDIT_SECONDS = 1.0
"""Time after the edits in which all workers that the vCenter gets are taken."""


async def beside_a_hung() -> None:
    """All of it."""
    print(f"-- beside a vCenter that hangs, in virtual time, load {os.getloadavg()[0]:.1f} before")
    logging.disable(logging.CRITICAL)
    await asyncio.to_thread(virtual_time.run, _played)
    logging.disable(logging.NOTSET)


async def _played(clock: virtual_time.LoopClock) -> None:
    bed = VSphereFleet(clock)
    hung = SimulatedVCenter()
    standard(hung)
    bed.vcenters[HUNG_ADDRESS] = hung
    bed.vcenter.faults.add(Fault(method="", delay_seconds=DELAY_SECONDS, times=None))
    connection: structs.JSON = copy.deepcopy(CONNECTION)
    connection["metadata"]["name"] = "hung"
    connection["spec"]["address"] = HUNG_ADDRESS
    async with bed.fleet:
        await bed.create(connection)
        ill = [f"hung-{number}" for number in range(HUNG)]
        await _made(bed, clock, ill, "hung")
        await _round(bed, clock, "warm")
        alone = [await _round(bed, clock, f"alone-{number}") for number in range(ROUNDS)]
        hung.faults.add(Fault(method="", hold_seconds=HELD_SECONDS, times=None))
        for name in ill:
            await bed.fleet.user.merge_patch(_GROUPS, name, {"spec": {"description": "an edit"}})
        await asyncio.sleep(EDIT_SECONDS)
        beside = [await _round(bed, clock, f"beside-{number}") for number in range(ROUNDS)]
    figures.show(f"{HEALTHY} port groups, alone", "virtual s", alone)
    figures.show(f"   beside {HUNG} on a vCenter that hangs", "virtual s", beside)
    figures.show("   ratio of the first round", "", [beside[0] / max(alone)], "< 1.05")
    figures.show("   ratio of all", "", [sum(beside) / sum(alone)], "< 1.05")


async def _round(bed: VSphereFleet, clock: virtual_time.LoopClock, prefix: str) -> float:
    return await _made(bed, clock, [f"{prefix}-{number}" for number in range(HEALTHY)], "vc")


async def _made(
    bed: VSphereFleet, clock: virtual_time.LoopClock, names: list[str], connection: str
) -> float:
    """Virtual seconds from the first create until all are Ready."""
    started = clock.monotonic()
    for number, name in enumerate(names):
        await bed.create(port_group(name, connection=connection, vlan={"id": 1 + number}))
    missing = set(names)
    async with asyncio.timeout(LIMIT_SECONDS):
        while missing:
            await asyncio.sleep(LOOK_SECONDS)
            missing -= _ready(bed)
    return clock.monotonic() - started


def _ready(bed: VSphereFleet) -> set[str]:
    rows = bed.fleet.management.store.select(_GROUPS, None)
    return {
        obj["metadata"]["name"]
        for _, obj in rows
        if any(
            row["type"] == "Ready" and row["status"] == "True"
            for row in (obj.get("status") or {}).get("conditions") or ()
        )
    }
