"""The bed as a fixture; makes the modules beside it importable (importlib mode adds no paths)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import reconcile_bed as bed_
import reconcile_bench as bench_
import reconcile_plugins as bedplugins


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
