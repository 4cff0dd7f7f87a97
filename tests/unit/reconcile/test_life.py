"""A cluster's life through the real reconciler, on two API servers in memory."""

from __future__ import annotations

import base64
import dataclasses

import pytest

from akoo_core import testing
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile import record_controller
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


async def test_a_selected_cluster_gets_ako(fleet: ReconcileFleet) -> None:
    await fleet.config()
    name = await fleet.cluster()
    outcome = await fleet.run(name)
    assert outcome.changed
    record = fleet.record(name)
    assert (record.status.phase, record.status.version, record.status.config) == (
        "Running",
        "2.1.1",
        "default",
    )
    assert fleet.condition(name, "Ready") == ("True", "Running")
    assert fleet.condition(name, "AkoReady") == ("True", "Ready")
    assert fleet.condition(name, "ConfigSelected") == ("True", "Selected")
    assert fleet.on_cluster() == ("True", "Running")
    assert await fleet.events() == ["AKODeployed"]
    secret = fleet.in_workload(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert base64.b64decode(secret["data"]["password"]).decode() == reconcile_fleet.CANARY
    config_map = fleet.in_workload(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"]["user"] == "ako-user", "a fact went from provider to dependent"


async def test_a_healthy_record_is_looked_at_again_as_the_setting_says(
    fleet: ReconcileFleet,
) -> None:
    fleet.services = dataclasses.replace(fleet.services, resync_seconds=90.0)
    fleet.reconciler = record_controller.RecordReconciler(fleet.services)
    name = await reconcile_fleet.running(fleet)
    assert (await fleet.run(name)).requeue_after == 90.0
    await fleet.annotate(name, paused="")
    assert (await fleet.run(name)).requeue_after == 90.0, "one that is held, too"


async def test_order_of_first_writes(fleet: ReconcileFleet) -> None:
    await fleet.config()
    name = await fleet.cluster()
    await fleet.run(name)
    management = [call.operation for call in fleet.management.faults.calls if call.write]
    assert management[:4] == [
        "create akodeployments",
        "patch akodeploymentconfigs",
        "patch clusters",
        "patch akodeployments",
    ], "record first, then finalizers and the annotation, then intents; only then the outside"
    cluster = fleet.world.cluster_at("demo", "shop")
    assert cluster is not None
    assert cluster.finalizers == ("cluster.cluster.x-k8s.io", names.FINALIZER)
    assert cluster.annotations[names.RECORD_ANNOTATION] == name
    record = fleet.record(name)
    assert record.spec.plugins == ("ako", "avi")
    assert record.spec.workload is not None


async def test_nothing_is_written_at_rest(fleet: ReconcileFleet, name: str) -> None:
    for seconds in (0, 30, 3600, 86400):
        fleet.clock.advance(seconds)
        outcome = await fleet.run(name)
        assert fleet.writes == []
        assert outcome.changed is False
        assert outcome.requeue_after == 600.0


async def test_a_restart_writes_nothing(fleet: ReconcileFleet, name: str) -> None:
    fleet.start()
    await fleet.run(name)
    assert fleet.writes == []


async def test_no_secret_is_in_the_management_cluster_but_in_its_secret(
    fleet: ReconcileFleet, name: str
) -> None:
    seen = repr(
        [
            *fleet.management.objects(resources.AKO_DEPLOYMENTS),
            *fleet.management.objects(resources.CLUSTERS),
            *fleet.management.objects(resources.EVENTS),
        ]
    )
    assert reconcile_fleet.CANARY not in seen
    assert base64.b64encode(reconcile_fleet.CANARY.encode()).decode() not in seen


async def test_a_crash_after_the_finalizer_loses_nothing(fleet: ReconcileFleet) -> None:
    await fleet.config()
    name = await fleet.cluster()
    fleet.management.faults.after("patch clusters", testing.Crash("dies here"))
    with pytest.raises(testing.Crash):
        await fleet.run(name)
    fleet.start()
    await fleet.run(name)
    cluster = fleet.world.cluster_at("demo", "shop")
    assert cluster is not None
    assert cluster.annotations[names.RECORD_ANNOTATION] == name
    assert names.FINALIZER in cluster.finalizers


async def test_a_change_of_the_config_rolls(fleet: ReconcileFleet, name: str) -> None:
    await fleet.change_config(logLevel="DEBUG")
    await fleet.run(name)
    config_map = fleet.in_workload(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"]["logLevel"] == "DEBUG"
    await fleet.run(name)
    assert fleet.writes == []


async def test_a_changed_fact_runs_its_dependents_again(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.user = "ako-user-2"
    await fleet.run(name)
    config_map = fleet.in_workload(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"]["user"] == "ako-user-2"


async def test_one_plugin_failing_does_not_stop_the_others(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.fail["prepare"] = RuntimeError(f"token={reconcile_fleet.CANARY}")
    await fleet.change_config(logLevel="WARN")
    outcome = await fleet.run(name, attempt=1)
    assert fleet.condition(name, "AviReady") == ("False", "VerbFailed")
    assert fleet.condition(name, "AkoReady") == ("True", "Ready")
    assert fleet.condition(name, "Ready") == ("False", "VerbFailed")
    assert reconcile_fleet.CANARY not in fleet.message(name, "AviReady")
    assert outcome.requeue_after == 2.0, "backs off"
    config_map = fleet.in_workload(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"]["logLevel"] == "WARN"
    assert fleet.record(name).status.phase == "Running"


async def test_blocked_says_what_to_do(fleet: ReconcileFleet, avi: reconcile_plugins.Avi) -> None:
    avi.fail["prepare"] = api.Blocked(reason="NetworkNotFound", message="Create the network.")
    await fleet.config()
    name = await fleet.cluster()
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Preparing"
    assert fleet.condition(name, "Ready") == ("False", "NetworkNotFound")
    assert fleet.message(name, "Ready") == "AviReady=False: Create the network."
    assert fleet.on_cluster() == ("False", "NetworkNotFound")


async def test_a_cluster_without_control_plane_is_prepared_and_waited_for(
    fleet: ReconcileFleet,
) -> None:
    await fleet.config()
    name = await fleet.cluster()
    status = {"status": {"initialization": {"controlPlaneInitialized": False}}}
    await fleet.user.merge_patch(resources.CLUSTERS, "shop", status, "demo", subresource="status")
    await fleet.run(name)
    assert fleet.condition(name, "AviReady") == ("True", "Ready")
    assert fleet.condition(name, "AkoReady") == ("False", "ControlPlaneNotReady")
    assert fleet.workload.faults.calls == []


async def test_an_unreachable_workload_is_said_and_tried_again(
    fleet: ReconcileFleet, name: str
) -> None:
    fleet.workloads.error = errors.UnreachableError("connection refused")
    outcome = await fleet.run(name)
    assert fleet.condition(name, "AkoReady") == ("False", "WorkloadUnreachable")
    assert outcome.requeue_after == 15.0
    fleet.workloads.error = None
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("True", "Running")


@pytest.mark.parametrize(
    "reason", ["KubeconfigInvalid", "KubeconfigExecRefused", "KubeconfigInsecureRefused"]
)
async def test_a_kubeconfig_that_is_refused_is_said_with_its_own_reason(
    fleet: ReconcileFleet, name: str, reason: str
) -> None:
    fleet.workloads.error = errors.KubeconfigError(reason, "the kubeconfig is odd; mend it")
    outcome = await fleet.run(name)
    assert fleet.condition(name, "AkoReady") == ("False", reason)
    assert fleet.message(name, "AkoReady") == (
        "Secret demo/shop-kubeconfig is not used to reach the workload cluster demo/shop: "
        "the kubeconfig is odd; mend it."
    )
    assert outcome.requeue_after == 15.0


async def test_another_cluster_behind_the_kubeconfig_is_not_touched(
    fleet: ReconcileFleet, name: str
) -> None:
    fleet.workloads.server = memory.MemoryServer(name="stranger", clock=fleet.clock)
    await fleet.change_config(logLevel="DEBUG")
    await fleet.run(name)
    assert fleet.condition(name, "AkoReady") == ("False", "WorkloadReplaced")
    assert [call for call in fleet.workloads.server.faults.calls if call.write] == []


async def test_a_paused_cluster_is_left_alone(fleet: ReconcileFleet, name: str) -> None:
    await fleet.patch_cluster({"spec": {"paused": True}})
    await fleet.change_config(logLevel="DEBUG")
    await fleet.run(name)
    assert fleet.workload.faults.calls == []
    assert fleet.condition(name, "Held") == ("True", "Paused")
    assert fleet.condition(name, "Ready") == ("True", "Running"), "keeps what it was"
    await fleet.run(name)
    assert fleet.writes == []
    await fleet.patch_cluster({"spec": {"paused": None}})
    await fleet.run(name)
    assert "Held" not in fleet.conditions(name)


async def test_a_cluster_that_nobody_selects_costs_nothing(fleet: ReconcileFleet) -> None:
    name = await fleet.cluster()
    outcome = await fleet.run(name)
    assert outcome == (None, False)
    assert fleet.management.faults.calls == []


async def test_losers_are_named(fleet: ReconcileFleet, name: str) -> None:
    await fleet.config("edge")
    await fleet.run(name)
    assert fleet.condition(name, "ConfigSelected") == ("True", "Conflict")
    assert '"edge" matches too and lost' in fleet.message(name, "ConfigSelected")
