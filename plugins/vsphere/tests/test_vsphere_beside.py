"""A vCenter that hangs beside one that answers."""

from __future__ import annotations

import asyncio
from typing import Any

from akoo_vsphere.controllers.index import WORKERS, Index
from akoo_vsphere.testing.faults import Fault
from akoo_vsphere.testing.scenes import standard
from akoo_vsphere.testing.vcenter import SimulatedVCenter

from akoo_core.testing import virtual_time
from tests.vsphere.vsphere_fleet import VSphereFleet
from tests.vsphere.vsphere_world import CONNECTION, port_group

Json = dict[str, Any]
OTHER = "other.example.com"
MANY = 3 * WORKERS


def add_other(there: VSphereFleet) -> SimulatedVCenter:
    """A second vCenter."""
    other = there.vcenters[OTHER] = SimulatedVCenter()
    standard(other)
    return other


def connection(name: str, address: str) -> Json:
    return {
        **CONNECTION,
        "metadata": {"name": name},
        "spec": {**CONNECTION["spec"], "address": address},
    }


@virtual_time.test
async def test_the_healthy_one_waits_for_nothing(clock: virtual_time.LoopClock) -> None:
    there = VSphereFleet(clock)
    other = add_other(there)
    async with there.fleet as fleet:
        await there.create(port_group())
        await there.until_ready()
        await there.create(connection("ill", OTHER))
        other.faults.add(Fault(method="", hold_seconds=1e6, times=None))
        for number in range(MANY):
            await there.create(port_group(f"ill-{number}", connection="ill"))
        await asyncio.sleep(3.0)
        await there.create(port_group("well", vlan={"id": 113}))
        await there.until_ready("well", seconds=5.0)
        there.hand.set_vlan(there.mo_ref(), 999)
        await fleet.until(lambda: there.vlan() == 112, seconds=5.0)
        other.faults.clear()
        for number in range(MANY):
            await there.until_ready(f"ill-{number}")


@virtual_time.test
async def test_beside_another_one_nobody_waits_longer_than_an_attempt(
    clock: virtual_time.LoopClock,
) -> None:
    there = VSphereFleet(clock)
    add_other(there)
    async with there.fleet as fleet:
        await there.create(connection("other", OTHER))
        await there.create(port_group("one", connection="other"))
        await there.until_ready("one")
        for number in range(MANY):
            await there.create(port_group(f"edge-{number}"))
        names = [f"edge-{number}" for number in range(MANY)]
        await fleet.until(lambda: all(map(there.ready, names)), seconds=6.0)


class TestShares:
    """Pure: the number of attempts that one connection may have."""

    def begun(self, index: Index, name: str, number: int) -> None:
        for each in range(number):
            index.begin(f"{name}-{each}", name)

    def test_those_that_wait_come_in_their_order(self) -> None:
        index = Index()
        index.place("two-0", "two")
        self.begun(index, "one", WORKERS // 2)
        for key in ("a", "b", "a", "c"):
            index.place(key, "one")
            assert index.crowded(key)
        index.forget("b")
        index.end("one-0", None)
        assert index.next_waiting("one-0") == "a"
        index.begin("c", "one")
        assert index.next_waiting("one-1") == ""
        assert index.next_waiting("two-0") == ""

    def test_alone_it_has_all(self) -> None:
        index = Index()
        self.begun(index, "one", WORKERS)
        index.place("one-more", "one")
        assert not index.crowded("one-more")

    def test_it_leaves_half_to_another_one(self) -> None:
        index = Index()
        index.place("two-0", "two")
        self.begun(index, "one", WORKERS // 2 - 1)
        index.place("one-more", "one")
        assert not index.crowded("one-more")
        index.begin("one-last", "one")
        assert index.crowded("one-more")
        assert not index.crowded("two-0")
        index.end("one-last", None)
        assert not index.crowded("one-more")

    def test_of_many_each_has_a_share(self) -> None:
        index = Index()
        for name in range(2 * WORKERS):
            index.place(f"other-{name}", f"other-{name}")
        index.place("one-more", "one")
        assert not index.crowded("one-more")
        self.begun(index, "one", 1)
        assert index.crowded("one-more")

    def test_a_key_that_is_not_known_is_not_crowded(self) -> None:
        assert not Index().crowded("edge")
