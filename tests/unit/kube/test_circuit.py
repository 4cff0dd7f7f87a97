"""The circuit breaker: when it asks a silent server again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import clock
from akoo_core.kube import circuit


def make(seed: int = 1) -> tuple[circuit.Circuit, clock.ManualClock]:
    now = clock.ManualClock()
    return circuit.Circuit(now, chance=random.Random(seed)), now


def test_one_failure_does_not_open_it() -> None:
    breaker, _ = make()
    breaker.failed()
    assert not breaker.is_open
    assert breaker.refused_seconds() == 0.0


def test_silence_counts_from_the_first_failure() -> None:
    breaker, now = make()
    assert breaker.silent_seconds == 0.0
    breaker.failed()
    now.advance(7)
    breaker.failed()
    now.advance(3)
    assert breaker.silent_seconds == pytest.approx(10)
    breaker.answered()
    assert breaker.silent_seconds == 0.0
    assert breaker.refused_seconds() == 0.0


def test_one_probe_at_a_time() -> None:
    breaker, now = make()
    breaker.failed()
    breaker.failed()
    wait = breaker.refused_seconds()
    assert 0.5 <= wait <= 1.0
    now.advance(wait)
    assert breaker.refused_seconds() == 0.0, "the probe"
    assert breaker.refused_seconds() == pytest.approx(circuit.PROBE_SECONDS), "no second one"
    now.advance(circuit.PROBE_SECONDS)
    assert breaker.refused_seconds() == 0.0, "a lost probe is not waited for for ever"


@given(st.integers(0, 1000), st.integers(2, 40))
def test_pauses_grow_to_a_limit(seed: int, failures: int) -> None:
    breaker, _ = make(seed)
    for _ in range(failures):
        breaker.failed()
    whole = min(2.0 ** (failures - circuit.THRESHOLD), circuit.MAX_PAUSE_SECONDS)
    assert whole / 2 - 1e-6 <= breaker.refused_seconds() <= whole + 1e-6


@given(st.lists(st.sampled_from(["fail", "answer", "wait"]), max_size=50))
def test_a_closed_circuit_refuses_nothing(steps: list[str]) -> None:
    breaker, now = make()
    in_a_row = 0
    for step in steps:
        match step:
            case "fail":
                breaker.failed()
                in_a_row += 1
            case "answer":
                breaker.answered()
                in_a_row = 0
            case "wait":
                now.advance(13)
        assert breaker.is_open == (in_a_row >= circuit.THRESHOLD)
        assert (breaker.silent_seconds > 0) <= (in_a_row > 0)
        if in_a_row < circuit.THRESHOLD:
            assert breaker.refused_seconds() == 0.0


def test_calls_that_are_lost_together_are_one_silence() -> None:
    breaker, now = make()
    begun = now.monotonic()
    now.advance(10)
    for _ in range(8):
        breaker.failed(begun)
    assert breaker.refused_seconds() == 0.0
    assert breaker.silent_seconds == 10
    begun = now.monotonic()
    now.advance(10)
    breaker.failed(begun)
    assert breaker.is_open
    assert breaker.silent_seconds == 20
    assert breaker.refused_seconds() <= circuit.FIRST_PAUSE_SECONDS


def test_a_server_that_answers_another_call_is_slow_and_not_silent() -> None:
    breaker, now = make()
    for _ in range(20):
        begun = now.monotonic()
        now.advance(15)
        breaker.answered()
        now.advance(15)
        breaker.failed(begun)
    assert not breaker.is_open
    assert breaker.silent_seconds == 0.0


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0.1, 20), st.booleans()), max_size=30))
def test_while_each_call_is_met_by_an_answer_it_stays_closed(
    calls: list[tuple[float, float, bool]],
) -> None:
    """Whatever is lost: each loss began before an answer, so none of them is a silence."""
    breaker, now = make()
    for before, after, answered in calls:
        begun = now.monotonic()
        now.advance(before + 0.1)
        breaker.answered()
        now.advance(after)
        if not answered:
            breaker.failed(begun)
        assert not breaker.is_open


def test_clusters_that_fell_silent_together_are_not_asked_together() -> None:
    pauses = []
    for seed in range(40):
        breaker, _ = make(seed)
        for _ in range(circuit.THRESHOLD):
            breaker.failed()
        pauses.append(breaker.refused_seconds())
    assert len(set(pauses)) == 40
    assert min(pauses) < 0.6
    assert max(pauses) > 0.9
