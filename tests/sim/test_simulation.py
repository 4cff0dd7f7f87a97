"""Two whole processes under random faults, with their watches, queues, workers and election: the
laws hold at every write, and all ends once faults stop.

A failing seed is named in the failure. It is played again, and only it, by::

    AKOO_SEED=17 .venv/bin/pytest tests/sim/test_simulation.py

``AKOO_PROOF=1`` (``make proof``) plays many more.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from akoo_core import testing
from tests.sim import sim_run

COUNT = 500 if os.environ.get("AKOO_PROOF") else 16
SEEDS = [int(os.environ["AKOO_SEED"])] if "AKOO_SEED" in os.environ else list(range(COUNT))
SHARES = 4


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
        result = sim_run.play(seed)
        if result.broken:
            failed.append(f"AKOO_SEED={seed}: {result.broken[:3]} after {result.did[-8:]}")
    assert not failed, "\n".join(failed)


def test_a_seed_does_the_same_again() -> None:
    first = sim_run.play(3)
    with testing.recorded():
        assert sim_run.play(3) == first, "also where spans are recorded"
