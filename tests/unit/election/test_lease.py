"""The election against an API server in memory: taking, renewing, losing, handing back."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from akoo_core import errors, external
from akoo_core.election import lease, timing
from akoo_core.kube import errors as kube_errors
from akoo_core.kube.resource import LEASES
from akoo_core.telemetry import metrics
from akoo_core.testing import memory, virtual_time

Clock = virtual_time.LoopClock


def _elector(
    server: memory.MemoryServer, clock: Clock, identity: str = "pod-a", **options: Any
) -> lease.Elector:
    return lease.Elector(
        server.client(),
        namespace="default",
        name="akoo-core",
        identity=identity,
        clock=clock,
        uniform=lambda: 0.0,
        **options,
    )


@contextlib.contextmanager
def _log_of_leases() -> Iterator[list[str]]:
    """The messages that the module logs while the block lasts."""
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger(lease.__name__)
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield messages
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def _stored(server: memory.MemoryServer) -> dict[str, Any]:
    (obj,) = server.objects(LEASES)
    spec: dict[str, Any] = obj["spec"]
    return spec


def _seed(server: memory.MemoryServer, **spec: Any) -> None:
    metadata = {"name": "akoo-core", "namespace": "default"}
    server.seed(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": spec,
        }
    )


async def _forever() -> None:
    await asyncio.Event().wait()


@contextlib.contextmanager
def _unreachable(server: memory.MemoryServer) -> Iterator[None]:
    server.faults.before("*", kube_errors.UnreachableError("refused"), times=10_000)
    yield
    server.faults.clear()


@virtual_time.test
async def test_the_first_candidate_leads_at_once(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock)
    with pytest.raises(errors.LeadershipLostError, match="not the leader"):
        elector.guard.check()
    start = clock.monotonic()
    await elector.acquire()
    assert clock.monotonic() == start
    elector.guard.check()
    assert elector.acquired.is_set()
    assert _stored(server) == {
        "holderIdentity": "pod-a",
        "leaseDurationSeconds": 60,
        "acquireTime": "2026-01-01T00:00:00.000000Z",
        "renewTime": "2026-01-01T00:00:00.000000Z",
    }


def test_micro_time_is_utc() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=-5))
    local = datetime.datetime(2026, 3, 1, 7, 12, 0, 5, tzinfo=zone)
    assert lease.micro_time(local) == "2026-03-01T12:12:00.000005Z"


@virtual_time.test
async def test_work_runs_under_renewals_and_hands_back(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock)

    async def work() -> None:
        for _ in range(100):
            await asyncio.sleep(3.0)
            elector.guard.check()

    await elector.lead(work)
    assert _stored(server)["renewTime"] > "2026-01-01T00:04:50"
    assert _stored(server)["holderIdentity"] == "pod-a", "not before it is told to"
    await elector.release()
    spec = _stored(server)
    assert "holderIdentity" not in spec
    assert spec["leaseDurationSeconds"] == 1
    assert not elector.leading
    with pytest.raises(errors.LeadershipLostError):
        elector.guard.check()

    start = clock.monotonic()
    second = _elector(server, clock, "pod-b")
    await second.acquire()
    assert clock.monotonic() == start
    assert _stored(server)["leaseTransitions"] == 1


@virtual_time.test
async def test_a_crashed_leader_is_replaced_after_a_whole_lease(clock: Clock) -> None:
    server = memory.MemoryServer()
    await _elector(server, clock).acquire()
    start = clock.monotonic()
    await _elector(server, clock, "pod-b").acquire()
    assert 60.0 <= clock.monotonic() - start <= 63.0
    assert _stored(server)["holderIdentity"] == "pod-b"


@virtual_time.test
async def test_lease_is_lost_when_the_server_is_away(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock)
    ended: list[float] = []

    async def work() -> None:
        try:
            await _forever()
        finally:
            ended.append(clock.monotonic())

    leading = asyncio.create_task(elector.lead(work))
    await asyncio.sleep(10.0)
    with _unreachable(server):
        start = clock.monotonic()
        with pytest.raises(errors.LeadershipLostError, match="could not be renewed for 20 s"):
            await leading
    assert elector.lost.is_set()
    assert 18.0 <= ended[0] - start <= 20.0
    with pytest.raises(errors.LeadershipLostError):
        await elector.acquire()


@virtual_time.test
async def test_the_log_says_who_leads(clock: Clock) -> None:
    """A replica that waits names the holder, once; the next leader names the Lease."""
    server = memory.MemoryServer()
    first, second = _elector(server, clock, "first"), _elector(server, clock, "second")
    with _log_of_leases() as messages:
        await first.acquire()
        waiting = asyncio.create_task(second.acquire())
        await asyncio.sleep(10.0)
        await first.release()
        await waiting
    assert messages == [
        "leading: holds Lease default/akoo-core",
        "waiting for Lease default/akoo-core, held by first",
        "leading: holds Lease default/akoo-core",
    ]
    await second.release()


@virtual_time.test
async def test_silence_of_the_server_is_cut_off_at_the_deadline(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock)

    async def silent(*_: Any, **__: Any) -> Any:
        await _forever()

    leading = asyncio.create_task(elector.lead(_forever))
    await asyncio.sleep(1.0)
    start = clock.monotonic()
    elector._client.get = silent  # type: ignore[method-assign]
    with pytest.raises(errors.LeadershipLostError):
        await leading
    assert clock.monotonic() - start <= 20.0


@virtual_time.test
async def test_short_trouble_does_not_cost_the_lease(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock)
    leading = asyncio.create_task(elector.lead(lambda: asyncio.sleep(120.0)))
    await asyncio.sleep(5.0)
    with _unreachable(server):
        await asyncio.sleep(8.0)
    server.faults.after("update leases", kube_errors.UnreachableError("answer lost"), times=2)
    server.faults.before("get leases", ValueError("what the proxy sent was no JSON"), times=2)
    await leading
    assert not elector.lost.is_set()


@virtual_time.test
async def test_work_is_stopped_when_another_took_the_lease(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock)
    leading = asyncio.create_task(elector.lead(_forever))
    await asyncio.sleep(1.0)
    patch = {"spec": {"holderIdentity": "thief"}}
    await server.client().merge_patch(LEASES, "akoo-core", patch, "default")
    start = clock.monotonic()
    with pytest.raises(errors.LeadershipLostError, match="taken by thief"):
        await leading
    assert clock.monotonic() - start <= 2.0
    await elector.release()
    assert _stored(server)["holderIdentity"] == "thief", "only ours is handed back"


@virtual_time.test
async def test_renewals_stop_with_the_work(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock)

    async def work() -> None:
        await asyncio.sleep(3.0)
        raise RuntimeError("crashed")

    with pytest.raises(RuntimeError, match="crashed"):
        await elector.lead(work)
    renewed = _stored(server)["renewTime"]
    await asyncio.sleep(100.0)
    assert _stored(server)["renewTime"] == renewed
    assert not elector.leading


@virtual_time.test
async def test_work_that_does_not_end_does_not_hold_the_loss_up(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock)
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    leading = asyncio.create_task(elector.lead(stubborn))
    await asyncio.sleep(1.0)
    start = clock.monotonic()
    with _unreachable(server), pytest.raises(errors.LeadershipLostError):
        await leading
    assert clock.monotonic() - start <= 20.0 + lease.CANCEL_SECONDS
    release.set()
    await virtual_time.settle()


@virtual_time.test
async def test_cancelled_lead_stops_work_and_renewals(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock)
    leading = asyncio.create_task(elector.lead(_forever))
    await asyncio.sleep(1.0)
    leading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leading
    await elector.release()
    assert "holderIdentity" not in _stored(server)


@virtual_time.test
async def test_release_never_takes_long_and_never_fails(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock)
    await elector.acquire()

    async def silent(*_: Any, **__: Any) -> Any:
        await _forever()

    elector._client.replace = silent  # type: ignore[method-assign]
    start = clock.monotonic()
    await elector.release()
    assert clock.monotonic() - start == pytest.approx(lease.RELEASE_SECONDS)


@virtual_time.test
async def test_two_candidates_of_a_fresh_lease_do_not_both_lead(clock: Clock) -> None:
    server = memory.MemoryServer()
    first, second = _elector(server, clock, "pod-a"), _elector(server, clock, "pod-b")
    tasks = [asyncio.create_task(candidate.lead(_forever)) for candidate in (first, second)]
    for _ in range(100):
        await asyncio.sleep(1.0)
        assert [first.leading, second.leading].count(True) == 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@virtual_time.test
async def test_nulls_of_a_lease_and_foreign_fields_are_kept_apart(clock: Clock) -> None:
    server = memory.MemoryServer()
    _seed(server, holderIdentity=None, leaseTransitions=None, strategy="OldestEmulationVersion")
    await _elector(server, clock).acquire()
    spec = _stored(server)
    assert spec["strategy"] == "OldestEmulationVersion"
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("pod-a", 1)


@virtual_time.test
async def test_the_guard_stops_writes_but_not_reads(clock: Clock) -> None:
    server = memory.MemoryServer()
    elector = _elector(server, clock, timing=timing.Timing(lease=10, renew_deadline=5, retry=1))
    await elector.acquire()
    guarded = server.client(external=external.External(guard=elector.guard))
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    config_maps = server.resource_of(obj)
    await guarded.create(config_maps, obj, "default")
    await asyncio.sleep(5.0)
    with pytest.raises(errors.LeadershipLostError):
        await guarded.delete(config_maps, "a", "default")
    assert await guarded.get(config_maps, "a", "default")


@virtual_time.test
async def test_metric(clock: Clock) -> None:
    def value() -> float | None:
        labels = {"name": "akoo-core"}
        return metrics.REGISTRY.get_sample_value("leader_election_master_status", labels)

    elector = _elector(memory.MemoryServer(), clock)
    assert value() == 0
    await elector.acquire()
    assert value() == 1
    await elector.release()
    assert value() == 0
