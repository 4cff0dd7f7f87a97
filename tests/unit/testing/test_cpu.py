"""The measure of tests is the work, not what else the process does meanwhile."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator

import pytest

from tests import cpu


@pytest.fixture
def collections() -> Iterator[list[str]]:
    """The phases of the garbage collector's runs."""
    phases: list[str] = []

    def note(phase: str, _info: dict[str, int]) -> None:
        phases.append(phase)

    gc.callbacks.append(note)
    yield phases
    gc.callbacks.remove(note)


def _allocate() -> None:
    kept: list[list[int]] = [[] for _ in range(10 * gc.get_threshold()[0])]
    assert kept


def test_the_garbage_collector_is_no_part_of_it(collections: list[str]) -> None:
    _allocate()
    assert collections, "so many new objects start it"
    collections.clear()
    cpu.cpu_seconds(_allocate)
    assert not collections
    assert gc.isenabled()


def test_it_is_left_as_it_was() -> None:
    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        cpu.cpu_seconds(fail)
    assert gc.isenabled()
    gc.disable()
    try:
        cpu.cpu_seconds(_allocate)
        assert not gc.isenabled()
    finally:
        gc.enable()


def _burning(seconds: list[float]) -> Callable[[], None]:
    """Work that takes the next of ``seconds`` at each run."""

    def work() -> None:
        until = time.thread_time() + seconds.pop(0)
        while time.thread_time() < until:
            pass

    return work


def test_one_slow_run_does_not_count() -> None:
    assert 0.01 <= cpu.cpu_seconds(_burning([0.2, 0.01, 0.2])) < 0.2
    assert cpu.cpu_seconds(_burning([0.02] * cpu.RUNS)) >= 0.02
