"""Thousands of seeds: two replicas, their caches and attempts in any order, under random faults.

The laws hold at every write, all ends once faults stop, and then nothing is written. A failing seed
is named in the failure. It is played again, and only it, by::

    AKOO_SEED=17 .venv/bin/pytest tests/sim/test_moves.py

``AKOO_PROOF=1`` (``make proof``) plays many more, ``AKOO_SEEDS=5000`` so many;
``python -m tests.sim 5000`` says how fast it is.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from tests.sim import sim_bugs, sim_moves

COUNT = int(os.environ.get("AKOO_SEEDS", "20000" if os.environ.get("AKOO_PROOF") else "100"))
SEEDS = [int(os.environ["AKOO_SEED"])] if "AKOO_SEED" in os.environ else list(range(COUNT))
SHARES = 8
FOUND_WITHIN = 500
"""Seeds, for each planted bug. Most are found by the first or second; an ignored conflict takes
more, since two processes must write in the same moment."""
FIRST = {
    "a plugin that came too late is believed": 213,
    "all finalizers are taken off": 47,
    "conflicts are ignored": 162,
    "a declined fact is waited for": 75,
    "a lost record is made again as if new": 100,
}
"""The first seed that finds the bug, where that takes many: it is tried before all others. One that
finds it no more only costs time."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Errors are what this is about: to keep their log lines would take most of the time."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("share", range(SHARES))
def test_no_law_is_broken_and_everything_ends(share: int) -> None:
    failed: list[str] = []
    for seed in SEEDS[share::SHARES]:
        result = sim_moves.play(seed)
        if result.broken:
            failed.append(f"AKOO_SEED={seed}: {result.broken[:3]} after {result.did[-8:]}")
    assert not failed, "\n".join(failed)


def test_a_seed_does_the_same_again() -> None:
    assert sim_moves.play(5) == sim_moves.play(5)


def test_seeds_get_somewhere() -> None:
    """Clusters do leave, in more than one way, and most seeds write."""
    results = [sim_moves.play(seed) for seed in range(10)]
    assert {why for result in results for why in result.let_go} >= {"Proven", "Gone"}
    assert sum(result.writes > 20 for result in results) > 5


@pytest.mark.parametrize("name", sim_bugs.BUGS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = sim_bugs.BUGS[name]
    bug.plant(monkeypatch)
    others: set[str] = set()
    for seed in (FIRST.get(name, 0), *range(FOUND_WITHIN)):
        broken = sim_moves.play(seed).broken
        if any(bug.law in line for line in broken):
            return
        others.update(broken)
    pytest.fail(f"not found in {FOUND_WITHIN} seeds; instead: {sorted(others)[:3]}")
