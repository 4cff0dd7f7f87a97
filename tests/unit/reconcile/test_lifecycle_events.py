"""Lifecycle events of plugins; and a removal that has another reason by now."""

from __future__ import annotations

import pytest

from akoo_core import structs
from akoo_core.plugin import api
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


class Listener(reconcile_plugins.Ako):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[str] = []

    @api.hookimpl
    def on_event(self, event: api.LifecycleEvent) -> None:
        assert (event.namespace, event.name) == ("demo", "shop")
        self.kinds.append(event.kind)


async def ended(fleet: ReconcileFleet, name: str) -> None:
    for _ in range(3):
        await fleet.run(name)
        fleet.clock.advance(30)
    assert fleet.record(name).status.phase == "Finished"


async def test_a_life_is_told_in_order() -> None:
    listener = Listener()
    fleet = ReconcileFleet(listener, reconcile_plugins.Avi())
    name = await reconcile_fleet.running(fleet)
    assert listener.kinds == ["ClusterSelected"]
    await fleet.delete_cluster()
    await ended(fleet, name)
    assert listener.kinds[1:] == ["ClusterDeleting", "ClusterLetGo", "RecordFinished"]


@pytest.mark.parametrize("policy", ["Remove", "Orphan"])
async def test_who_is_unselected_is_told_so(policy: str) -> None:
    listener = Listener()
    fleet = ReconcileFleet(listener, reconcile_plugins.Avi())
    name = await reconcile_fleet.running(fleet, onUnmatch=policy)
    await fleet.patch_cluster({"metadata": {"labels": {"lb": None}}})
    if policy == "Orphan":
        await fleet.run(name)
        assert listener.kinds[1:] == ["ClusterUnmatched"]
        return
    await ended(fleet, name)
    assert listener.kinds[1:] == ["ClusterUnmatched", "ClusterLetGo", "RecordFinished"]


async def test_what_was_unselected_and_is_deleted_by_now_leaves_as_deleted(
    fleet: ReconcileFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cause decides about brakes, deadline and undeploying: it is that of the live Cluster."""
    name = await reconcile_fleet.running(fleet, onUnmatch="Remove")
    seen = fleet.world.cluster_of(name)
    assert seen is not None
    await fleet.delete_cluster()
    stale = structs.replace(seen, labels={})
    monkeypatch.setattr(fleet.world, "cluster_of", lambda name: stale)
    await fleet.run(name)
    assert fleet.record(name).spec.leaving is None
    monkeypatch.undo()
    await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).cause == "ClusterDeleted"
