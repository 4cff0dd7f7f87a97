"""Marks that lie, and Clusters that come and go while nobody looks."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed


async def torn_away(bed: Bed) -> None:
    """The Cluster goes with all finalizers stripped, its machines and infrastructure with it."""
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    await bed.delete_cluster()
    free = {"metadata": {"finalizers": None}}
    await bed.user.merge_patch(resources.MACHINES, "shop-1", free, "demo")
    await bed.user.delete(resources.MACHINES, "shop-1", "demo")
    await bed.user.delete(reconcile_bed.FAKE_INFRA, "shop", "demo")


async def test_stripped_and_made_again_while_the_operator_was_down(
    bed: Bed, ako: bedplugins.Ako, avi: bedplugins.Avi, name: str
) -> None:
    """Another cluster of the same name: nothing of the former one is taken away, nor given on."""
    await torn_away(bed)
    bed.workloads.server = memory.MemoryServer(name="second", clock=bed.clock)
    second = await bed.cluster()
    bed.start()
    avi.calls.clear()
    await bed.run(name)
    await bed.run(second)
    assert bed.condition(name, "Ready") == ("False", "ClusterVanished")
    assert bed.condition(second, "Ready") == ("True", "Running")
    assert avi.calls == ["prepare"]
    assert avi.outside == {name: {"vs-web", "pool-web"}, second: set()}


@pytest.mark.parametrize("forged", ["cloned", "invented"])
async def test_the_annotation_on_a_cluster_proves_nothing(
    bed: Bed, avi: bedplugins.Avi, name: str, forged: str
) -> None:
    """A tenant's Cluster says that it is another one's: it gets a record of its own, by its UID."""
    annotations = {names.RECORD_ANNOTATION: name if forged == "cloned" else "akoo-000000000000"}
    bed.workloads.others["thief"] = memory.MemoryServer(name="thief", clock=bed.clock)
    thief = await bed.cluster("thief", annotations=annotations)
    assert thief != name
    await bed.run(thief)
    await bed.run(thief)
    assert bed.record(thief).spec.cluster_ref.name == "thief"
    cluster = bed.world.cluster_at("demo", "thief")
    assert cluster is not None
    assert cluster.annotations[names.RECORD_ANNOTATION] == thief, "it is put right"
    await bed.delete_cluster("thief")
    await bed.run(thief)
    bed.clock.advance(30)
    await bed.run(thief)
    assert reconcile_bed.let_go(bed, thief) == "Proven"
    assert avi.outside == {name: {"vs-web", "pool-web"}}
    assert bed.record(name).spec.leaving is None


async def test_without_the_annotation_all_goes_on(bed: Bed, name: str) -> None:
    await bed.patch_cluster({"metadata": {"annotations": {names.RECORD_ANNOTATION: None}}})
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("True", "Running")


async def test_a_new_cluster_behind_the_name_of_a_leaked_one_is_not_touched(
    bed: Bed, ako: bedplugins.Ako, avi: bedplugins.Avi, name: str
) -> None:
    avi.held = {"pool-web"}
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(3600)
    await bed.run(name)
    assert bed.condition(name, "Leaked") == ("True", "Deadline")
    await bed.tear_down()
    second_server = memory.MemoryServer(name="second", clock=bed.clock)
    bed.workloads.server = second_server
    second = await bed.cluster()
    await bed.run(second)
    await bed.run(second)
    assert bed.condition(second, "Ready") == ("True", "Running")
    second_server.faults.calls.clear()
    ako.calls.clear()
    avi.calls.clear()
    await bed.run(name)
    assert avi.calls == ["sweep", "verify"], "the leaked record goes on trying"
    assert [str(call) for call in second_server.faults.calls] == []
    avi.held = set()
    await bed.run(name)
    await bed.run(name)
    assert bed.record(name).status.phase == "Finished"
    assert avi.outside == {second: set()}
    assert [call for call in second_server.faults.calls if call.write] == []
    assert bed.condition(second, "Ready") == ("True", "Running")


async def test_an_operator_that_was_down_for_two_hours_tries_once_before_the_deadline_acts(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    await bed.delete_cluster()
    avi.fail["verify"] = RuntimeError("no route")
    await bed.run(name)
    bed.clock.advance(7200)
    bed.start()
    avi.fail = {}
    await bed.run(name)
    assert reconcile_bed.let_go(bed, name) == "Proven", (
        "the fence is two hours old: one count proves it"
    )
    assert avi.outside == {}


async def test_an_operator_that_was_down_all_the_time_counts_from_when_it_saw_the_deletion(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    await bed.delete_cluster()
    avi.held = {"pool-web"}
    bed.clock.advance(7200)
    bed.start()
    await bed.run(name)
    assert reconcile_bed.held_by_us(bed)
    assert reconcile_bed.leaving(bed.record(name)).started_at == builders.NOW + builders.seconds(
        7200
    )


async def test_names_of_outside_things_do_not_change_with_the_clusters_name(
    bed: Bed, name: str
) -> None:
    """Adopted under a new UID, the record and AKO's name stay: they are never computed again."""
    before = bed.record(name)
    await torn_away(bed)
    await bed.cluster()
    await bed.run(name)
    after: Any = bed.record(name)
    assert after.spec.cluster_ref.uid != before.spec.cluster_ref.uid
    assert (after.name, after.spec.ako_cluster_name) == (name, before.spec.ako_cluster_name)
