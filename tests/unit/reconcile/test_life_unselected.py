"""A config stops matching, or goes; somebody else writes meanwhile."""

from __future__ import annotations

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from tests.unit.reconcile import reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


async def test_unselected_is_orphaned_and_resumes(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, name: str
) -> None:
    await fleet.patch_cluster({"metadata": {"labels": {"lb": None}}})
    ako.calls.clear()
    await fleet.run(name)
    record = fleet.record(name)
    assert record.status.phase == "Orphaned"
    assert fleet.condition(name, "Ready") == ("True", "Orphaned")
    assert fleet.workload.faults.calls == []
    assert ako.calls == []
    assert fleet.in_workload(resources.STATEFUL_SETS, "ako") is not None
    await fleet.run(name)
    assert fleet.writes == []
    await fleet.patch_cluster({"metadata": {"labels": {"lb": "avi"}}})
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Running"
    assert fleet.record(name).spec.orphaned is None


async def test_an_orphan_is_swept_when_its_cluster_is_deleted(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    await fleet.patch_cluster({"metadata": {"labels": {"lb": None}}})
    await fleet.run(name)
    await fleet.delete_cluster()
    await fleet.run(name)
    assert avi.calls[-2:] == ["sweep", "verify"]


async def test_a_deleted_config_orphans_and_is_let_go(fleet: ReconcileFleet, name: str) -> None:
    await fleet.user.delete(resources.AKO_DEPLOYMENT_CONFIGS, "default")
    await fleet.configs.reconcile("default", 0)
    assert fleet.management.objects(resources.AKO_DEPLOYMENT_CONFIGS), "a record needs it"
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Orphaned"
    assert (await fleet.configs.reconcile("default", 0)).changed is True
    assert fleet.management.objects(resources.AKO_DEPLOYMENT_CONFIGS) == []
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Orphaned", "not ConfigMissing: its end was seen"


async def test_a_config_that_vanishes_removes_nothing(fleet: ReconcileFleet, name: str) -> None:
    await fleet.change_config(onUnmatch="Remove")
    await fleet.run(name)
    patch = {"metadata": {"finalizers": None}}
    await fleet.user.merge_patch(resources.AKO_DEPLOYMENT_CONFIGS, "default", patch)
    await fleet.user.delete(resources.AKO_DEPLOYMENT_CONFIGS, "default")
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("False", "ConfigMissing")
    assert fleet.record(name).spec.leaving is None


async def test_a_write_of_somebody_else_is_decided_again(fleet: ReconcileFleet, name: str) -> None:
    fleet.management.faults.before(
        "patch akodeployments", errors.ConflictError("stale"), subject=name
    )
    await fleet.patch_cluster({"metadata": {"labels": {"lb": None}}})
    outcome = await fleet.run(name)
    assert outcome.requeue_after == 1.0
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Orphaned"


async def test_events_and_conditions_do_not_hold_up_a_record(fleet: ReconcileFleet) -> None:
    fleet.management.faults.before("apply clusters/status", errors.ForbiddenError("no"), times=99)
    fleet.management.faults.before("create events", errors.ServerError("no"), times=99)
    await fleet.config()
    name = await fleet.cluster()
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("True", "Running")
    assert await fleet.events() == []
