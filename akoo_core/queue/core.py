"""The order of keys: the pure half of the work queue.

Invariants, held by a state machine in the tests:

I1  A key is in the ready list at most once.
I2  A key being processed is never handed out a second time.
I3  An add while its key is processed marks it dirty; it is queued exactly once when done.
I4  No add is lost: after the last add there is at least one later start of processing.
I5  Within a priority keys come out in the order in which they became ready.
I6  Delayed adds keep the earliest time; an immediate add overtakes a delayed one.
I7  forget resets the failures of a key and does not take it out of the queue.
I8  After shutdown nothing comes in or out; draining waits for processed keys only.
I9  Every key handed out is given back by done (the worker's duty; a second done is an error).

Besides: a key is not handed out again within the minimum interval after its last start, and a
waiting key has the highest of the priorities it was added with.
"""

from __future__ import annotations

import collections
import random
from collections.abc import Callable, Iterable
from typing import NamedTuple

from akoo_core import structs
from akoo_core.queue import heap
from akoo_core.queue.backoff import Backoff

PRIORITY_INITIAL = -100
"""Keys of a list: after a restart thousands, most of them unchanged."""
PRIORITY_LIVE = 0
"""Keys of a change just made: never behind the thousands."""

MAX_CAUSES = 8
"""Limit per entry; the rest is counted. (A span may have 128 links; nobody reads that many.)"""

DEFAULT_MIN_INTERVAL_SECONDS = 1.0
"""One reconcile may log in to several outside systems: at most one a second per key."""


class QueueEntry(structs.Struct, frozen=True, kw_only=True):
    """One key, handed out for processing."""

    key: str
    priority: int
    attempt: int
    """1 plus the failures in a row so far."""
    waited_seconds: float
    """Seconds since the key became ready (a requested delay does not count)."""
    causes: tuple[object, ...] = ()
    """The causes passed to ``add``, oldest first, at most MAX_CAUSES."""
    dropped_causes: int = 0


class QueueSnapshot(NamedTuple):
    """The state of a queue, for people and tests. Ready and delayed in the order of leaving."""

    ready: list[str]
    delayed: list[str]
    processing: list[str]
    dirty: list[str]


class _Pending:
    """State of a key that waits (ready, delayed, or dirty while it is processed)."""

    __slots__ = ("causes", "dropped", "due", "priority", "ready_since")

    def __init__(self, priority: int, due: float) -> None:
        self.priority = priority
        self.due = due
        self.ready_since = 0.0
        self.causes: list[object] = []
        self.dropped = 0

    def explain(self, causes: Iterable[object]) -> None:
        for cause in causes:
            if len(self.causes) < MAX_CAUSES:
                self.causes.append(cause)
            else:
                self.dropped += 1


