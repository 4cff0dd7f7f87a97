"""Slow workload clusters share their slots; quick ones need none."""

from __future__ import annotations

import pytest

from akoo_core.clock import ManualClock
from akoo_core.kube import errors
from akoo_core.reconcile.read.pace import FORGOTTEN_SECONDS, Pace, SlowError, Turn
from akoo_core.telemetry import metrics


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pace(clock: ManualClock) -> Pace:
    return Pace(clock, slots=2)


def _call(turn: Turn, clock: ManualClock, seconds: float) -> None:
    with turn.call():
        clock.advance(seconds)


def _slow(pace: Pace, clock: ManualClock, *names: str) -> None:
    for name in names:
        turn = Turn(pace, name)
        _call(turn, clock, 9.0)
        turn.end()


def test_a_quick_cluster_needs_no_slot(pace: Pace, clock: ManualClock) -> None:
    turns = [Turn(pace, f"quick-{number}") for number in range(20)]
    for _ in range(15):
        for turn in turns:
            _call(turn, clock, 1.0)


def test_one_slow_call_is_enough(pace: Pace, clock: ManualClock) -> None:
    _slow(pace, clock, "a", "b", "c")
    turns = [Turn(pace, name) for name in "abc"]
    _call(turns[0], clock, 9.0)
    _call(turns[1], clock, 9.0)
    with pytest.raises(SlowError):
        _call(turns[2], clock, 9.0)
    _call(turns[0], clock, 9.0)
    turns[1].end()
    _call(turns[2], clock, 9.0)


def test_a_cluster_that_becomes_slow_needs_a_slot_from_then_on(
    pace: Pace, clock: ManualClock
) -> None:
    """So that many that are slow for the first time cost no worker more than one call each."""
    turns = [Turn(pace, f"new-{number}") for number in range(10)]
    for turn in turns:
        _call(turn, clock, 9.0)
    admitted = []
    for turn in turns:
        try:
            _call(turn, clock, 0.0)
            admitted.append(turn)
        except SlowError:
            continue
    assert admitted == turns[:2]


def test_many_quick_calls_are_slow_together(pace: Pace, clock: ManualClock) -> None:
    _slow(pace, clock, "a", "b")
    holding = [Turn(pace, name) for name in "ab"]
    for turn in holding:
        _call(turn, clock, 0.1)
    long = Turn(pace, "endless pages")
    for _ in range(20):
        _call(long, clock, 1.0)
    with pytest.raises(SlowError):
        _call(long, clock, 1.0)


def test_who_asked_first_is_first_and_who_does_not_come_back_is_forgotten(
    pace: Pace, clock: ManualClock
) -> None:
    _slow(pace, clock, "a", "b", "c", "d", "e")
    first = [Turn(pace, name) for name in "ab"]
    for turn in first:
        _call(turn, clock, 1.0)
    for name in "cd":
        with pytest.raises(SlowError):
            _call(Turn(pace, name), clock, 1.0)
    first[0].end()
    with pytest.raises(SlowError):
        _call(Turn(pace, "d"), clock, 1.0)
    _call(Turn(pace, "c"), clock, 1.0)
    first[1].end()
    clock.advance(FORGOTTEN_SECONDS)
    _call(Turn(pace, "e"), clock, 1.0)


def test_a_cluster_that_is_quick_again_is_an_ordinary_one(pace: Pace, clock: ManualClock) -> None:
    _slow(pace, clock, "a")
    turn = Turn(pace, "a")
    turn.end()
    assert pace.slow("a"), "an attempt without a call says nothing"
    assert metrics.REGISTRY.get_sample_value("akoo_slow_workload_clusters") == 1.0
    _call(turn, clock, 0.5)
    turn.end()
    assert not pace.slow("a")
    assert metrics.REGISTRY.get_sample_value("akoo_slow_workload_clusters") == 0.0


def _fail(turn: Turn, clock: ManualClock) -> None:
    with turn.call():
        clock.advance(10.0)
        raise TimeoutError


def test_a_call_that_fails_counts_and_one_that_is_not_made_does_not(
    pace: Pace, clock: ManualClock
) -> None:
    turn = Turn(pace, "silent")
    with pytest.raises(TimeoutError):
        _fail(turn, clock)
    turn.end()
    assert pace.slow("silent")
    again = Turn(pace, "silent")
    with pytest.raises(errors.CircuitOpenError), again.call():
        raise errors.CircuitOpenError("not asked")
    again.end()
    assert pace.slow("silent")
    pace.forget("silent")
    assert not pace.slow("silent")
