"""The invariants I1 to I9 of the queue, against a model that is slow and obvious."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import settings, stateful
from hypothesis import strategies as st

from akoo_core.queue import backoff, core

KEYS = st.sampled_from(["a", "b", "c"])
PRIORITIES = st.sampled_from([core.PRIORITY_INITIAL, core.PRIORITY_LIVE, 7])
SECONDS = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0, 5.0])
BACKOFF = backoff.Backoff(base_seconds=0.25, cap_seconds=3.0, jitter=0.5)
INTERVAL = 1.0


@dataclasses.dataclass
class Wanted:
    """The model's view of one waiting key."""

    priority: int
    due: float
    causes: list[object]
    arrived: int | None = None
    """Its place in the order of becoming ready; None while it is not."""


class Model(stateful.RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.chance = 0.5
        self.core = core.QueueCore(
            min_interval_seconds=INTERVAL, backoff=BACKOFF, uniform=lambda: self.chance
        )
        self.now = 100.0
        self.waiting: dict[str, Wanted] = {}
        self.processing: set[str] = set()
        self.failures: dict[str, int] = {}
        self.starts: dict[str, list[float]] = {}
        self.unserved: dict[str, float] = {}
        self.ticket = itertools.count()
        self.closed = False

    # What the model believes.

    def effective(self, key: str) -> float:
        last = self.starts.get(key, [float("-inf")])[-1]
        return max(self.waiting[key].due, last + INTERVAL)

    def settle(self) -> None:
        """Give keys that became ready their places, in the order of the times.

        Delayed keys of the very same time may come in any order.
        """
        due: dict[float, list[str]] = {}
        for key, wanted in self.waiting.items():
            if wanted.arrived is None and key not in self.processing:
                due.setdefault(self.effective(key), []).append(key)
        for when in sorted(time for time in due if time <= self.now):
            ticket = next(self.ticket)
            for key in due[when]:
                self.waiting[key].arrived = ticket

    def ready(self) -> list[str]:
        """The keys that may come out next, in any order."""
        self.settle()
        ranks = {
            key: (-wanted.priority, wanted.arrived)
            for key, wanted in self.waiting.items()
            if wanted.arrived is not None
        }
        return [key for key, rank in ranks.items() if rank == min(ranks.values())]

    def want(self, key: str, priority: int, delay: float, cause: object) -> None:
        if self.closed:
            return
        self.settle()
        self.unserved[key] = self.now
        wanted = self.waiting.get(key)
        if wanted is None:
            self.waiting[key] = Wanted(priority, self.now + delay, [cause])
        else:
            wanted.due = min(wanted.due, self.now + delay)
            wanted.causes.append(cause)
            if priority > wanted.priority:
                wanted.priority = priority
                if wanted.arrived is not None:
                    wanted.arrived = next(self.ticket)
        self.settle()

    # What happens.

    @stateful.rule(key=KEYS, priority=PRIORITIES, delay=SECONDS)
    def add(self, key: str, priority: int, delay: float) -> None:
        cause = object()
        accepted = self.core.add(
            key, self.now, priority=priority, delay_seconds=delay, causes=[cause]
        )
        assert accepted is not self.closed, "I8: adds are ignored after shutdown, and only then"
        self.want(key, priority, delay, cause)

    @stateful.rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @stateful.rule(look_first=st.booleans())
    def get(self, look_first: bool) -> None:
        if look_first:  # which promotes delayed keys, as get itself must
            self.next_ready()
        ready = self.ready()
        entry = self.core.get(self.now)
        if self.closed:
            assert entry is None, "I8: nothing comes out after shutdown"
            return
        if not ready:
            assert entry is None, "nothing was ready"
            return
        assert entry is not None, "I4: a ready key must come out"
        assert entry.key not in self.processing, "I2: handed out while it is processed"
        assert entry.key in ready, "I5: FIFO within the highest priority"
        wanted = self.waiting.pop(entry.key)
        assert self.now >= wanted.due, "I6: not before the earliest time asked for"
        last = self.starts.get(entry.key, [float("-inf")])[-1]
        assert self.now - last >= INTERVAL, "minimum interval from start to start"
        assert entry.priority == wanted.priority, "the highest priority asked for counts"
        assert entry.attempt == self.failures.get(entry.key, 0) + 1
        assert entry.causes == tuple(wanted.causes[: core.MAX_CAUSES])
        assert entry.dropped_causes == max(0, len(wanted.causes) - core.MAX_CAUSES)
        assert wanted.arrived is not None
        self.processing.add(entry.key)
        self.starts.setdefault(entry.key, []).append(self.now)
        self.unserved.pop(entry.key, None)

    @stateful.precondition(lambda self: self.processing)
    @stateful.rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        self.give_back(data.draw(st.sampled_from(sorted(self.processing))))

    @stateful.rule(key=KEYS)
    def quick_work(self, key: str) -> None:
        """Whatever comes next is done at once: reaches the states that need many turns."""
        self.add(key, core.PRIORITY_LIVE, 0.0)
        before = set(self.processing)
        self.get(look_first=False)
        for key in self.processing - before:
            self.give_back(key)

    def give_back(self, key: str) -> None:
        self.settle()
        self.core.done(key, self.now)
        self.processing.remove(key)
        with pytest.raises(ValueError, match="not being processed"):  # I9
            self.core.done(key, self.now)
        state = self.core.snapshot()
        queued = state.ready.count(key) + state.delayed.count(key)
        assert queued == (key in self.waiting), "I3: dirty means queued once more, clean not at all"
        self.settle()

    @stateful.precondition(lambda self: self.processing)
    @stateful.rule(data=st.data(), chance=st.sampled_from([0.0, 0.5, 0.99]))
    def retry(self, data: st.DataObject, chance: float) -> None:
        key = data.draw(st.sampled_from(sorted(self.processing)))
        self.chance = chance
        self.failures[key] = self.failures.get(key, 0) + 1
        delay = self.core.retry(key, self.now, priority=core.PRIORITY_LIVE, causes=["retry"])
        plain = min(0.25 * 2 ** (self.failures[key] - 1), 3.0)
        assert delay == pytest.approx(plain * (1 + 0.5 * chance))
        self.want(key, core.PRIORITY_LIVE, delay, "retry")

    def next_ready(self) -> None:
        ready = self.ready()
        upcoming = self.core.next_ready(self.now)
        arrived = [wanted for wanted in self.waiting.values() if wanted.arrived is not None]
        assert self.core.depth == len(arrived) or self.closed
        if self.closed:
            assert upcoming is None
        elif ready:
            assert upcoming == self.now
        else:
            times = [self.effective(k) for k in self.waiting if k not in self.processing]
            assert upcoming == min(times, default=None)

    @stateful.rule(key=KEYS)
    def forget(self, key: str) -> None:
        before = self.core.snapshot()
        self.core.forget(key)
        self.failures.pop(key, None)
        assert self.core.snapshot() == before, "I7: forget does not take a key out"

    @stateful.precondition(lambda self: self.now > 108.0)
    @stateful.rule()
    def shut_down(self) -> None:
        self.core.shut_down()
        self.closed = True

    # What always holds.

    @stateful.invariant()
    def i1_ready_at_most_once(self) -> None:
        state = self.core.snapshot()
        both = state.ready + state.delayed
        assert len(both) == len(set(both))

    @stateful.invariant()
    def i2_processed_keys_are_not_queued(self) -> None:
        state = self.core.snapshot()
        assert state.processing == sorted(self.processing)
        assert not set(state.ready + state.delayed) & self.processing

    @stateful.invariant()
    def i3_i4_every_add_is_still_known(self) -> None:
        if not self.closed:
            state = self.core.snapshot()
            assert set(self.unserved) == {*state.ready, *state.delayed, *state.dirty}

    @stateful.invariant()
    def i8_drain_waits_for_processed_keys_only(self) -> None:
        assert self.core.drained == (self.closed and not self.processing)


Model.TestCase.settings = settings(
    max_examples=300, stateful_step_count=40, deadline=None, derandomize=True
)
TestQueueCore = Model.TestCase


def _queue(**options: Any) -> core.QueueCore:
    return core.QueueCore(min_interval_seconds=0.0, uniform=lambda: 0.0, **options)


def _drain(queue: core.QueueCore, now: float) -> list[str]:
    out = []
    while (entry := queue.get(now)) is not None:
        out.append(entry.key)
    return out


def test_live_changes_overtake_the_initial_list() -> None:
    queue = _queue()
    for key in ("a", "b", "c", "d"):
        queue.add(key, 0.0, priority=core.PRIORITY_INITIAL)
    queue.add("c", 0.0)
    queue.add("b", 0.0)
    assert _drain(queue, 0.0) == ["c", "b", "a", "d"]


def test_waiting_is_counted_from_ready_not_from_add() -> None:
    queue = _queue()
    queue.add("a", 0.0, delay_seconds=10.0)
    entry = queue.get(12.5)
    assert entry is not None
    assert entry.waited_seconds == 2.5


def test_backoff_grows_to_its_cap_and_forget_starts_it_anew() -> None:
    queue = _queue(backoff=backoff.Backoff(base_seconds=1.0, cap_seconds=5.0))
    delays = [queue.retry("a", 0.0, priority=0) for _ in range(5)]
    assert delays == [1.0, 2.0, 4.0, 5.0, 5.0]
    queue.forget("a")
    assert queue.retry("a", 0.0, priority=0) == 1.0
    assert backoff.Backoff().seconds(10_000, 0.0) == 1000.0


def test_zero_interval_lets_a_key_come_back_at_once() -> None:
    queue = _queue()
    for _ in range(3):
        queue.add("a", 0.0)
        assert queue.get(0.0) is not None
        queue.done("a", 0.0)


def test_memory_does_not_grow_with_adds_that_replace_each_other() -> None:
    queue = _queue()
    for number in range(5000):
        queue.add("a", float(number), delay_seconds=36_000.0)
        queue.add("a", float(number))
        assert queue.get(float(number)) is not None
        queue.done("a", float(number))
    assert len(queue._delayed._slots) < 200  # the leak would be here: 5,000 outdated timers


def test_tens_of_thousands_of_keys() -> None:
    queue = core.QueueCore()
    for number in range(30_000):
        queue.add(f"key-{number}", 0.0, delay_seconds=number % 7, priority=-(number % 3))
    assert len(_drain(queue, 7.0)) == 30_000


def test_a_dirty_key_queues_behind_what_became_ready_while_it_ran() -> None:
    queue = _queue()
    queue.add("a", 0.0)
    assert queue.get(0.0) is not None
    queue.add("a", 0.0)
    queue.add("b", 0.0, delay_seconds=1.0)
    queue.done("a", 2.0)
    assert _drain(queue, 2.0) == ["b", "a"]