class QueueCore:
    """The queue as a value with methods. ``now`` is monotonic seconds and never goes back.

    ``uniform`` gives numbers in [0, 1). Every operation is O(log n), amortised.
    """

    def __init__(
        self,
        *,
        min_interval_seconds: float = DEFAULT_MIN_INTERVAL_SECONDS,
        backoff: Backoff | None = None,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._min_interval = min_interval_seconds
        self._backoff = backoff or Backoff()
        self._uniform = uniform
        self._pending: dict[str, _Pending] = {}
        self._ready = heap.KeyedHeap()
        self._delayed = heap.KeyedHeap()
        self._processing: set[str] = set()
        self._failures: dict[str, int] = {}
        self._last_start: collections.OrderedDict[str, float] = collections.OrderedDict()
        self._shut_down = False

    def add(
        self,
        key: str,
        now: float,
        *,
        priority: int = PRIORITY_LIVE,
        delay_seconds: float = 0.0,
        causes: Iterable[object] = (),
    ) -> bool:
        """Ask for ``key`` to be processed once more, ``delay_seconds`` from now or earlier.

        False after shutdown, when the add is ignored.
        """
        if self._shut_down:
            return False
        self._promote(now)
        due = now + max(delay_seconds, 0.0)
        pending = self._pending.get(key)
        if pending is None:
            pending = self._pending[key] = _Pending(priority, due)
            reschedule = True
        else:
            reschedule = priority > pending.priority or due < pending.due
            pending.priority = max(pending.priority, priority)
            pending.due = min(pending.due, due)
        pending.explain(causes)
        if reschedule and key not in self._processing:
            self._schedule(key, pending, now)
        return True

    def retry(self, key: str, now: float, *, priority: int, causes: Iterable[object] = ()) -> float:
        """Count a failure of ``key`` and add it after its backoff, whose seconds are returned."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        delay = self._backoff.seconds(failures, self._uniform())
        self.add(key, now, priority=priority, delay_seconds=delay, causes=causes)
        return delay

    def forget(self, key: str) -> None:
        """Reset the failures of ``key``; a queued key stays queued."""
        self._failures.pop(key, None)

    def get(self, now: float) -> QueueEntry | None:
        """Start the next key; None when no key is ready (or after shutdown)."""
        self._promote(now)
        if self._shut_down or not self._ready.inside:
            return None
        key = self._ready.pop()
        pending = self._pending.pop(key)
        self._processing.add(key)
        self._note_start(key, now)
        return QueueEntry(
            key=key,
            priority=pending.priority,
            attempt=self._failures.get(key, 0) + 1,
            waited_seconds=now - pending.ready_since,
            causes=tuple(pending.causes),
            dropped_causes=pending.dropped,
        )

    def done(self, key: str, now: float) -> None:
        """Processing of ``key`` ended. Raises ValueError when it is not being processed."""
        if key not in self._processing:
            raise ValueError(f"key {key!r} is not being processed")
        self._promote(now)
        self._processing.remove(key)
        pending = self._pending.get(key)
        if pending is not None:
            self._schedule(key, pending, now)

    def next_ready(self, now: float) -> float | None:
        """Time at which ``get`` will return a key: ``now``, later, or None while no key waits."""
        if self._shut_down:
            return None
        self._promote(now)
        if self._ready.inside:
            return now
        due: float | None = self._delayed.first_rank()
        return due

    def shut_down(self) -> None:
        """Ignore adds from now on and hand out no more keys. Waiting keys are dropped."""
        self._shut_down = True

    @property
    def drained(self) -> bool:
        """After shutdown: no key is being processed any more."""
        return self._shut_down and not self._processing

    @property
    def depth(self) -> int:
        """Number of ready keys (delayed ones do not count)."""
        return len(self._ready)

    @property
    def active(self) -> int:
        """Number of keys being processed."""
        return len(self._processing)

    def snapshot(self) -> QueueSnapshot:
        """The whole state by keys. O(n log n): for people and tests."""
        return QueueSnapshot(
            ready=self._ready.keys(),
            delayed=self._delayed.keys(),
            processing=sorted(self._processing),
            dirty=sorted(self._processing & self._pending.keys()),
        )

    def _schedule(self, key: str, pending: _Pending, now: float) -> None:
        last_start = self._last_start.get(key)
        due = pending.due
        if last_start is not None:
            due = max(due, last_start + self._min_interval)
        if due > now:
            self._delayed.push(key, due)
            return
        if key not in self._ready.inside:
            pending.ready_since = now
        self._delayed.discard(key)
        self._ready.push(key, -pending.priority)

    def _promote(self, now: float) -> None:
        """Make due keys ready, in the order of their times."""
        while self._delayed.inside and (due := self._delayed.first_rank()) <= now:
            key = self._delayed.pop()
            pending = self._pending[key]
            pending.ready_since = due
            self._ready.push(key, -pending.priority)

    def _note_start(self, key: str, now: float) -> None:
        """Remember the start of ``key`` for one minimum interval.

        A key starts again only when its last start is forgotten, so the dict is ordered by time.
        """
        if self._min_interval <= 0:
            return
        while self._last_start:
            oldest = next(iter(self._last_start))
            if self._last_start[oldest] + self._min_interval > now:
                break
            del self._last_start[oldest]
        self._last_start[key] = now
