"""The bed as a fixture."""

from __future__ import annotations

import pytest

from tests.unit.reconcile import reconcile_bed as bed_
from tests.unit.reconcile import reconcile_bench as bench_
from tests.unit.reconcile import reconcile_plugins as bedplugins


@pytest.fixture
def ako() -> bedplugins.Ako:
    return bedplugins.Ako()


@pytest.fixture
def avi() -> bedplugins.Avi:
    return bedplugins.Avi()


@pytest.fixture
def bed(ako: bedplugins.Ako, avi: bedplugins.Avi) -> bed_.Bed:
    return bed_.Bed(ako, avi)


@pytest.fixture
def bench() -> bench_.Bench:
    return bench_.Bench()


@pytest.fixture
async def name(bed: bed_.Bed, avi: bedplugins.Avi, ako: bedplugins.Ako) -> str:
    """The record of demo/shop, running, with two objects of it outside."""
    name = await bed_.running(bed)
    avi.outside[name] = {"vs-web", "pool-web"}
    avi.calls.clear()
    ako.calls.clear()
    return name
