"""An annotation of a person acts once: it goes in the very write that acts on it."""

from __future__ import annotations

from typing import Any

from akoo_core.objects import names
from akoo_core.objects.record import Record
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed

UNSELECT = {"metadata": {"labels": {"lb": None}}}
SELECT = {"metadata": {"labels": {"lb": "avi"}}}


async def finish(bed: Bed, name: str) -> None:
    for _ in range(3):
        await bed.run(name)
        bed.clock.advance(30)
    assert bed.record(name).status.phase == "Finished"


async def fleet(bed: Bed) -> list[str]:
    """Five records of which two more than allowed are to be removed."""
    await bed.config(onUnmatch="Remove")
    records = [await bed.cluster(f"c{index}") for index in range(5)]
    for index, name in enumerate(records):
        bed.workloads.others[f"c{index}"] = memory.MemoryServer(name=f"w{index}")
        await bed.run(name)
    await bed.change_config(clusterSelector={"matchLabels": {"lb": "typo"}})
    for name in records:
        await bed.run(name)
    return records


async def test_let_go_lets_go_once(bed: Bed, avi: bedplugins.Avi) -> None:
    """Said in one life, it must not act in the next one, months later."""
    name = await reconcile_bed.running(bed, onUnmatch="Remove", onDeadline="Hold")
    avi.outside[name] = {"vs-web"}
    avi.held = {"vs-web"}
    await bed.patch_cluster(UNSELECT)
    await bed.run(name)
    await bed.annotate(name, let_go="INC-1")
    await bed.run(name)
    assert reconcile_bed.let_go(bed, name) == "UserWord"
    assert names.LET_GO_ANNOTATION not in bed.record(name).annotations
    avi.held = set()
    await finish(bed, name)
    await bed.patch_cluster(SELECT)
    await bed.run(name)
    avi.outside[name] = {"vs-web"}
    avi.held = {"vs-web"}
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(7200)
    await bed.run(name)
    assert reconcile_bed.held_by_us(bed)
    assert reconcile_bed.let_go(bed, name) == ""


async def test_an_annotation_and_its_effect_are_one_write(bed: Bed, name: str) -> None:
    """A process that dies between two writes would leave an annotation that acts again."""
    await bed.delete_cluster()
    await bed.run(name)
    await bed.annotate(name, let_go="INC-1")
    seen: list[tuple[bool, bool]] = []
    change = bed.services.records.change

    async def watched(*args: Any, **how: Any) -> Record:
        after = await change(*args, **how)
        gone = after.spec.leaving is not None and after.spec.leaving.let_go is not None
        seen.append((names.LET_GO_ANNOTATION in after.annotations, gone))
        return after

    bed.services.records.change = watched  # type: ignore[method-assign]
    await bed.run(name)
    assert (False, True) in seen
    assert all(before is not gone for before, gone in seen), seen


async def test_each_annotation_goes_in_its_turn(bed: Bed) -> None:
    """Said together, each waits until it is what acts."""
    records = await fleet(bed)
    held = next(name for name in records if bed.record(name).spec.leaving is None)
    await bed.annotate(held, confirm_removal="", let_go="INC-1")
    await bed.run(held)
    assert names.CONFIRM_REMOVAL_ANNOTATION not in bed.record(held).annotations
    assert names.LET_GO_ANNOTATION not in bed.record(held).annotations
    assert reconcile_bed.let_go(bed, held) == "UserWord"


async def test_a_removal_is_confirmed_once(bed: Bed) -> None:
    records = await fleet(bed)
    held = next(name for name in records if bed.record(name).spec.leaving is None)
    await bed.annotate(held, confirm_removal="")
    await bed.run(held)
    assert bed.record(held).spec.leaving is not None
    await finish(bed, held)
    await bed.change_config(clusterSelector={"matchLabels": {"lb": "avi"}})
    await bed.run(held)
    assert bed.record(held).spec.leaving is None
    await bed.change_config(clusterSelector={"matchLabels": {"lb": "typo"}})
    await bed.run(held)
    assert bed.condition(held, "Held") == ("True", "RemovalHeld"), "this one was not confirmed"


async def test_a_new_life_begins_without_the_annotations_of_the_last_one(bed: Bed) -> None:
    name = await reconcile_bed.running(bed, onUnmatch="Remove")
    await bed.patch_cluster(UNSELECT)
    await finish(bed, name)
    await bed.annotate(name, let_go="too late", confirm_removal="", adopt="x", paused="")
    await bed.annotate(name, abandon_placement="y")
    await bed.patch_cluster(SELECT)
    await bed.run(name)
    assert bed.record(name).spec.finished_at is None
    assert set(bed.record(name).annotations) == {names.PAUSED_ANNOTATION}, "that is no single act"


async def test_deletions_of_clusters_are_never_braked(bed: Bed) -> None:
    records = await fleet(bed)
    held = next(name for name in records if bed.record(name).spec.leaving is None)
    assert bed.condition(held, "Held") == ("True", "RemovalHeld")
    await bed.delete_cluster(f"c{records.index(held)}")
    await bed.run(held)
    assert reconcile_bed.leaving(bed.record(held)).cause == "ClusterDeleted"


async def test_named_tenants_reach_the_verbs_and_stay_for_one_life(
    bed: Bed, avi: bedplugins.Avi
) -> None:
    name = await reconcile_bed.running(bed, onUnmatch="Remove")
    await bed.annotate(name, sweep_tenants="team-a, team-b")
    await bed.patch_cluster(UNSELECT)
    await bed.run(name)
    assert avi.tenants == ("team-a", "team-b")
    await finish(bed, name)
    assert names.SWEEP_TENANTS_ANNOTATION in bed.record(name).annotations
    await bed.patch_cluster(SELECT)
    await bed.run(name)
    assert names.SWEEP_TENANTS_ANNOTATION not in bed.record(name).annotations
