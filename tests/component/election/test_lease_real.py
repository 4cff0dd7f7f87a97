"""Two candidates and a real API server: what is written is accepted, and one of them leads."""

from __future__ import annotations

import asyncio
import itertools
import pathlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_testbed import running

from akoo_core import clock, external
from akoo_core.election import lease, timing
from akoo_core.kube import transport
from akoo_core.kube.access import config
from akoo_core.kube.resource import LEASES

SHORT = timing.Timing(lease=3.0, renew_deadline=2.0, retry=0.25)
LONG = timing.Timing(lease=3600.0, renew_deadline=2400.0, retry=0.25)
SECONDS = 60.0
_numbers = itertools.count(1)


@pytest.fixture
async def kube(
    apiserver: running.RunningServer, tmp_path: pathlib.Path
) -> AsyncIterator[transport.HttpClient]:
    file = tmp_path / "admin.kubeconfig"
    file.write_text(apiserver.kubeconfig)
    connected = transport.HttpClient(
        await config.endpoint_of(str(file)), external=external.External()
    )
    yield connected
    await connected.close()


class Candidates:
    """Electors of one Lease of the test's own."""

    def __init__(self, kube: transport.HttpClient, timing_: timing.Timing = SHORT) -> None:
        self._kube = kube
        self._timing = timing_
        self._name = f"election-{next(_numbers)}"

    def new(self, identity: str) -> lease.Elector:
        return lease.Elector(
            self._kube,
            namespace="default",
            name=self._name,
            identity=identity,
            clock=clock.SystemClock(),
            timing=self._timing,
        )

    async def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = (await self._kube.get(LEASES, self._name, "default"))["spec"]
        return spec


async def test_a_lease_handed_back_is_taken_at_once(kube: transport.HttpClient) -> None:
    candidates = Candidates(kube, LONG)
    first, second = candidates.new("pod-a"), candidates.new("pod-b")
    async with asyncio.timeout(SECONDS):
        await first.acquire()
        waiting = asyncio.create_task(second.acquire())
        await asyncio.sleep(2 * LONG.retry)
        assert not waiting.done()
        await first.release()
        await waiting
    spec = await candidates.spec()
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("pod-b", 1)
    assert not first.leading
    assert second.leading


async def test_the_lease_of_a_dead_leader_is_taken_when_it_has_run_out(
    kube: transport.HttpClient,
) -> None:
    candidates = Candidates(kube)
    first, second = candidates.new("pod-a"), candidates.new("pod-b")
    async with asyncio.timeout(SECONDS):
        await first.acquire()
        died = time.monotonic()
        await second.acquire()
    assert time.monotonic() - died >= SHORT.lease
    assert not first.leading


async def test_renewals_keep_the_lease(kube: transport.HttpClient) -> None:
    candidates = Candidates(kube)
    first, second = candidates.new("pod-a"), candidates.new("pod-b")
    acquired = asyncio.Event()

    async def work() -> None:
        acquired.set()
        await asyncio.sleep(1.5 * SHORT.lease)

    leading = asyncio.create_task(first.lead(work))
    async with asyncio.timeout(SECONDS):
        await acquired.wait()
        before = await candidates.spec()
        waiting = asyncio.create_task(second.acquire())
        await leading
        assert not waiting.done()
        after = await candidates.spec()
        await first.release()
        await waiting
    assert after["acquireTime"] == before["acquireTime"]
    assert after["renewTime"] > before["renewTime"]
