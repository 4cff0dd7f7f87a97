"""Workers survive every handler, and end when told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from akoo_core import errors
from akoo_core.queue import backoff, core, worker, workqueue
from akoo_core.telemetry import metrics
from akoo_core.testing import virtual_time

Handler = Callable[[core.QueueEntry], Awaitable[worker.Outcome]]


def _queue(name: str, clock: virtual_time.LoopClock) -> workqueue.WorkQueue:
    return workqueue.WorkQueue(
        name,
        clock,
        min_interval_seconds=0.0,
        backoff=backoff.Backoff(base_seconds=10.0),
        uniform=lambda: 0.0,
    )


def _results(controller: str) -> dict[str, float]:
    names = ("success", "error", "requeue", "requeue_after")
    return {
        name: metrics.REGISTRY.get_sample_value(
            "controller_runtime_reconcile_total", {"controller": controller, "result": name}
        )
        or 0.0
        for name in names
    }


async def _run(
    queue: workqueue.WorkQueue, handler: Handler, *, seconds: float, count: int = 2
) -> None:
    """Run workers for ``seconds`` of virtual time, then stop them gracefully."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    await worker.run_workers(queue, handler, count, stop=stop, uniform=lambda: 0.0)


@virtual_time.test
async def test_outcomes(clock: virtual_time.LoopClock) -> None:
    queue = _queue("outcomes", clock)
    seen: list[tuple[float, str, int]] = []
    start = clock.monotonic()

    async def handler(entry: core.QueueEntry) -> worker.Outcome:
        seen.append((round(clock.monotonic() - start, 3), entry.key, entry.attempt))
        if entry.key == "later":
            return worker.RequeueAfter(seconds=40.0)
        if entry.key == "fails" and entry.attempt < 3:
            raise RuntimeError("no")
        return worker.Forget()

    for key in ("once", "later", "fails"):
        queue.add(key)
    await _run(queue, handler, seconds=50.0)
    assert sorted(seen) == [
        (0.0, "fails", 1),
        (0.0, "later", 1),
        (0.0, "once", 1),
        (10.0, "fails", 2),
        (30.0, "fails", 3),
        (40.0, "later", 1),
    ]
    assert _results("outcomes") == {"success": 2, "error": 2, "requeue": 0, "requeue_after": 2}


@virtual_time.test
async def test_requeue_after_is_jittered(clock: virtual_time.LoopClock) -> None:
    queue = _queue("jitter", clock)
    starts: list[float] = []
    stop = asyncio.Event()

    async def handler(entry: core.QueueEntry) -> worker.Outcome:
        starts.append(clock.monotonic())
        if len(starts) == 2:
            stop.set()
        return worker.RequeueAfter(seconds=100.0, jitter=0.2)

    queue.add("a")
    await worker.run_workers(queue, handler, 1, stop=stop, uniform=lambda: 0.5)
    assert starts[1] - starts[0] == pytest.approx(110.0)


class PanicError(BaseException):
    """As libraries written in Rust raise it."""


def _group(*inner: BaseException) -> BaseException:
    return BaseExceptionGroup("of a task group", list(inner))


