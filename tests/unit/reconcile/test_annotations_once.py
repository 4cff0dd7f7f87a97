"""An annotation of a person acts once: it goes in the very write that acts on it."""

from __future__ import annotations

from typing import Any

from akoo_core.objects import names
from akoo_core.objects.record import Record
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

UNSELECT = {"metadata": {"labels": {"lb": None}}}
SELECT = {"metadata": {"labels": {"lb": "avi"}}}


async def finish(fleet: ReconcileFleet, name: str) -> None:
    for _ in range(3):
        await fleet.run(name)
        fleet.clock.advance(30)
    assert fleet.record(name).status.phase == "Finished"


async def many_records(fleet: ReconcileFleet) -> list[str]:
    """Five records of which two more than allowed are to be removed."""
    await fleet.config(onUnmatch="Remove")
    records = [await fleet.cluster(f"c{index}") for index in range(5)]
    for index, name in enumerate(records):
        fleet.workloads.others[f"c{index}"] = memory.MemoryServer(name=f"w{index}")
        await fleet.run(name)
    await fleet.change_config(clusterSelector={"matchLabels": {"lb": "typo"}})
    for name in records:
        await fleet.run(name)
    return records


async def test_let_go_lets_go_once(fleet: ReconcileFleet, avi: reconcile_plugins.Avi) -> None:
    """Said in one life, it must not act in the next one, months later."""
    name = await reconcile_fleet.running(fleet, onUnmatch="Remove", onDeadline="Hold")
    avi.outside[name] = {"vs-web"}
    avi.held = {"vs-web"}
    await fleet.patch_cluster(UNSELECT)
    await fleet.run(name)
    await fleet.annotate(name, let_go="INC-1")
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "UserWord"
    assert names.LET_GO_ANNOTATION not in fleet.record(name).annotations
    avi.held = set()
    await finish(fleet, name)
    await fleet.patch_cluster(SELECT)
    await fleet.run(name)
    avi.outside[name] = {"vs-web"}
    avi.held = {"vs-web"}
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(7200)
    await fleet.run(name)
    assert reconcile_fleet.held_by_us(fleet)
    assert reconcile_fleet.let_go(fleet, name) == ""


async def test_an_annotation_and_its_effect_are_one_write(fleet: ReconcileFleet, name: str) -> None:
    """A process that dies between two writes would leave an annotation that acts again."""
    await fleet.delete_cluster()
    await fleet.run(name)
    await fleet.annotate(name, let_go="INC-1")
    seen: list[tuple[bool, bool]] = []
    change = fleet.services.records.change

    async def watched(*args: Any, **how: Any) -> Record:
        after = await change(*args, **how)
        gone = after.spec.leaving is not None and after.spec.leaving.let_go is not None
        seen.append((names.LET_GO_ANNOTATION in after.annotations, gone))
        return after

    fleet.services.records.change = watched  # type: ignore[method-assign]
    await fleet.run(name)
    assert (False, True) in seen
    assert all(before is not gone for before, gone in seen), seen


async def test_each_annotation_goes_in_its_turn(fleet: ReconcileFleet) -> None:
    """Said together, each waits until it is what acts."""
    records = await many_records(fleet)
    held = next(name for name in records if fleet.record(name).spec.leaving is None)
    await fleet.annotate(held, confirm_removal="", let_go="INC-1")
    await fleet.run(held)
    assert names.CONFIRM_REMOVAL_ANNOTATION not in fleet.record(held).annotations
    assert names.LET_GO_ANNOTATION not in fleet.record(held).annotations
    assert reconcile_fleet.let_go(fleet, held) == "UserWord"


async def test_a_removal_is_confirmed_once(fleet: ReconcileFleet) -> None:
    records = await many_records(fleet)
    held = next(name for name in records if fleet.record(name).spec.leaving is None)
    await fleet.annotate(held, confirm_removal="")
    await fleet.run(held)
    assert fleet.record(held).spec.leaving is not None
    await finish(fleet, held)
    await fleet.change_config(clusterSelector={"matchLabels": {"lb": "avi"}})
    await fleet.run(held)
    assert fleet.record(held).spec.leaving is None
    await fleet.change_config(clusterSelector={"matchLabels": {"lb": "typo"}})
    await fleet.run(held)
    assert fleet.condition(held, "Held") == ("True", "RemovalHeld"), "this one was not confirmed"


async def test_a_new_life_begins_without_the_annotations_of_the_last_one(
    fleet: ReconcileFleet,
) -> None:
    name = await reconcile_fleet.running(fleet, onUnmatch="Remove")
    await fleet.patch_cluster(UNSELECT)
    await finish(fleet, name)
    await fleet.annotate(name, let_go="too late", confirm_removal="", adopt="x", paused="")
    await fleet.annotate(name, abandon_placement="y")
    await fleet.patch_cluster(SELECT)
    await fleet.run(name)
    assert fleet.record(name).spec.finished_at is None
    assert set(fleet.record(name).annotations) == {names.PAUSED_ANNOTATION}, "that is no single act"


async def test_deletions_of_clusters_are_never_braked(fleet: ReconcileFleet) -> None:
    records = await many_records(fleet)
    held = next(name for name in records if fleet.record(name).spec.leaving is None)
    assert fleet.condition(held, "Held") == ("True", "RemovalHeld")
    await fleet.delete_cluster(f"c{records.index(held)}")
    await fleet.run(held)
    assert reconcile_fleet.leaving(fleet.record(held)).cause == "ClusterDeleted"


async def test_named_tenants_reach_the_verbs_and_stay_for_one_life(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi
) -> None:
    name = await reconcile_fleet.running(fleet, onUnmatch="Remove")
    await fleet.annotate(name, sweep_tenants="team-a, team-b")
    await fleet.patch_cluster(UNSELECT)
    await fleet.run(name)
    assert avi.tenants == ("team-a", "team-b")
    await finish(fleet, name)
    assert names.SWEEP_TENANTS_ANNOTATION in fleet.record(name).annotations
    await fleet.patch_cluster(SELECT)
    await fleet.run(name)
    assert names.SWEEP_TENANTS_ANNOTATION not in fleet.record(name).annotations
