"""Workers take keys from a queue and pass them to a handler; they survive its errors."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping

from akoo_core import errors, structs
from akoo_core.queue import core, workqueue
from akoo_core.telemetry import metrics, tally

STOP_GRACE_SECONDS = 20.0
"""Seconds for running handlers after the intake stopped, before they are cancelled."""

_log = logging.getLogger(__name__)


class Forget(structs.Struct, frozen=True, kw_only=True):
    """Wait for the next change. The failures of the key are forgotten."""


class RequeueAfter(structs.Struct, frozen=True, kw_only=True):
    """Look again after ``seconds``, or sooner if something changes. Failures are forgotten.

    ``jitter`` is the share of the seconds added at random, so that a fleet which was set up
    together does not call the same outside system at the same moment.
    """

    seconds: float
    jitter: float = 0.1


Outcome = Forget | RequeueAfter
Results = Mapping[str, tally.Count]
"""Counters of reconciles, by result."""
Handler = Callable[[core.QueueEntry], Awaitable[Outcome]]
"""Works on one key. An exception means: try again after the backoff of the key."""


async def run_workers(
    queue: workqueue.WorkQueue,
    handler: Handler,
    count: int,
    *,
    stop: asyncio.Event,
    grace_seconds: float = STOP_GRACE_SECONDS,
    uniform: Callable[[], float] = random.random,
) -> None:
    """Run ``count`` workers until ``stop`` is set, then drain the queue and return.

    On stop the intake ends at once, running handlers get ``grace_seconds`` and are then cancelled.
    When this coroutine is cancelled (the lease is lost), they are cancelled without grace. Returns
    or raises only after every worker has ended. Raises the error that ended a worker, and
    WorkerEndedError when a worker ended without a stop: a process without workers must not stay
    the leader.
    """
    results = _prepare_metrics(queue.name, count)
    workers = [
        asyncio.create_task(
            _work(queue, handler, uniform, results), name=f"{queue.name}-worker-{number}"
        )
        for number in range(count)
    ]
    try:
        await _until(stop, workers)
        stopped = stop.is_set()
        queue.shut_down()
        _, late = await asyncio.wait(workers, timeout=grace_seconds)
        for worker in late:
            _log.warning("cancelled after %.0f s of grace: %s", grace_seconds, worker.get_name())
    finally:
        queue.shut_down()
        for worker in workers:
            worker.cancel()
        endings = await asyncio.gather(*workers, return_exceptions=True)
    for result in endings:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result
    if not stopped:
        raise errors.WorkerEndedError(
            f"a worker of queue {queue.name} ended without being stopped. This process ends; the "
            "next one continues"
        )


async def _until(stop: asyncio.Event, workers: list[asyncio.Task[None]]) -> None:
    """Wait for ``stop``, or for a worker that ended although nothing told it to."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([stopping, *workers], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)


async def _work(
    queue: workqueue.WorkQueue,
    handler: Handler,
    uniform: Callable[[], float],
    results: Results,
) -> None:
    seconds = metrics.RECONCILE_SECONDS.labels(queue.name)
    while (entry := await queue.get()) is not None:
        started = time.perf_counter()
        try:
            await _process(queue, handler, entry, uniform, results)
        finally:
            queue.done(entry.key)
            seconds.observe(time.perf_counter() - started)


async def _process(
    queue: workqueue.WorkQueue,
    handler: Handler,
    entry: core.QueueEntry,
    uniform: Callable[[], float],
    results: Results,
) -> None:
    try:
        outcome = await handler(entry)
    except BaseException as error:
        if _must_end(error):
            raise
        delay = queue.retry(entry.key, priority=entry.priority)
        results["error"].inc()
        _report(queue.name, entry, error, delay)
        return
    queue.forget(entry.key)
    if isinstance(outcome, RequeueAfter):
        wait = outcome.seconds * (1.0 + outcome.jitter * uniform())
        queue.add_after(entry.key, wait, priority=entry.priority)
        results["requeue_after"].inc()
    else:
        results["success"].inc()


def _must_end(error: BaseException) -> bool:
    """True if ``error`` is about this worker, not about its key.

    A CancelledError that nobody sent to this task comes from something the handler waited for, and
    a library may panic with any BaseException: both are failures of the key.
    """
    ends = (KeyboardInterrupt, SystemExit, errors.ProcessEnd)
    if isinstance(error, BaseExceptionGroup):
        if error.subgroup(ends) is not None:
            return True
    elif isinstance(error, (*ends, GeneratorExit)):
        return True
    elif isinstance(error, Exception):
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _report(controller: str, entry: core.QueueEntry, error: BaseException, delay: float) -> None:
    """Log it once. Our own errors explain themselves; others need their traceback."""
    metrics.RECONCILE_ERRORS.labels(controller).inc()
    _log.error(
        "%s %s failed (attempt %d, next in %.1f s): %s: %s",
        controller,
        entry.key,
        entry.attempt,
        delay,
        type(error).__name__,
        error,
        exc_info=None if isinstance(error, errors.AkooError) else error,
        extra={"controller": controller, "key": entry.key, "attempt": entry.attempt},
    )


def _prepare_metrics(controller: str, count: int) -> Results:
    """Create every label value at the start, so that a rate over it is never missing."""
    metrics.RECONCILE_ERRORS.labels(controller)
    metrics.MAX_CONCURRENT_RECONCILES.labels(controller).set(count)
    return {
        result: metrics.RECONCILE_TOTAL.labels(controller, result)
        for result in ("success", "error", "requeue", "requeue_after")
    }