@pytest.mark.parametrize(
    "failure",
    [
        RuntimeError("plain"),
        errors.PrerequisiteError("Missing", "explains itself"),
        TimeoutError(),
        _group(RuntimeError("inner")),
        _group(asyncio.CancelledError()),
        asyncio.CancelledError(),
        PanicError("of a library"),
        _group(PanicError("of a library")),
    ],
    ids=[
        "exception",
        "own",
        "timeout",
        "group",
        "group-of-cancel",
        "stray-cancel",
        "panic",
        "group-of-panic",
    ],
)
def test_no_failure_of_a_key_ends_a_worker(
    failure: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    handled: list[str] = []

    async def handler(entry: core.QueueEntry) -> worker.Outcome:
        handled.append(entry.key)
        if entry.attempt == 1 and entry.key == "bad":
            raise failure
        return worker.Forget()

    async def scenario(clock: virtual_time.LoopClock) -> None:
        queue = _queue("survives", clock)
        queue.add("bad")
        queue.add("good")
        await _run(queue, handler, seconds=15.0, count=1)

    with caplog.at_level(logging.ERROR):
        virtual_time.run(scenario)
    assert handled == ["bad", "good", "bad"]
    lines = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(lines) == 1, "said once"
    assert "survives bad failed (attempt 1, next in 10.0 s)" in lines[0].getMessage()
    assert bool(lines[0].exc_info) is not isinstance(failure, errors.AkooError)


@virtual_time.test
async def test_one_key_is_never_worked_on_twice_at_once(clock: virtual_time.LoopClock) -> None:
    queue = _queue("serial", clock)
    running: set[str] = set()
    calls = 0

    async def handler(entry: core.QueueEntry) -> worker.Outcome:
        nonlocal calls
        assert entry.key not in running
        running.add(entry.key)
        calls += 1
        await asyncio.sleep(1.0)
        running.remove(entry.key)
        return worker.Forget()

    async def events() -> None:
        for _ in range(100):
            queue.add("a")
            await asyncio.sleep(0.1)

    await asyncio.gather(events(), _run(queue, handler, seconds=12.0, count=8))
    assert 10 <= calls <= 11, "a hundred events in ten seconds are ten runs of a second"
    assert _results("serial")["error"] == 0


@virtual_time.test
async def test_stop_lets_running_handlers_finish(clock: virtual_time.LoopClock) -> None:
    queue = _queue("graceful", clock)
    finished: list[str] = []

    async def handler(entry: core.QueueEntry) -> worker.Outcome:
        await asyncio.sleep(5.0)
        finished.append(entry.key)
        return worker.Forget()

    queue.add("running")
    queue.add_after("after the stop", 2.0)
    start = clock.monotonic()
    await _run(queue, handler, seconds=1.0, count=1)
    assert finished == ["running"]
    assert clock.monotonic() - start == pytest.approx(5.0)
    await asyncio.wait_for(queue.drained(), 1.0)


@virtual_time.test
async def test_stop_cancels_what_outlasts_the_grace(clock: virtual_time.LoopClock) -> None:
    queue = _queue("bounded", clock)
    ends: list[str] = []

    async def handler(entry: core.QueueEntry) -> worker.Outcome:
        try:
            await asyncio.sleep(3600.0)
        finally:
            ends.append(entry.key)
        return worker.Forget()

    queue.add("slow")
    stop = asyncio.Event()
    running = asyncio.create_task(
        worker.run_workers(queue, handler, 2, stop=stop, grace_seconds=20.0)
    )
    await asyncio.sleep(1.0)
    start = clock.monotonic()
    stop.set()
    await running
    assert ends == ["slow"]
    assert clock.monotonic() - start == pytest.approx(20.0)
    await asyncio.wait_for(queue.drained(), 1.0)


@virtual_time.test
async def test_cancelling_ends_workers_at_once_and_gives_keys_back(
    clock: virtual_time.LoopClock,
) -> None:
    queue = _queue("cancelled", clock)

    async def handler(entry: core.QueueEntry) -> worker.Outcome:
        await asyncio.sleep(3600.0)
        return worker.Forget()

    queue.add("a")
    running = asyncio.create_task(worker.run_workers(queue, handler, 3, stop=asyncio.Event()))
    await asyncio.sleep(1.0)
    start = clock.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert clock.monotonic() == start
    await asyncio.wait_for(queue.drained(), 1.0)
    assert _results("cancelled")["error"] == 0, "our own cancellation is no failure of the key"


@virtual_time.test
async def test_interrupt_ends_all_workers_and_is_raised(clock: virtual_time.LoopClock) -> None:
    queue = _queue("interrupted", clock)

    async def handler(entry: core.QueueEntry) -> worker.Outcome:
        raise BaseExceptionGroup("tasks", [SystemExit(3)])

    queue.add("a")
    with pytest.raises(BaseExceptionGroup) as caught:
        await worker.run_workers(queue, handler, 3, stop=asyncio.Event())
    assert caught.value.subgroup(SystemExit)


@virtual_time.test
async def test_a_worker_that_ends_without_being_told_to_ends_them_all(
    clock: virtual_time.LoopClock,
) -> None:
    """Whoever cancels a worker of ours must not leave a process that leads and does nothing."""
    queue = _queue("cancelled-from-outside", clock)
    tasks: list[asyncio.Task[Any]] = []

    async def handler(entry: core.QueueEntry) -> worker.Outcome:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        return worker.Forget()

    queue.add("a")
    running = asyncio.create_task(worker.run_workers(queue, handler, 3, stop=asyncio.Event()))
    await asyncio.sleep(1.0)
    tasks[0].cancel()
    with pytest.raises(errors.WorkerEndedError, match="queue cancelled-from-outside"):
        await running
    await asyncio.wait_for(queue.drained(), 1.0)


@virtual_time.test
async def test_a_retry_keeps_its_priority(clock: virtual_time.LoopClock) -> None:
    """Keys of the first list wait behind a change just made, also after a failure."""
    queue = _queue("priorities", clock)
    handled: list[tuple[str, int]] = []

    async def handler(entry: core.QueueEntry) -> worker.Outcome:
        handled.append((entry.key, entry.priority))
        if entry.key == "blocks the only worker":
            await asyncio.sleep(60.0)  # Until the retry is due, and something else with it.
        elif entry.attempt == 1 and entry.key == "from the first list":
            raise RuntimeError("once")
        return worker.Forget()

    queue.add("from the first list", priority=core.PRIORITY_INITIAL)
    loop = asyncio.get_running_loop()
    loop.call_later(1.0, queue.add, "blocks the only worker")
    loop.call_later(30.0, queue.add, "somebody just did this")
    await _run(queue, handler, seconds=100.0, count=1)
    assert handled == [
        ("from the first list", core.PRIORITY_INITIAL),
        ("blocks the only worker", core.PRIORITY_LIVE),
        ("somebody just did this", core.PRIORITY_LIVE),
        ("from the first list", core.PRIORITY_INITIAL),
    ]
