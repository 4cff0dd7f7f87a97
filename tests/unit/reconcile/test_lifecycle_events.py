"""Lifecycle events of plugins; and a removal that has another reason by now."""

from __future__ import annotations

import pytest

from akoo_core import structs
from akoo_core.plugin import api
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed


class Listener(bedplugins.Ako):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[str] = []

    @api.hookimpl
    def on_event(self, event: api.LifecycleEvent) -> None:
        assert (event.namespace, event.name) == ("demo", "shop")
        self.kinds.append(event.kind)


async def ended(bed: Bed, name: str) -> None:
    for _ in range(3):
        await bed.run(name)
        bed.clock.advance(30)
    assert bed.record(name).status.phase == "Finished"


async def test_a_life_is_told_in_order() -> None:
    listener = Listener()
    bed = Bed(listener, bedplugins.Avi())
    name = await reconcile_bed.running(bed)
    assert listener.kinds == ["ClusterSelected"]
    await bed.delete_cluster()
    await ended(bed, name)
    assert listener.kinds[1:] == ["ClusterDeleting", "ClusterLetGo", "RecordFinished"]


@pytest.mark.parametrize("policy", ["Remove", "Orphan"])
async def test_who_is_unselected_is_told_so(policy: str) -> None:
    listener = Listener()
    bed = Bed(listener, bedplugins.Avi())
    name = await reconcile_bed.running(bed, onUnmatch=policy)
    await bed.patch_cluster({"metadata": {"labels": {"lb": None}}})
    if policy == "Orphan":
        await bed.run(name)
        assert listener.kinds[1:] == ["ClusterUnmatched"]
        return
    await ended(bed, name)
    assert listener.kinds[1:] == ["ClusterUnmatched", "ClusterLetGo", "RecordFinished"]


async def test_what_was_unselected_and_is_deleted_by_now_leaves_as_deleted(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cause decides about brakes, deadline and undeploying: it is that of the live Cluster."""
    name = await reconcile_bed.running(bed, onUnmatch="Remove")
    seen = bed.world.cluster_of(name)
    assert seen is not None
    await bed.delete_cluster()
    stale = structs.replace(seen, labels={})
    monkeypatch.setattr(bed.world, "cluster_of", lambda name: stale)
    await bed.run(name)
    assert bed.record(name).spec.leaving is None
    monkeypatch.undo()
    await bed.run(name)
    assert reconcile_bed.leaving(bed.record(name)).cause == "ClusterDeleted"
