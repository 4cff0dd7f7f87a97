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
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed


async def test_a_selected_cluster_gets_ako(bed: Bed) -> None:
    await bed.config()
    name = await bed.cluster()
    outcome = await bed.run(name)
    assert outcome.changed
    record = bed.record(name)
    assert (record.status.phase, record.status.version, record.status.config) == (
        "Running",
        "2.1.1",
        "default",
    )
    assert bed.condition(name, "Ready") == ("True", "Running")
    assert bed.condition(name, "AkoReady") == ("True", "Ready")
    assert bed.condition(name, "ConfigSelected") == ("True", "Selected")
    assert bed.on_cluster() == ("True", "Running")
    assert await bed.events() == ["AKODeployed"]
    secret = bed.in_workload(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert base64.b64decode(secret["data"]["password"]).decode() == reconcile_bed.CANARY
    config_map = bed.in_workload(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"]["user"] == "ako-user", "a fact went from provider to dependent"


async def test_a_healthy_record_is_looked_at_again_as_the_setting_says(bed: Bed) -> None:
    bed.services = dataclasses.replace(bed.services, resync_seconds=90.0)
    bed.reconciler = record_controller.RecordReconciler(bed.services)
    name = await reconcile_bed.running(bed)
    assert (await bed.run(name)).requeue_after == 90.0
    await bed.annotate(name, paused="")
    assert (await bed.run(name)).requeue_after == 90.0, "one that is held, too"


async def test_order_of_first_writes(bed: Bed) -> None:
    await bed.config()
    name = await bed.cluster()
    await bed.run(name)
    management = [call.operation for call in bed.management.faults.calls if call.write]
    assert management[:4] == [
        "create akodeployments",
        "patch akodeploymentconfigs",
        "patch clusters",
        "patch akodeployments",
    ], "record first, then finalizers and the annotation, then intents; only then the outside"
    cluster = bed.world.cluster_at("demo", "shop")
    assert cluster is not None
    assert cluster.finalizers == ("cluster.cluster.x-k8s.io", names.FINALIZER)
    assert cluster.annotations[names.RECORD_ANNOTATION] == name
    record = bed.record(name)
    assert record.spec.plugins == ("ako", "avi")
    assert record.spec.workload is not None


async def test_nothing_is_written_at_rest(bed: Bed, name: str) -> None:
    for seconds in (0, 30, 3600, 86400):
        bed.clock.advance(seconds)
        outcome = await bed.run(name)
        assert bed.writes == []
        assert outcome.changed is False
        assert outcome.requeue_after == 600.0


async def test_a_restart_writes_nothing(bed: Bed, name: str) -> None:
    bed.start()
    await bed.run(name)
    assert bed.writes == []


async def test_no_secret_is_in_the_management_cluster_but_in_its_secret(
    bed: Bed, name: str
) -> None:
    seen = repr(
        [
            *bed.management.objects(resources.AKO_DEPLOYMENTS),
            *bed.management.objects(resources.CLUSTERS),
            *bed.management.objects(resources.EVENTS),
        ]
    )
    assert reconcile_bed.CANARY not in seen
    assert base64.b64encode(reconcile_bed.CANARY.encode()).decode() not in seen


async def test_a_crash_after_the_finalizer_loses_nothing(bed: Bed) -> None:
    await bed.config()
    name = await bed.cluster()
    bed.management.faults.after("patch clusters", testing.Crash("dies here"))
    with pytest.raises(testing.Crash):
        await bed.run(name)
    bed.start()
    await bed.run(name)
    cluster = bed.world.cluster_at("demo", "shop")
    assert cluster is not None
    assert cluster.annotations[names.RECORD_ANNOTATION] == name
    assert names.FINALIZER in cluster.finalizers


async def test_a_change_of_the_config_rolls(bed: Bed, name: str) -> None:
    await bed.change_config(logLevel="DEBUG")
    await bed.run(name)
    config_map = bed.in_workload(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"]["logLevel"] == "DEBUG"
    await bed.run(name)
    assert bed.writes == []


async def test_a_changed_fact_runs_its_dependents_again(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    avi.user = "ako-user-2"
    await bed.run(name)
    config_map = bed.in_workload(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"]["user"] == "ako-user-2"


async def test_one_plugin_failing_does_not_stop_the_others(
    bed: Bed, avi: bedplugins.Avi, name: str
) -> None:
    avi.fail["prepare"] = RuntimeError(f"token={reconcile_bed.CANARY}")
    await bed.change_config(logLevel="WARN")
    outcome = await bed.run(name, attempt=1)
    assert bed.condition(name, "AviReady") == ("False", "VerbFailed")
    assert bed.condition(name, "AkoReady") == ("True", "Ready")
    assert bed.condition(name, "Ready") == ("False", "VerbFailed")
    assert reconcile_bed.CANARY not in bed.message(name, "AviReady")
    assert outcome.requeue_after == 2.0, "backs off"
    config_map = bed.in_workload(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"]["logLevel"] == "WARN"
    assert bed.record(name).status.phase == "Running"


async def test_blocked_says_what_to_do(bed: Bed, avi: bedplugins.Avi) -> None:
    avi.fail["prepare"] = api.Blocked(reason="NetworkNotFound", message="Create the network.")
    await bed.config()
    name = await bed.cluster()
    await bed.run(name)
    assert bed.record(name).status.phase == "Preparing"
    assert bed.condition(name, "Ready") == ("False", "NetworkNotFound")
    assert bed.message(name, "Ready") == "AviReady=False: Create the network."
    assert bed.on_cluster() == ("False", "NetworkNotFound")


async def test_a_cluster_without_control_plane_is_prepared_and_waited_for(bed: Bed) -> None:
    await bed.config()
    name = await bed.cluster()
    status = {"status": {"initialization": {"controlPlaneInitialized": False}}}
    await bed.user.merge_patch(resources.CLUSTERS, "shop", status, "demo", subresource="status")
    await bed.run(name)
    assert bed.condition(name, "AviReady") == ("True", "Ready")
    assert bed.condition(name, "AkoReady") == ("False", "ControlPlaneNotReady")
    assert bed.workload.faults.calls == []


async def test_an_unreachable_workload_is_said_and_tried_again(bed: Bed, name: str) -> None:
    bed.workloads.error = errors.UnreachableError("connection refused")
    outcome = await bed.run(name)
    assert bed.condition(name, "AkoReady") == ("False", "WorkloadUnreachable")
    assert outcome.requeue_after == 15.0
    bed.workloads.error = None
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("True", "Running")


@pytest.mark.parametrize(
    "reason", ["KubeconfigInvalid", "KubeconfigExecRefused", "KubeconfigInsecureRefused"]
)
async def test_a_kubeconfig_that_is_refused_is_said_with_its_own_reason(
    bed: Bed, name: str, reason: str
) -> None:
    bed.workloads.error = errors.KubeconfigError(reason, "the kubeconfig is odd; mend it")
    outcome = await bed.run(name)
    assert bed.condition(name, "AkoReady") == ("False", reason)
    assert bed.message(name, "AkoReady") == (
        "Secret demo/shop-kubeconfig is not used to reach the workload cluster demo/shop: "
        "the kubeconfig is odd; mend it."
    )
    assert outcome.requeue_after == 15.0


async def test_another_cluster_behind_the_kubeconfig_is_not_touched(bed: Bed, name: str) -> None:
    bed.workloads.server = memory.MemoryServer(name="stranger", clock=bed.clock)
    await bed.change_config(logLevel="DEBUG")
    await bed.run(name)
    assert bed.condition(name, "AkoReady") == ("False", "WorkloadReplaced")
    assert [call for call in bed.workloads.server.faults.calls if call.write] == []


async def test_a_paused_cluster_is_left_alone(bed: Bed, name: str) -> None:
    await bed.patch_cluster({"spec": {"paused": True}})
    await bed.change_config(logLevel="DEBUG")
    await bed.run(name)
    assert bed.workload.faults.calls == []
    assert bed.condition(name, "Held") == ("True", "Paused")
    assert bed.condition(name, "Ready") == ("True", "Running"), "keeps what it was"
    await bed.run(name)
    assert bed.writes == []
    await bed.patch_cluster({"spec": {"paused": None}})
    await bed.run(name)
    assert "Held" not in bed.conditions(name)


async def test_a_cluster_that_nobody_selects_costs_nothing(bed: Bed) -> None:
    name = await bed.cluster()
    outcome = await bed.run(name)
    assert outcome == (None, False)
    assert bed.management.faults.calls == []


async def test_losers_are_named(bed: Bed, name: str) -> None:
    await bed.config("edge")
    await bed.run(name)
    assert bed.condition(name, "ConfigSelected") == ("True", "Conflict")
    assert '"edge" matches too and lost' in bed.message(name, "ConfigSelected")
