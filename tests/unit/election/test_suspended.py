"""A machine that is suspended: event loops do not notice, a Lease runs out all the same."""

from __future__ import annotations

import asyncio
import time

import pytest

from akoo_core import errors, settings
from akoo_core.app import operator
from akoo_core.election import lease
from akoo_core.kube.access import kubefiles
from akoo_core.kube.resource import LEASES
from akoo_core.plugin_host import registry
from akoo_core.testing import memory, virtual_time


class Suspendable(virtual_time.LoopClock):
    """Counts the time that the loop slept through, as ``clock.LeaseClock`` does."""

    slept = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.slept


def _elector(
    server: memory.MemoryServer, clock: virtual_time.LoopClock, identity: str
) -> lease.Elector:
    return lease.Elector(
        server.client(),
        namespace="default",
        name="akoo-core",
        identity=identity,
        clock=clock,
        uniform=lambda: 0.0,
    )


@virtual_time.test
async def test_a_leader_that_wakes_up_starts_no_write(clock: virtual_time.LoopClock) -> None:
    """Not even before its next renewal was due: for the loop, no time has passed."""
    own = Suspendable(asyncio.get_running_loop())
    server = memory.MemoryServer()
    elector = _elector(server, own, "pod-a")
    leading = asyncio.create_task(elector.lead(lambda: asyncio.sleep(7200.0)))
    await asyncio.sleep(1.0)
    elector.guard.check()
    own.slept, before = 3600.0, clock.monotonic()
    with pytest.raises(errors.LeadershipLostError, match="no write is started"):
        elector.guard.check()
    assert clock.monotonic() == before
    renewed = server.objects(LEASES)[0]["spec"]["renewTime"]
    with pytest.raises(errors.LeadershipLostError, match="could not be renewed"):
        await leading
    assert server.objects(LEASES)[0]["spec"]["renewTime"] == renewed, "and it takes nothing back"


@virtual_time.test
async def test_a_standby_that_wakes_up_looks_before_it_takes(clock: virtual_time.LoopClock) -> None:
    """Its view of the Lease is old; the holder has renewed it all the time."""
    own = Suspendable(asyncio.get_running_loop())
    server = memory.MemoryServer()
    holder, standby = _elector(server, clock, "pod-a"), _elector(server, own, "pod-b")
    leading = asyncio.create_task(holder.lead(lambda: asyncio.sleep(200.0)))
    await asyncio.sleep(1.0)
    waiting = asyncio.create_task(standby.acquire())
    await asyncio.sleep(5.0)
    own.slept = 3600.0
    await asyncio.sleep(50.0)
    assert not standby.leading
    waiting.cancel()
    await asyncio.gather(waiting, leading, return_exceptions=True)
    assert server.objects(LEASES)[0]["spec"]["holderIdentity"] == "pod-a"


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="Linux has this clock")
async def test_the_operator_counts_the_time_its_machine_slept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = operator.Operator(
        settings.Settings(), registry.PluginSet(()), kubefiles.KubeconfigChoice("none")
    )
    elector = made._elector(memory.MemoryServer().client(), "id")  # type: ignore[arg-type]
    assert elector is not None
    await elector.acquire()
    elector.guard.check()
    read = time.clock_gettime
    slept = {time.CLOCK_BOOTTIME: 60.0}
    monkeypatch.setattr(time, "clock_gettime", lambda which: read(which) + slept.get(which, 0.0))
    with pytest.raises(errors.LeadershipLostError):
        elector.guard.check()
