"""Removal from a cluster that lives on, and the user's annotations."""

from __future__ import annotations

import pytest

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed


async def test_remove_cleans_up_and_leaves_the_cluster_alone_for_good(
    bed: Bed, ako: bedplugins.Ako, avi: bedplugins.Avi
) -> None:
    name = await reconcile_bed.running(bed, onUnmatch="Remove")
    avi.outside[name] = {"vs"}
    ako.calls.clear()
    await bed.patch_cluster({"metadata": {"labels": {"lb": None}}})
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert ako.calls == ["drain", "fence", "release"]
    assert reconcile_bed.let_go(bed, name) == "Proven"
    assert bed.record(name).status.phase == "Finished"
    assert bed.in_workload(resources.STATEFUL_SETS, "ako") is None
    assert bed.in_workload(resources.SECRETS, "avi-secret") is None
    assert bed.in_workload(resources.NAMESPACES, bedplugins.AKO_NAMESPACE) is not None
    cluster = bed.world.cluster_at("demo", "shop")
    assert cluster is not None
    assert names.FINALIZER not in cluster.finalizers
    assert names.RECORD_ANNOTATION not in cluster.annotations
    assert bed.on_cluster() is None
    await bed.run(name)
    assert bed.writes == []
    await bed.patch_cluster({"metadata": {"labels": {"lb": "avi"}}})
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("True", "Running"), "selected again: a new life"
    assert bed.record(name).spec.leaving is None


async def test_removals_are_braked(bed: Bed) -> None:
    await bed.config(onUnmatch="Remove")
    records = [await bed.cluster(f"c{index}") for index in range(5)]
    for index, name in enumerate(records):
        bed.workloads.others[f"c{index}"] = memory.MemoryServer(name=f"w{index}")
        await bed.run(name)
    await bed.change_config(clusterSelector={"matchLabels": {"lb": "typo"}})
    for name in records:
        await bed.run(name)
    started = [name for name in records if bed.record(name).spec.leaving is not None]
    assert len(started) == 3
    held = next(name for name in records if name not in started)
    assert bed.condition(held, "Held") == ("True", "RemovalHeld")
    assert bed.condition(held, "Ready") == ("True", "Running")
    bed.start()
    await bed.run(held)
    assert bed.record(held).spec.leaving is None, "a restart does not release the brake"
    await bed.annotate(held, confirm_removal="")
    await bed.run(held)
    assert bed.record(held).spec.leaving is not None


async def test_a_stale_cache_starts_nothing(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    name = await reconcile_bed.running(bed, onUnmatch="Remove")
    stale = bed.world.cluster_of(name)
    assert stale is not None
    relabelled = structs.replace(stale, labels={})
    monkeypatch.setattr(bed.world, "cluster_of", lambda name: relabelled)
    outcome = await bed.run(name)
    assert outcome.requeue_after == 1.0
    assert bed.record(name).spec.leaving is None


# Words.


async def test_let_go_by_annotation(bed: Bed, avi: bedplugins.Avi, name: str) -> None:
    avi.held = {"pool-web"}
    await bed.delete_cluster()
    await bed.run(name)
    await bed.annotate(name, let_go="INC-42")
    await bed.run(name)
    assert not reconcile_bed.held_by_us(bed)
    assert bed.condition(name, "Leaked") == ("True", "UserWord")
    state = reconcile_bed.leaving(bed.record(name))
    assert state.let_go is not None
    assert state.let_go.message == "INC-42"


async def test_annotations_that_are_not_followed_are_answered(bed: Bed, name: str) -> None:
    await bed.annotate(name, adopt="old", abandon_placement="x", leave="purge", let_go="now")
    await bed.run(name)
    assert bed.condition(name, "AnnotationsAccepted") == ("False", "NotAccepted")
    message = bed.message(name, "AnnotationsAccepted")
    for part in ("akoo.io/adopt", "akoo.io/abandon-placement", "'purge'", "akoo.io/let-go has no"):
        assert part in message
    assert bed.condition(name, "Ready") == ("True", "Running")


async def test_leave_sweep_by_annotation_removes_and_does_not_come_back(
    bed: Bed, name: str
) -> None:
    await bed.annotate(name, leave="sweep")
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert bed.record(name).status.phase == "Finished"
    assert bed.in_workload(resources.STATEFUL_SETS, "ako") is None
    await bed.run(name)
    assert bed.record(name).status.phase == "Finished"
    await bed.annotate(name, leave=None)
    await bed.run(name)
    assert bed.record(name).status.phase == "Running"


async def test_a_record_deleted_by_hand_stays_and_says_why(bed: Bed, name: str) -> None:
    await bed.user.delete(resources.AKO_DEPLOYMENTS, name)
    await bed.run(name)
    assert "Somebody deleted this record" in bed.message(name, "AnnotationsAccepted")
    assert bed.condition(name, "Ready") == ("True", "Running")
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    await bed.run(name)
    assert bed.world.record(name) is None
