"""The bed as a fixture."""

from __future__ import annotations

import pytest

from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed
from tests.unit.reconcile.reconcile_bench import Bench


@pytest.fixture
def ako() -> bedplugins.Ako:
    return bedplugins.Ako()


@pytest.fixture
def avi() -> bedplugins.Avi:
    return bedplugins.Avi()


@pytest.fixture
def bed(ako: bedplugins.Ako, avi: bedplugins.Avi) -> Bed:
    return Bed(ako, avi)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
async def name(bed: Bed, avi: bedplugins.Avi, ako: bedplugins.Ako) -> str:
    """The record of demo/shop, running, with two objects of it outside."""
    name = await reconcile_bed.running(bed)
    avi.outside[name] = {"vs-web", "pool-web"}
    avi.calls.clear()
    ako.calls.clear()
    return name
