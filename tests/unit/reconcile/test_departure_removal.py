"""Removal from a cluster that lives on, and the user's annotations."""

from __future__ import annotations

import pytest

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


async def test_remove_cleans_up_and_leaves_the_cluster_alone_for_good(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi
) -> None:
    name = await reconcile_fleet.running(fleet, onUnmatch="Remove")
    avi.outside[name] = {"vs"}
    ako.calls.clear()
    await fleet.patch_cluster({"metadata": {"labels": {"lb": None}}})
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert ako.calls == ["drain", "fence", "release"]
    assert reconcile_fleet.let_go(fleet, name) == "Proven"
    assert fleet.record(name).status.phase == "Finished"
    assert fleet.in_workload(resources.STATEFUL_SETS, "ako") is None
    assert fleet.in_workload(resources.SECRETS, "avi-secret") is None
    assert fleet.in_workload(resources.NAMESPACES, reconcile_plugins.AKO_NAMESPACE) is not None
    cluster = fleet.world.cluster_at("demo", "shop")
    assert cluster is not None
    assert names.FINALIZER not in cluster.finalizers
    assert names.RECORD_ANNOTATION not in cluster.annotations
    assert fleet.on_cluster() is None
    await fleet.run(name)
    assert fleet.writes == []
    await fleet.patch_cluster({"metadata": {"labels": {"lb": "avi"}}})
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("True", "Running"), "selected again: a new life"
    assert fleet.record(name).spec.leaving is None


async def test_removals_are_braked(fleet: ReconcileFleet) -> None:
    await fleet.config(onUnmatch="Remove")
    records = [await fleet.cluster(f"c{index}") for index in range(5)]
    for index, name in enumerate(records):
        fleet.workloads.others[f"c{index}"] = memory.MemoryServer(name=f"w{index}")
        await fleet.run(name)
    await fleet.change_config(clusterSelector={"matchLabels": {"lb": "typo"}})
    for name in records:
        await fleet.run(name)
    started = [name for name in records if fleet.record(name).spec.leaving is not None]
    assert len(started) == 3
    held = next(name for name in records if name not in started)
    assert fleet.condition(held, "Held") == ("True", "RemovalHeld")
    assert fleet.condition(held, "Ready") == ("True", "Running")
    fleet.start()
    await fleet.run(held)
    assert fleet.record(held).spec.leaving is None, "a restart does not release the brake"
    await fleet.annotate(held, confirm_removal="")
    await fleet.run(held)
    assert fleet.record(held).spec.leaving is not None


async def test_a_stale_cache_starts_nothing(
    fleet: ReconcileFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await reconcile_fleet.running(fleet, onUnmatch="Remove")
    stale = fleet.world.cluster_of(name)
    assert stale is not None
    relabelled = structs.replace(stale, labels={})
    monkeypatch.setattr(fleet.world, "cluster_of", lambda name: relabelled)
    outcome = await fleet.run(name)
    assert outcome.requeue_after == 1.0
    assert fleet.record(name).spec.leaving is None


# Words.


async def test_let_go_by_annotation(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.held = {"pool-web"}
    await fleet.delete_cluster()
    await fleet.run(name)
    await fleet.annotate(name, let_go="INC-42")
    await fleet.run(name)
    assert not reconcile_fleet.held_by_us(fleet)
    assert fleet.condition(name, "Leaked") == ("True", "UserWord")
    state = reconcile_fleet.leaving(fleet.record(name))
    assert state.let_go is not None
    assert state.let_go.message == "INC-42"


async def test_annotations_that_are_not_followed_are_answered(
    fleet: ReconcileFleet, name: str
) -> None:
    await fleet.annotate(name, adopt="old", abandon_placement="x", leave="purge", let_go="now")
    await fleet.run(name)
    assert fleet.condition(name, "AnnotationsAccepted") == ("False", "NotAccepted")
    message = fleet.message(name, "AnnotationsAccepted")
    for part in ("akoo.io/adopt", "akoo.io/abandon-placement", "'purge'", "akoo.io/let-go has no"):
        assert part in message
    assert fleet.condition(name, "Ready") == ("True", "Running")


async def test_leave_sweep_by_annotation_removes_and_does_not_come_back(
    fleet: ReconcileFleet, name: str
) -> None:
    await fleet.annotate(name, leave="sweep")
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Finished"
    assert fleet.in_workload(resources.STATEFUL_SETS, "ako") is None
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Finished"
    await fleet.annotate(name, leave=None)
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Running"


async def test_a_record_deleted_by_hand_stays_and_says_why(
    fleet: ReconcileFleet, name: str
) -> None:
    await fleet.user.delete(resources.AKO_DEPLOYMENTS, name)
    await fleet.run(name)
    assert "Somebody deleted this record" in fleet.message(name, "AnnotationsAccepted")
    assert fleet.condition(name, "Ready") == ("True", "Running")
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    await fleet.run(name)
    assert fleet.world.record(name) is None
