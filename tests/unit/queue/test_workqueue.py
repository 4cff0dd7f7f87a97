"""The queue's asyncio half: waiting, waking, timers, shutdown, metrics."""

from __future__ import annotations

import asyncio
import itertools

from akoo_core.queue import core, workqueue
from akoo_core.telemetry import metrics
from akoo_core.testing import virtual_time


def _metric(metric: str) -> float:
    return metrics.REGISTRY.get_sample_value(metric, {"name": "measured"}) or 0.0


@virtual_time.test
async def test_get_waits_for_an_add(clock: virtual_time.LoopClock) -> None:
    queue = workqueue.WorkQueue("waits", clock)
    waiting = asyncio.create_task(queue.get())
    await virtual_time.settle()
    assert not waiting.done()
    queue.add("a", causes=["because"])
    entry = await waiting
    assert entry is not None
    assert (entry.key, entry.causes) == ("a", ("because",))


@virtual_time.test
async def test_delayed_keys_come_at_their_time(clock: virtual_time.LoopClock) -> None:
    queue = workqueue.WorkQueue("delayed", clock)
    start = clock.monotonic()
    queue.add_after("late", 30.0)
    queue.add_after("soon", 5.0)
    arrived = {}
    for _ in range(2):
        entry = await queue.get()
        assert entry is not None
        arrived[entry.key] = round(clock.monotonic() - start, 3)
    assert arrived == {"soon": 5.0, "late": 30.0}


@virtual_time.test
async def test_an_earlier_add_moves_the_timer(clock: virtual_time.LoopClock) -> None:
    queue = workqueue.WorkQueue("moved", clock)
    start = clock.monotonic()
    waiting = asyncio.create_task(queue.get())
    queue.add_after("a", 3600.0)
    await asyncio.sleep(1.0)
    queue.add("a")
    assert await waiting is not None
    assert round(clock.monotonic() - start, 3) == 1.0


@virtual_time.test
async def test_minimum_interval_counts_from_the_last_start(clock: virtual_time.LoopClock) -> None:
    queue = workqueue.WorkQueue("interval", clock, min_interval_seconds=2.0)
    starts = []
    for _ in range(3):
        queue.add("a")
        assert await queue.get() is not None
        starts.append(clock.monotonic())
        await asyncio.sleep(0.5)
        queue.done("a")
    gaps = [round(b - a, 3) for a, b in itertools.pairwise(starts)]
    assert gaps == [2.0, 2.0]


@virtual_time.test
async def test_every_waiter_is_woken_when_many_keys_come(clock: virtual_time.LoopClock) -> None:
    queue = workqueue.WorkQueue("many", clock)
    waiting = [asyncio.create_task(queue.get()) for _ in range(5)]
    await virtual_time.settle()
    for number in range(5):
        queue.add_after(f"key-{number}", 10.0)
    entries = await asyncio.gather(*waiting)
    assert {entry.key for entry in entries if entry} == {f"key-{n}" for n in range(5)}


@virtual_time.test
async def test_a_cancelled_waiter_passes_its_wake_up_on(clock: virtual_time.LoopClock) -> None:
    queue = workqueue.WorkQueue("passed-on", clock)
    first = asyncio.create_task(queue.get())
    second = asyncio.create_task(queue.get())
    await virtual_time.settle()
    queue.add("a")  # wakes the first, which is cancelled before it runs
    first.cancel()
    async with asyncio.timeout(1.0):
        entry = await second
    assert entry is not None
    assert first.cancelled()


@virtual_time.test
async def test_shutdown_ends_waiters_and_drains_running_keys(
    clock: virtual_time.LoopClock,
) -> None:
    queue = workqueue.WorkQueue("shutdown", clock)
    queue.add("running")
    queue.add("queued")
    entry = await queue.get()
    assert entry is not None
    waiting = [asyncio.create_task(queue.get()) for _ in range(2)]
    drained = asyncio.create_task(queue.drained())
    queue.shut_down()
    queue.shut_down()
    queue.add("ignored")
    assert await queue.get() is None
    await virtual_time.settle()
    assert not drained.done()
    queue.done("running")
    await drained
    assert [
        received.key if received else None for received in await asyncio.gather(*waiting)
    ].count(None) >= 1


@virtual_time.test
async def test_metrics(clock: virtual_time.LoopClock) -> None:
    queue = workqueue.WorkQueue("measured", clock)
    queue.add("a")
    queue.add("b", priority=core.PRIORITY_INITIAL)
    assert _metric("workqueue_depth") == 2
    await asyncio.sleep(3.0)
    assert await queue.get() is not None
    await asyncio.sleep(2.0)
    queue.retry("a")
    queue.done("a")
    assert _metric("workqueue_depth") == 1, "b; the other waits for its backoff"
    assert _metric("workqueue_adds_total") == 2
    assert _metric("workqueue_retries_total") == 1
    assert _metric("workqueue_queue_duration_seconds_sum") == 3.0
    assert _metric("workqueue_work_duration_seconds_sum") == 2.0
    assert queue.snapshot().ready == ["b"]
