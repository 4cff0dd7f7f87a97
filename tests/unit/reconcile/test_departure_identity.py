"""Pauses, moves, vanished Clusters, namesakes: whose cluster is it, and is it leaving at all?"""

from __future__ import annotations

from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed


async def test_a_paused_deletion_waits_and_its_time_does_not_count(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    avi.held = {"pool-web"}
    await bed.delete_cluster()
    await bed.run(name)
    await bed.patch_cluster({"spec": {"paused": True}})
    await bed.run(name)
    avi.calls.clear()
    bed.clock.advance(7200)
    await bed.run(name)
    assert avi.calls == []
    assert bed.writes == []
    await bed.patch_cluster({"spec": {"paused": None}})
    await bed.run(name)
    assert reconcile_bed.leaving(bed.record(name)).paused_seconds == 7200
    assert reconcile_bed.held_by_us(bed)
    bed.clock.advance(3600)
    await bed.run(name)
    assert reconcile_bed.let_go(bed, name) == "Deadline"


async def test_a_moved_cluster_takes_its_record_along_and_touches_nothing(
    bed: Bed, ako: bedplugins.Ako, avi: bedplugins.Avi, name: str
) -> None:
    annotation = {names.DELETE_FOR_MOVE_ANNOTATION: ""}
    await bed.patch_cluster({"metadata": {"annotations": annotation}, "spec": {"paused": True}})
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.condition(name, "Held") == ("True", "MoveAwaited"), "it is still here"
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    bed.world.moved.add(bed.record(name).spec.cluster_ref.uid)
    await bed.run(name)
    assert bed.world.record(name) is None
    assert (ako.calls, avi.calls) == ([], [])
    assert bed.workload.faults.calls == []
    assert avi.outside[name] == {"vs-web", "pool-web"}
    await bed.run(name)
    assert bed.world.record(name) is None


async def test_a_cluster_that_was_gone_before_anybody_could_look_was_moved_all_the_same(
    bed: Bed, ako: bedplugins.Ako, avi: bedplugins.Avi, name: str
) -> None:
    bed.world.moved.add(bed.record(name).spec.cluster_ref.uid)
    await bed.run(name)
    assert bed.world.record(name) is not None, "its Cluster is there"
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    await bed.delete_cluster()
    avi.calls.clear()
    ako.calls.clear()
    await bed.run(name)
    assert bed.world.record(name) is None
    assert (ako.calls, avi.calls) == ([], [])


async def test_a_vanished_cluster_waits_for_a_person(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("False", "ClusterVanished")
    assert avi.calls == []
    await bed.run(name)
    assert bed.writes == []
    await bed.annotate(name, leave="sweep")
    await bed.run(name)
    bed.clock.advance(300)
    await bed.run(name)
    assert bed.record(name).status.phase == "Finished"
    assert avi.outside == {}


async def test_a_new_cluster_of_the_same_name_gets_its_own_record(
    bed: Bed, ako: bedplugins.Ako, name: str
) -> None:
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    await bed.delete_cluster()
    await bed.user.merge_patch(
        resources.MACHINES, "shop-1", {"metadata": {"finalizers": None}}, "demo"
    )
    await bed.user.delete(resources.MACHINES, "shop-1", "demo")
    await bed.user.delete(reconcile_bed.FAKE_INFRA, "shop", "demo")
    bed.workloads.server = memory.MemoryServer(name="second", clock=bed.clock)
    second = await bed.cluster()
    assert second != name
    ako.calls.clear()
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("False", "ClusterVanished")
    assert ako.calls == []
    await bed.run(second)
    assert bed.condition(second, "Ready") == ("True", "Running")
    before = len(bed.workloads.server.objects(resources.CONFIG_MAPS))
    await bed.annotate(name, leave="sweep")
    bed.workloads.server.faults.calls.clear()
    await bed.run(name)
    assert [call for call in bed.workloads.server.faults.calls if call.write] == []
    assert len(bed.workloads.server.objects(resources.CONFIG_MAPS)) == before


async def test_the_same_workload_under_a_new_uid_is_adopted(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    await bed.delete_cluster()
    await bed.user.merge_patch(
        resources.MACHINES, "shop-1", {"metadata": {"finalizers": None}}, "demo"
    )
    await bed.user.delete(resources.MACHINES, "shop-1", "demo")
    await bed.user.delete(reconcile_bed.FAKE_INFRA, "shop", "demo")
    second = await bed.cluster()
    outcome = await bed.run(second)
    assert bed.world.record(second) is None, "the earlier record has it"
    assert outcome.requeue_after == 5.0
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("True", "Running")
    assert reconcile_bed.held_by_us(bed)
    assert await bed.run(second) == (None, False)
    assert bed.world.record(second) is None
