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
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

FORMER = "other-management"


@pytest.fixture
async def moved(fleet: ReconcileFleet, name: str) -> str:
    """The running record, as it is after a move: it names another management cluster."""
    await fleet.user.merge_patch(
        resources.AKO_DEPLOYMENTS, name, {"spec": {"managementId": FORMER, "epoch": 4}}
    )
    return name


async def test_a_moved_record_lives_as_usual(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, moved: str
) -> None:
    await fleet.change_config(logLevel="DEBUG")
    await fleet.run(moved)
    assert fleet.condition(moved, "Ready") == ("True", "Running")
    config_map = fleet.in_workload(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"]["logLevel"] == "DEBUG"
    assert "observe" in ako.calls


async def test_it_is_not_taken_away_from_here_until_it_is_adopted(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, ako: reconcile_plugins.Ako, moved: str
) -> None:
    await fleet.delete_cluster()
    await fleet.run(moved)
    assert fleet.condition(moved, "Held") == ("True", "ClaimedElsewhere")
    assert f"{names.ADOPT_ANNOTATION}={FORMER}" in fleet.message(moved, "Held")
    assert (avi.calls, ako.calls) == ([], [])
    await fleet.annotate(moved, adopt=FORMER)
    await fleet.run(moved)
    spec = fleet.record(moved).spec
    assert (spec.management_id, spec.epoch) == (builders.MANAGEMENT, 5)
    assert spec.handover == Handover(management_id=FORMER, epoch=4)
    assert names.ADOPT_ANNOTATION not in fleet.record(moved).annotations
    assert avi.calls == ["sweep", "verify"]
    fleet.clock.advance(30)
    await fleet.run(moved)
    assert reconcile_fleet.let_go(fleet, moved) == "Proven"


async def test_no_deadline_takes_it_away_from_here(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, moved: str
) -> None:
    await fleet.delete_cluster()
    for _ in range(3):
        fleet.clock.advance(7200)
        await fleet.run(moved)
    assert reconcile_fleet.held_by_us(fleet)
    assert avi.calls == []


async def test_it_is_adopted_while_it_lives(fleet: ReconcileFleet, moved: str) -> None:
    await fleet.annotate(moved, adopt=f" {FORMER} ")
    await fleet.run(moved)
    assert fleet.record(moved).spec.management_id == builders.MANAGEMENT
    assert fleet.condition(moved, "Ready") == ("True", "Running")
    await fleet.run(moved)
    assert fleet.record(moved).spec.epoch == 5, "one annotation, one hand-over"
    assert "AnnotationsAccepted" not in fleet.conditions(moved)


async def test_adopting_ourselves_says_that_a_claim_may_be_made_again(
    fleet: ReconcileFleet, name: str
) -> None:
    await fleet.annotate(name, adopt=builders.MANAGEMENT)
    await fleet.run(name)
    spec = fleet.record(name).spec
    assert (spec.management_id, spec.epoch) == (builders.MANAGEMENT, 2)
    assert spec.handover == Handover(management_id=builders.MANAGEMENT, epoch=1)


@pytest.mark.parametrize("annotation", ["stranger", builders.MANAGEMENT, " "])
async def test_a_wrong_id_has_no_effect_and_is_answered(
    fleet: ReconcileFleet, moved: str, annotation: str
) -> None:
    await fleet.annotate(moved, adopt=annotation)
    await fleet.run(moved)
    assert fleet.record(moved).spec.management_id == FORMER
    assert fleet.condition(moved, "AnnotationsAccepted") == ("False", "NotAccepted")
    assert names.ADOPT_ANNOTATION in fleet.message(moved, "AnnotationsAccepted")
    assert fleet.condition(moved, "Ready") == ("True", "Running")


async def test_the_annotation_and_its_effect_are_one_write(
    fleet: ReconcileFleet, moved: str
) -> None:
    await fleet.annotate(moved, adopt=FORMER)
    await fleet.run(moved)
    spec = [
        call for call in fleet.management.faults.calls if call.operation == "patch akodeployments"
    ]
    assert len(spec) == 1
    assert names.ADOPT_ANNOTATION not in fleet.record(moved).annotations


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


async def test_nothing_was_touched_so_the_record_ends_by_itself(fleet: ReconcileFleet) -> None:
    name = await untouched(fleet)
    await fleet.delete_cluster()
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Finished"
    assert fleet.record(name).spec.leaving is None
    fleet.clock.advance(8 * 24 * 3600)
    await fleet.run(name)
    assert fleet.world.record(name) is None


async def test_it_does_not_end_while_its_cluster_is_only_unseen(
    fleet: ReconcileFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await untouched(fleet)
    monkeypatch.setattr(fleet.world, "cluster_of", lambda name: None)
    monkeypatch.setattr(fleet.world, "cluster_at", lambda namespace, name: None)
    outcome = await fleet.run(name)
    assert outcome.requeue_after == 1.0
    assert fleet.record(name).spec.finished_at is None
    monkeypatch.undo()
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Running"


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


async def untouched(fleet: ReconcileFleet) -> str:
    """The process died right after it had created the record."""
    await fleet.config()
    name = await fleet.cluster(finalizers=[])

    class _StopError(errors.ProcessEnd):
        pass

    async def stop(*args: object, **kwargs: object) -> None:
        raise _StopError

    fleet.services.finalizers.add = stop  # type: ignore[method-assign]
    with pytest.raises(_StopError):
        await fleet.run(name)
    assert fleet.record(name).spec.untouched
    fleet.start()
    return name
