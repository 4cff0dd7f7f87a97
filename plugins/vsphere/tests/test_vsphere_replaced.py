"""Another vCenter answers within the seconds in which the former one is remembered."""

from __future__ import annotations

import asyncio
from typing import Any

from akoo_vsphere.spec import resources

from akoo_core.testing import virtual_time
from tests.vsphere.vsphere_fleet import VSphereFleet
from tests.vsphere.vsphere_world import port_group

OTHER = "0e8400e2-9b41-4d4a-a716-446655440000"
Json = dict[str, Any]


async def replaced(there: VSphereFleet) -> Json:
    """A vCenter without the port group answers at the address; what status recorded before."""
    empty = there.vcenter.snapshot()
    await there.create(port_group())
    await there.until_ready()
    await asyncio.sleep(5.0)
    recorded: Json = status(there)["portGroup"]
    there.vcenter.instance_uuid = OTHER
    there.vcenter.come_back(empty)
    there.vcenter.end_sessions()
    return recorded


def status(there: VSphereFleet) -> Json:
    known: Json = (there.group() or {}).get("status") or {}
    return known


def reachable(there: VSphereFleet) -> tuple[str, str]:
    (connection,) = there.fleet.management.objects(resources.CONNECTIONS)
    rows = connection["status"]["conditions"]
    row = next(row for row in rows if row["type"] == "Reachable")
    return row["status"], row["reason"]


@virtual_time.test
async def test_the_recorded_port_group_is_not_taken_for_gone(
    clock: virtual_time.LoopClock,
) -> None:
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        recorded = await replaced(there)
        writes = there.vcenter.writes
        await fleet.until(
            lambda: there.condition("Ready") == ("False", "VCenterReplaced"), seconds=60.0
        )
        assert status(there)["portGroup"] == recorded
        assert "pendingCreate" not in status(there)
        assert "PortGroupRemoved" not in there.events
        assert there.vcenter.writes == writes


@virtual_time.test
async def test_the_connection_says_so_at_once(clock: virtual_time.LoopClock) -> None:
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        await replaced(there)
        await fleet.until(lambda: reachable(there) == ("False", "VCenterReplaced"), seconds=60.0)


@virtual_time.test
async def test_an_object_that_goes_waits_for_its_own_vcenter(
    clock: virtual_time.LoopClock,
) -> None:
    there = VSphereFleet(clock)
    async with there.fleet as fleet:
        await replaced(there)
        await fleet.user.delete(resources.PORT_GROUPS, "edge")
        await fleet.until(
            lambda: there.group() is None or there.condition("Held")[1] == "VCenterReplaced",
            seconds=60.0,
        )
        assert there.group() is not None, "its port group may still be in the former vCenter"
