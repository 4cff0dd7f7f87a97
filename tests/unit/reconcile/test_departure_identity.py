"""Pauses, moves, vanished Clusters, namesakes: whose cluster is it, and is it leaving at all?"""

from __future__ import annotations

from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


async def test_a_paused_deletion_waits_and_its_time_does_not_count(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.held = {"pool-web"}
    await fleet.delete_cluster()
    await fleet.run(name)
    await fleet.patch_cluster({"spec": {"paused": True}})
    await fleet.run(name)
    avi.calls.clear()
    fleet.clock.advance(7200)
    await fleet.run(name)
    assert avi.calls == []
    assert fleet.writes == []
    await fleet.patch_cluster({"spec": {"paused": None}})
    await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).paused_seconds == 7200
    assert reconcile_fleet.held_by_us(fleet)
    fleet.clock.advance(3600)
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "Deadline"


async def test_a_moved_cluster_takes_its_record_along_and_touches_nothing(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi, name: str
) -> None:
    annotation = {names.DELETE_FOR_MOVE_ANNOTATION: ""}
    await fleet.patch_cluster({"metadata": {"annotations": annotation}, "spec": {"paused": True}})
    await fleet.delete_cluster()
    await fleet.run(name)
    assert fleet.condition(name, "Held") == ("True", "MoveAwaited"), "it is still here"
    await fleet.patch_cluster({"metadata": {"finalizers": None}})
    fleet.world.moved.add(fleet.record(name).spec.cluster_ref.uid)
    await fleet.run(name)
    assert fleet.world.record(name) is None
    assert (ako.calls, avi.calls) == ([], [])
    assert fleet.workload.faults.calls == []
    assert avi.outside[name] == {"vs-web", "pool-web"}
    await fleet.run(name)
    assert fleet.world.record(name) is None


async def test_a_cluster_that_was_gone_before_anybody_could_look_was_moved_all_the_same(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi, name: str
) -> None:
    fleet.world.moved.add(fleet.record(name).spec.cluster_ref.uid)
    await fleet.run(name)
    assert fleet.world.record(name) is not None, "its Cluster is there"
    await fleet.patch_cluster({"metadata": {"finalizers": None}})
    await fleet.delete_cluster()
    avi.calls.clear()
    ako.calls.clear()
    await fleet.run(name)
    assert fleet.world.record(name) is None
    assert (ako.calls, avi.calls) == ([], [])


async def test_a_vanished_cluster_waits_for_a_person(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    await fleet.patch_cluster({"metadata": {"finalizers": None}})
    await fleet.delete_cluster()
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("False", "ClusterVanished")
    assert avi.calls == []
    await fleet.run(name)
    assert fleet.writes == []
    await fleet.annotate(name, leave="sweep")
    await fleet.run(name)
    fleet.clock.advance(300)
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Finished"
    assert avi.outside == {}


async def test_a_new_cluster_of_the_same_name_gets_its_own_record(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, name: str
) -> None:
    await fleet.patch_cluster({"metadata": {"finalizers": None}})
    await fleet.delete_cluster()
    await fleet.user.merge_patch(
        resources.MACHINES, "shop-1", {"metadata": {"finalizers": None}}, "demo"
    )
    await fleet.user.delete(resources.MACHINES, "shop-1", "demo")
    await fleet.user.delete(reconcile_fleet.FAKE_INFRA, "shop", "demo")
    fleet.workloads.server = memory.MemoryServer(name="second", clock=fleet.clock)
    second = await fleet.cluster()
    assert second != name
    ako.calls.clear()
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("False", "ClusterVanished")
    assert ako.calls == []
    await fleet.run(second)
    assert fleet.condition(second, "Ready") == ("True", "Running")
    before = len(fleet.workloads.server.objects(resources.CONFIG_MAPS))
    await fleet.annotate(name, leave="sweep")
    fleet.workloads.server.faults.calls.clear()
    await fleet.run(name)
    assert [call for call in fleet.workloads.server.faults.calls if call.write] == []
    assert len(fleet.workloads.server.objects(resources.CONFIG_MAPS)) == before


async def test_the_same_workload_under_a_new_uid_is_adopted(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    await fleet.patch_cluster({"metadata": {"finalizers": None}})
    await fleet.delete_cluster()
    await fleet.user.merge_patch(
        resources.MACHINES, "shop-1", {"metadata": {"finalizers": None}}, "demo"
    )
    await fleet.user.delete(resources.MACHINES, "shop-1", "demo")
    await fleet.user.delete(reconcile_fleet.FAKE_INFRA, "shop", "demo")
    second = await fleet.cluster()
    outcome = await fleet.run(second)
    assert fleet.world.record(second) is None, "the earlier record has it"
    assert outcome.requeue_after == 5.0
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("True", "Running")
    assert reconcile_fleet.held_by_us(fleet)
    assert await fleet.run(second) == (None, False)
    assert fleet.world.record(second) is None
