"""Marks that lie, and Clusters that come and go while nobody looks."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


async def torn_away(fleet: ReconcileFleet) -> None:
    """The Cluster goes with all finalizers stripped, its machines and infrastructure with it."""
    await fleet.patch_cluster({"metadata": {"finalizers": None}})
    await fleet.delete_cluster()
    free = {"metadata": {"finalizers": None}}
    await fleet.user.merge_patch(resources.MACHINES, "shop-1", free, "demo")
    await fleet.user.delete(resources.MACHINES, "shop-1", "demo")
    await fleet.user.delete(reconcile_fleet.FAKE_INFRA, "shop", "demo")


async def test_stripped_and_made_again_while_the_operator_was_down(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi, name: str
) -> None:
    """Another cluster of the same name: nothing of the former one is taken away, nor given on."""
    await torn_away(fleet)
    fleet.workloads.server = memory.MemoryServer(name="second", clock=fleet.clock)
    second = await fleet.cluster()
    fleet.start()
    avi.calls.clear()
    await fleet.run(name)
    await fleet.run(second)
    assert fleet.condition(name, "Ready") == ("False", "ClusterVanished")
    assert fleet.condition(second, "Ready") == ("True", "Running")
    assert avi.calls == ["prepare"]
    assert avi.outside == {name: {"vs-web", "pool-web"}, second: set()}


@pytest.mark.parametrize("forged", ["cloned", "invented"])
async def test_the_annotation_on_a_cluster_proves_nothing(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str, forged: str
) -> None:
    """A tenant's Cluster says that it is another one's: it gets a record of its own, by its UID."""
    annotations = {names.RECORD_ANNOTATION: name if forged == "cloned" else "akoo-000000000000"}
    fleet.workloads.others["thief"] = memory.MemoryServer(name="thief", clock=fleet.clock)
    thief = await fleet.cluster("thief", annotations=annotations)
    assert thief != name
    await fleet.run(thief)
    await fleet.run(thief)
    assert fleet.record(thief).spec.cluster_ref.name == "thief"
    cluster = fleet.world.cluster_at("demo", "thief")
    assert cluster is not None
    assert cluster.annotations[names.RECORD_ANNOTATION] == thief, "it is put right"
    await fleet.delete_cluster("thief")
    await fleet.run(thief)
    fleet.clock.advance(30)
    await fleet.run(thief)
    assert reconcile_fleet.let_go(fleet, thief) == "Proven"
    assert avi.outside == {name: {"vs-web", "pool-web"}}
    assert fleet.record(name).spec.leaving is None


async def test_without_the_annotation_all_goes_on(fleet: ReconcileFleet, name: str) -> None:
    await fleet.patch_cluster({"metadata": {"annotations": {names.RECORD_ANNOTATION: None}}})
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("True", "Running")


async def test_a_new_cluster_behind_the_name_of_a_leaked_one_is_not_touched(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.held = {"pool-web"}
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(3600)
    await fleet.run(name)
    assert fleet.condition(name, "Leaked") == ("True", "Deadline")
    await fleet.tear_down()
    second_server = memory.MemoryServer(name="second", clock=fleet.clock)
    fleet.workloads.server = second_server
    second = await fleet.cluster()
    await fleet.run(second)
    await fleet.run(second)
    assert fleet.condition(second, "Ready") == ("True", "Running")
    second_server.faults.calls.clear()
    ako.calls.clear()
    avi.calls.clear()
    await fleet.run(name)
    assert avi.calls == ["sweep", "verify"], "the leaked record goes on trying"
    assert [str(call) for call in second_server.faults.calls] == []
    avi.held = set()
    await fleet.run(name)
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Finished"
    assert avi.outside == {second: set()}
    assert [call for call in second_server.faults.calls if call.write] == []
    assert fleet.condition(second, "Ready") == ("True", "Running")


async def test_an_operator_that_was_down_for_two_hours_tries_once_before_the_deadline_acts(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    await fleet.delete_cluster()
    avi.fail["verify"] = RuntimeError("no route")
    await fleet.run(name)
    fleet.clock.advance(7200)
    fleet.start()
    avi.fail = {}
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "Proven", (
        "the fence is two hours old: one count proves it"
    )
    assert avi.outside == {}


async def test_an_operator_that_was_down_all_the_time_counts_from_when_it_saw_the_deletion(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    await fleet.delete_cluster()
    avi.held = {"pool-web"}
    fleet.clock.advance(7200)
    fleet.start()
    await fleet.run(name)
    assert reconcile_fleet.held_by_us(fleet)
    assert reconcile_fleet.leaving(
        fleet.record(name)
    ).started_at == builders.NOW + builders.seconds(7200)


async def test_names_of_outside_things_do_not_change_with_the_clusters_name(
    fleet: ReconcileFleet, name: str
) -> None:
    """Adopted under a new UID, the record and AKO's name stay: they are never computed again."""
    before = fleet.record(name)
    await torn_away(fleet)
    await fleet.cluster()
    await fleet.run(name)
    after: Any = fleet.record(name)
    assert after.spec.cluster_ref.uid != before.spec.cluster_ref.uid
    assert (after.name, after.spec.ako_cluster_name) == (name, before.spec.ako_cluster_name)
