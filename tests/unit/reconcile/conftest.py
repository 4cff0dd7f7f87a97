"""The fleet as a fixture."""

from __future__ import annotations

import pytest

from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.deploy_world import DeployWorld
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


@pytest.fixture
def ako() -> reconcile_plugins.Ako:
    return reconcile_plugins.Ako()


@pytest.fixture
def avi() -> reconcile_plugins.Avi:
    return reconcile_plugins.Avi()


@pytest.fixture
def fleet(ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi) -> ReconcileFleet:
    return ReconcileFleet(ako, avi)


@pytest.fixture
def world() -> DeployWorld:
    return DeployWorld()


@pytest.fixture
async def name(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, ako: reconcile_plugins.Ako
) -> str:
    """The record of demo/shop, running, with two objects of it outside."""
    name = await reconcile_fleet.running(fleet)
    avi.outside[name] = {"vs-web", "pool-web"}
    avi.calls.clear()
    ako.calls.clear()
    return name
