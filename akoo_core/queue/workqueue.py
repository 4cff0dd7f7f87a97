"""The work queue for coroutines: QueueCore, a clock, a timer and metrics."""

from __future__ import annotations

import asyncio
import collections
import random
import weakref
from collections.abc import Callable, Iterable

from akoo_core.clock import Clock
from akoo_core.queue import core
from akoo_core.queue.backoff import Backoff
from akoo_core.telemetry import metrics


class WorkQueue:
    """A queue that workers wait on. Use it from one event loop only.

    ``clock.monotonic`` must run at the pace of the event loop's own time. ``name`` labels the
    ``workqueue_*`` metrics. ``min_interval_seconds`` is the least time between two starts of one
    key (default 1 s; 0 turns it off).
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        min_interval_seconds: float = core.DEFAULT_MIN_INTERVAL_SECONDS,
        backoff: Backoff | None = None,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._clock = clock
        self._core = core.QueueCore(
            min_interval_seconds=min_interval_seconds, backoff=backoff, uniform=uniform
        )
        self._waiters: collections.deque[asyncio.Future[None]] = collections.deque()
        self._timer: asyncio.TimerHandle | None = None
        self._shut_down = False
        self._drained = asyncio.Event()
        self._started: dict[str, float] = {}
        reference = weakref.ref(self._core)
        metrics.QUEUE_DEPTH.labels(name).set_function(
            _computed(reference, lambda queue: queue.depth)
        )
        metrics.ACTIVE_WORKERS.labels(name).set_function(
            _computed(reference, lambda queue: queue.active)
        )
        self._adds = metrics.QUEUE_ADDS.labels(name)
        self._retries = metrics.QUEUE_RETRIES.labels(name)
        self._queue_seconds = metrics.QUEUE_SECONDS.labels(name)
        self._work_seconds = metrics.WORK_SECONDS.labels(name)

    def add(
        self,
        key: str,
        *,
        priority: int = core.PRIORITY_LIVE,
        causes: Iterable[object] = (),
    ) -> None:
        """Ask for ``key`` to be processed once more, as soon as its interval allows."""
        self.add_after(key, 0.0, priority=priority, causes=causes)

    def add_after(
        self,
        key: str,
        seconds: float,
        *,
        priority: int = core.PRIORITY_LIVE,
        causes: Iterable[object] = (),
    ) -> None:
        """Like ``add``, but in ``seconds`` at the earliest, unless another add asks for it
        sooner."""
        now = self._clock.monotonic()
        if self._core.add(key, now, priority=priority, delay_seconds=seconds, causes=causes):
            self._adds.inc()
        self._wake()

    def retry(self, key: str, *, priority: int = core.PRIORITY_LIVE) -> float:
        """``key`` failed: add it after its backoff. Returns the seconds until then."""
        delay = self._core.retry(key, self._clock.monotonic(), priority=priority)
        self._retries.inc()
        self._wake()
        return delay

    def forget(self, key: str) -> None:
        """Reset the backoff of ``key``."""
        self._core.forget(key)

    async def get(self) -> core.QueueEntry | None:
        """Wait for the next key. None after shutdown. The caller must call ``done`` for each
        entry."""
        while not self._shut_down:
            now = self._clock.monotonic()
            entry = self._core.get(now)
            if entry is not None:
                self._started[entry.key] = now
                self._queue_seconds.observe(entry.waited_seconds)
                self._wake()
                return entry
            await self._wait_for_wake()
        return None

    def done(self, key: str) -> None:
        """Processing of ``key`` ended, well or not."""
        now = self._clock.monotonic()
        self._core.done(key, now)
        self._work_seconds.observe(now - self._started.pop(key))
        self._wake()

    def shut_down(self) -> None:
        """Stop the intake: adds are ignored, get returns None. Safe to call twice."""
        self._shut_down = True
        self._core.shut_down()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._wake()

    async def drained(self) -> None:
        """Wait until, after shutdown, every key that was handed out has been given back."""
        await self._drained.wait()

    def snapshot(self) -> core.QueueSnapshot:
        """All keys by state, for the debug page."""
        return self._core.snapshot()

    async def _wait_for_wake(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._wake()
        try:
            await waiter
        except asyncio.CancelledError:
            # A waiter that was woken and cancelled at once must pass the wake-up on, else a ready
            # key would lie there with other workers asleep.
            if waiter.done() and not waiter.cancelled():
                self._wake()
            raise
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _wake(self) -> None:
        """Wake one waiter if a key is ready, else set the timer for the next that will be."""
        if self._shut_down and self._core.drained:
            self._drained.set()
        if not self._waiters:
            return  # Whoever comes to wait comes here first.
        now = self._clock.monotonic()
        due = self._core.next_ready(now)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is None:
            return
        if due <= now:
            self._wake_one()
        else:
            self._timer = asyncio.get_running_loop().call_later(due - now, self._wake)

    def _wake_one(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


def _computed(
    reference: weakref.ref[core.QueueCore], measure: Callable[[core.QueueCore], int]
) -> Callable[[], float]:
    """Gauge that is computed when metrics are read; it keeps no queue alive."""

    def value() -> float:
        queue = reference()
        return float(measure(queue)) if queue is not None else 0.0

    return value
