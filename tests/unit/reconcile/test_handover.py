"""Ownership of a record: adopted by annotation, from another management cluster or from
ourselves."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import errors, structs
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.objects.record import (
    Handover,
    InventoryItem,
    StoredFact,
    StoredIntent,
    StoredUse,
    Workload,
)
from akoo_core.reconcile.act import relocation
from akoo_core.reconcile.decide import decisions
from akoo_core.reconcile.decide.state_machine import decide
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed

FORMER = "other-management"


@pytest.fixture
async def moved(bed: Bed, name: str) -> str:
    """The running record, as it is after a move: it names another management cluster."""
    await bed.user.merge_patch(
        resources.AKO_DEPLOYMENTS, name, {"spec": {"managementId": FORMER, "epoch": 4}}
    )
    return name


async def test_a_moved_record_lives_as_usual(bed: Bed, ako: bedplugins.Ako, moved: str) -> None:
    await bed.change_config(logLevel="DEBUG")
    await bed.run(moved)
    assert bed.condition(moved, "Ready") == ("True", "Running")
    config_map = bed.in_workload(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"]["logLevel"] == "DEBUG"
    assert "observe" in ako.calls


async def test_it_is_not_taken_away_from_here_until_it_is_adopted(
    bed: Bed, avi: bedplugins.Avi, ako: bedplugins.Ako, moved: str
) -> None:
    await bed.delete_cluster()
    await bed.run(moved)
    assert bed.condition(moved, "Held") == ("True", "ClaimedElsewhere")
    assert f"{names.ADOPT_ANNOTATION}={FORMER}" in bed.message(moved, "Held")
    assert (avi.calls, ako.calls) == ([], [])
    await bed.annotate(moved, adopt=FORMER)
    await bed.run(moved)
    spec = bed.record(moved).spec
    assert (spec.management_id, spec.epoch) == (builders.MANAGEMENT, 5)
    assert spec.handover == Handover(management_id=FORMER, epoch=4)
    assert names.ADOPT_ANNOTATION not in bed.record(moved).annotations
    assert avi.calls == ["sweep", "verify"]
    bed.clock.advance(30)
    await bed.run(moved)
    assert reconcile_bed.let_go(bed, moved) == "Proven"


async def test_no_deadline_takes_it_away_from_here(
    bed: Bed, avi: bedplugins.Avi, moved: str
) -> None:
    await bed.delete_cluster()
    for _ in range(3):
        bed.clock.advance(7200)
        await bed.run(moved)
    assert reconcile_bed.held_by_us(bed)
    assert avi.calls == []


async def test_it_is_adopted_while_it_lives(bed: Bed, moved: str) -> None:
    await bed.annotate(moved, adopt=f" {FORMER} ")
    await bed.run(moved)
    assert bed.record(moved).spec.management_id == builders.MANAGEMENT
    assert bed.condition(moved, "Ready") == ("True", "Running")
    await bed.run(moved)
    assert bed.record(moved).spec.epoch == 5, "one annotation, one hand-over"
    assert "AnnotationsAccepted" not in bed.conditions(moved)


async def test_adopting_ourselves_says_that_a_claim_may_be_made_again(bed: Bed, name: str) -> None:
    await bed.annotate(name, adopt=builders.MANAGEMENT)
    await bed.run(name)
    spec = bed.record(name).spec
    assert (spec.management_id, spec.epoch) == (builders.MANAGEMENT, 2)
    assert spec.handover == Handover(management_id=builders.MANAGEMENT, epoch=1)


@pytest.mark.parametrize("annotation", ["stranger", builders.MANAGEMENT, " "])
async def test_a_wrong_id_has_no_effect_and_is_answered(
    bed: Bed, moved: str, annotation: str
) -> None:
    await bed.annotate(moved, adopt=annotation)
    await bed.run(moved)
    assert bed.record(moved).spec.management_id == FORMER
    assert bed.condition(moved, "AnnotationsAccepted") == ("False", "NotAccepted")
    assert names.ADOPT_ANNOTATION in bed.message(moved, "AnnotationsAccepted")
    assert bed.condition(moved, "Ready") == ("True", "Running")


async def test_the_annotation_and_its_effect_are_one_write(bed: Bed, moved: str) -> None:
    await bed.annotate(moved, adopt=FORMER)
    await bed.run(moved)
    spec = [
        call for call in bed.management.faults.calls if call.operation == "patch akodeployments"
    ]
    assert len(spec) == 1
    assert names.ADOPT_ANNOTATION not in bed.record(moved).annotations


@pytest.mark.parametrize("why", ["paused", "PluginMissing", "NewerRecord"])
def test_what_must_not_be_touched_is_not_handed_over(why: str) -> None:
    spec: dict[str, dict[str, Any]]
    spec = {"PluginMissing": {"plugins": ("gone",)}, "NewerRecord": {"schema_version": 9}}
    annotations = {names.ADOPT_ANNOTATION: FORMER}
    annotations |= {names.PAUSED_ANNOTATION: ""} if why == "paused" else {}
    record = builders.make_record(
        annotations=annotations, management_id=FORMER, **spec.get(why, {})
    )
    decided = decide(builders.make_situation(record=record))
    assert isinstance(decided, decisions.Hold)


def test_epochs_only_rise() -> None:
    spec = builders.make_spec(management_id=FORMER, epoch=3)
    once = relocation.handed_over(spec, "us")
    twice = relocation.handed_over(once, "us")
    assert (once.epoch, twice.epoch) == (4, 5)
    assert twice.handover == Handover(management_id="us", epoch=4)
    assert structs.replace(twice, handover=None, epoch=3, management_id=FORMER) == spec


# A record whose Cluster went before anything was touched.


async def test_nothing_was_touched_so_the_record_ends_by_itself(bed: Bed) -> None:
    name = await untouched(bed)
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.record(name).status.phase == "Finished"
    assert bed.record(name).spec.leaving is None
    bed.clock.advance(8 * 24 * 3600)
    await bed.run(name)
    assert bed.world.record(name) is None


async def test_it_does_not_end_while_its_cluster_is_only_unseen(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await untouched(bed)
    monkeypatch.setattr(bed.world, "cluster_of", lambda name: None)
    monkeypatch.setattr(bed.world, "cluster_at", lambda namespace, name: None)
    outcome = await bed.run(name)
    assert outcome.requeue_after == 1.0
    assert bed.record(name).spec.finished_at is None
    monkeypatch.undo()
    await bed.run(name)
    assert bed.record(name).status.phase == "Running"


@pytest.mark.parametrize(
    "touched",
    [
        {"plugins": ("ako",)},
        {"intents": {"ako": StoredIntent(version=1)}},
        {"workload": Workload(kube_system_uid="w")},
        {"inventory": (InventoryItem(plugin="a", api_version="v1", kind="K", name="n"),)},
        {"uses": (StoredUse(plugin="a", group="g", kind="K", name="n", uid="u"),)},
        {"facts": {"F": StoredFact(plugin="ako", version=1)}},
    ],
)
def test_what_may_have_been_touched_waits_for_a_person(touched: dict[str, Any]) -> None:
    record = builders.make_record(**({"plugins": ()} | touched))
    decided = decide(builders.make_situation(record=record, cluster=None))
    assert isinstance(decided, decisions.Hold)
    assert decided.reason == "ClusterVanished"


async def untouched(bed: Bed) -> str:
    """The process died right after it had created the record."""
    await bed.config()
    name = await bed.cluster(finalizers=[])

    class _StopError(errors.ProcessEnd):
        pass

    async def stop(*args: object, **kwargs: object) -> None:
        raise _StopError

    bed.services.finalizers.add = stop  # type: ignore[method-assign]
    with pytest.raises(_StopError):
        await bed.run(name)
    assert bed.record(name).spec.untouched
    bed.start()
    return name
