"""A controller that takes its time to delete, while a whole fleet leaves it: slow is not silent.

In virtual time, and over HTTPS (``make proof``). The ideal is what the connections to the
controller alone would take: virtual services x seconds of a DELETE / connections.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import NamedTuple

import pytest
from akoo_avi import client
from akoo_avi.cleanup import passes, sweep
from akoo_avi.client import access
from akoo_avi.client.access import patience
from akoo_avi.ownership import inventory, marks
from akoo_avi.testing import memory_controllers
from akoo_testbed.avisim import Controller, faults
from akoo_testbed.avisim import client as by_hand
from akoo_testbed.avisim import pytest as avisim_

from akoo_core import clock, external
from akoo_core.plugin import api
from akoo_core.testing import virtual_time

PASSWORD = "Slow-password-1"
CONNECTIONS = 8
LOG = logging.LoggerAdapter(logging.getLogger(__name__), {})


class Load(NamedTuple):
    """Clusters that leave at once, with so many virtual services each."""

    clusters: int
    each: int
    seconds: float
    """Of the DELETE of one virtual service; all else is answered at once."""

    @property
    def names(self) -> list[str]:
        return [f"akoo-{number:012x}" for number in range(self.clusters)]

    @property
    def ideal(self) -> float:
        return self.clusters * self.each * self.seconds / CONNECTIONS

    def made_on(self, controller: Controller, password: str) -> None:
        hand = by_hand.Client(controller, password=password)
        for name in self.names:
            marked = {"markers": [{"key": "clustername", "values": [name]}]}
            for number in range(self.each):
                about = {"name": f"{name}--v{number}", **marked}
                vip = hand.post("vsvip", about)
                own = {"vsvip_ref": vip["url"], "created_by": f"ako-{name}"}
                hand.post("virtualservice", {**about, **own})
        slow = faults.Fault(
            hold_seconds=self.seconds, times=None, method="DELETE", kind="virtualservice"
        )
        controller.faults.add(slow)


class Left(NamedTuple):
    """The time it took, and the answers on the way besides Done."""

    seconds: float
    complaints: list[str]
    reads: int


async def leave(
    fleet: Load, registry: client.Controllers, address: str, who: client.Credential
) -> Left:
    """Sweep all clusters at once, while another cluster of that controller is looked at."""
    loop = asyncio.get_running_loop()
    avi = await registry.client(address, who, external=external.External())
    complaints: list[str] = []
    begun = loop.time()

    async def sweep_one(name: str) -> None:
        mark = marks.Mark(cluster_name=name, cloud_uuid="")
        while True:
            try:
                first = await inventory.collect(avi, mark, suspects=False)
                outcome = await passes.run(avi, mark, first, clock=clock.SystemClock(), log=LOG)
                answer = sweep.result(avi.address, outcome)
            except client.AviError as error:
                answer = access.answer(error)
            if isinstance(answer, api.Done):
                return
            complaints.append(f"{answer.reason}: {answer.message}")
            await asyncio.sleep(answer.after)

    async def another_cluster(ended: asyncio.Event) -> int:
        reads = 0
        while not ended.is_set():
            await avi.get("cluster")
            reads += 1
            await asyncio.sleep(0.5)
        return reads

    ended = asyncio.Event()
    looking = asyncio.ensure_future(another_cluster(ended))
    try:
        await asyncio.gather(*(sweep_one(name) for name in fleet.names))
    finally:
        ended.set()
        reads = await looking
    return Left(loop.time() - begun, complaints, reads)


@pytest.mark.parametrize(
    "fleet", [Load(10, 4, 2.0), Load(3, 8, 9.0), Load(2, 8, 25.0)], ids=lambda load: str(load[:3])
)
def test_a_fleet_leaves_a_slow_controller(fleet: Load) -> None:
    controller = Controller(password=PASSWORD)
    fleet.made_on(controller, PASSWORD)

    async def main(time: virtual_time.LoopClock) -> Left:
        registry = memory_controllers({"avi": controller}, now=time, patient=True)
        who = client.Credential("admin", PASSWORD)
        try:
            return await leave(fleet, registry, "avi", who)
        finally:
            await registry.close()

    left = virtual_time.run(main)
    assert left.complaints == []
    assert left.seconds <= 1.3 * fleet.ideal
    assert left.reads > left.seconds, "nobody else waits for it"
    assert not list(controller.state.objects.of_kind("virtualservice"))
    assert not list(controller.state.objects.of_kind("vsvip"))


@pytest.mark.skipif(not os.environ.get("AKOO_PROOF"), reason="most of a minute: make proof")
async def test_ten_clusters_leave_a_slow_controller_over_https() -> None:
    fleet = Load(10, 16, 2.0)
    with avisim_.running(avisim_.AviOptions(switches={"bad-certificate": "accept"})) as avi:
        fleet.made_on(avi.controller, avi.options.password)
        registry = patience.registry(pool_size=CONNECTIONS, page_size=200)
        who = client.Credential(avi.options.username, avi.options.password, avi.server.ca_pem)
        try:
            left = await leave(fleet, registry, avi.url.removeprefix("https://"), who)
        finally:
            await registry.close()
        kept = list(avi.controller.state.objects.of_kind("virtualservice"))
    LOG.warning("%.1f s, ideal %.1f s, %d reads beside", left.seconds, fleet.ideal, left.reads)
    assert left.complaints == []
    assert left.seconds <= 1.3 * fleet.ideal
    assert not kept
