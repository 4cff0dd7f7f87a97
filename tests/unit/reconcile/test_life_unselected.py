"""A config stops matching, or goes; somebody else writes meanwhile."""

from __future__ import annotations

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed


async def test_unselected_is_orphaned_and_resumes(bed: Bed, ako: bedplugins.Ako, name: str) -> None:
    await bed.patch_cluster({"metadata": {"labels": {"lb": None}}})
    ako.calls.clear()
    await bed.run(name)
    record = bed.record(name)
    assert record.status.phase == "Orphaned"
    assert bed.condition(name, "Ready") == ("True", "Orphaned")
    assert bed.workload.faults.calls == []
    assert ako.calls == []
    assert bed.in_workload(resources.STATEFUL_SETS, "ako") is not None
    await bed.run(name)
    assert bed.writes == []
    await bed.patch_cluster({"metadata": {"labels": {"lb": "avi"}}})
    await bed.run(name)
    assert bed.record(name).status.phase == "Running"
    assert bed.record(name).spec.orphaned is None


async def test_an_orphan_is_swept_when_its_cluster_is_deleted(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    await bed.patch_cluster({"metadata": {"labels": {"lb": None}}})
    await bed.run(name)
    await bed.delete_cluster()
    await bed.run(name)
    assert avi.calls[-2:] == ["sweep", "verify"]


async def test_a_deleted_config_orphans_and_is_let_go(bed: Bed, name: str) -> None:
    await bed.user.delete(resources.AKO_DEPLOYMENT_CONFIGS, "default")
    await bed.configs.reconcile("default", 0)
    assert bed.management.objects(resources.AKO_DEPLOYMENT_CONFIGS), "a record needs it"
    await bed.run(name)
    assert bed.record(name).status.phase == "Orphaned"
    assert (await bed.configs.reconcile("default", 0)).changed is True
    assert bed.management.objects(resources.AKO_DEPLOYMENT_CONFIGS) == []
    await bed.run(name)
    assert bed.record(name).status.phase == "Orphaned", "not ConfigMissing: its end was seen"


async def test_a_config_that_vanishes_removes_nothing(bed: Bed, name: str) -> None:
    await bed.change_config(onUnmatch="Remove")
    await bed.run(name)
    patch = {"metadata": {"finalizers": None}}
    await bed.user.merge_patch(resources.AKO_DEPLOYMENT_CONFIGS, "default", patch)
    await bed.user.delete(resources.AKO_DEPLOYMENT_CONFIGS, "default")
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("False", "ConfigMissing")
    assert bed.record(name).spec.leaving is None


async def test_a_write_of_somebody_else_is_decided_again(bed: Bed, name: str) -> None:
    bed.management.faults.before(
        "patch akodeployments", errors.ConflictError("stale"), subject=name
    )
    await bed.patch_cluster({"metadata": {"labels": {"lb": None}}})
    outcome = await bed.run(name)
    assert outcome.requeue_after == 1.0
    await bed.run(name)
    assert bed.record(name).status.phase == "Orphaned"


async def test_events_and_conditions_do_not_hold_up_a_record(bed: Bed) -> None:
    bed.management.faults.before("apply clusters/status", errors.ForbiddenError("no"), times=99)
    bed.management.faults.before("create events", errors.ServerError("no"), times=99)
    await bed.config()
    name = await bed.cluster()
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("True", "Running")
    assert await bed.events() == []
