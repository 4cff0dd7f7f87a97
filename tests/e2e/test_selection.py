"""Selection: the config that gives a cluster its AKO, and the end of a selection."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.e2e.conftest import CLUSTER, CONFIG, BedScene, condition

AVI_SYSTEM = "avi-system"


async def test_without_a_credential_nothing_is_deployed(scene: BedScene) -> None:
    config = await scene.config(workloadCredentialRef=None)
    await scene.cluster()
    record = await scene.record(phase="Preparing")
    blocked = condition(record, "AkoReady")
    assert (blocked["status"], blocked["reason"]) == ("False", "CredentialMissing")
    assert config in blocked["message"] or "workloadCredentialRef" in blocked["message"]
    async with scene.workload() as workload:
        assert await workload.find("v1/Namespace", None, AVI_SYSTEM) is None


async def test_the_higher_priority_wins_and_the_conflict_is_said(scene: BedScene) -> None:
    low = await scene.config("low")
    high = await scene.config("high", priority=10)
    await scene.cluster()
    record = await scene.record(phase="Running")
    assert record["spec"]["configRef"]["name"] == high
    selected = condition(record, "ConfigSelected")
    assert selected["reason"] == "Conflict"
    assert low in selected["message"]
    for name, served in ((high, 1), (low, 0)):
        config = await scene.until(CONFIG, None, name, partial(counts, served))
        assert condition(config, "Ready")["status"] == "True", "losing is no mistake"


def counts(served: int, config: dict[str, Any] | None) -> bool:
    """True if a config shows that it serves so many clusters, all of them Ready."""
    status = (config or {}).get("status") or {}
    return (status.get("clusters"), status.get("ready")) == (served, served)


def observed(generation: int, config: dict[str, Any] | None) -> bool:
    """True if the operator has seen that generation of a config."""
    return bool(((config or {}).get("status") or {}).get("observedGeneration", 0) >= generation)


async def test_unselected_with_orphan_everything_stays(scene: BedScene) -> None:
    await scene.config()
    await scene.cluster()
    record = await scene.record(phase="Running")
    name = record["metadata"]["name"]
    await scene.api.patch(
        CLUSTER, scene.namespace, "shop", {"metadata": {"labels": {"test": "another"}}}
    )
    await scene.until_record(name, phase="Orphaned")
    cluster = await scene.api.get(CLUSTER, scene.namespace, "shop")
    assert "akoo.io/cleanup" in cluster["metadata"]["finalizers"]
    async with scene.workload() as workload:
        ako = await workload.get("apps/v1/StatefulSet", AVI_SYSTEM, "ako")
        assert ako["spec"]["replicas"] == 1
    # The deletion is still followed: an orphan leaves like any other.
    await scene.delete()
    await scene.gone()
    finished = await scene.until_record(name, phase="Finished")
    assert finished["spec"]["leaving"]["cause"] == "ClusterDeleted"


async def test_unselected_with_remove_ako_goes_and_the_cluster_stays(scene: BedScene) -> None:
    await scene.config(onUnmatch="Remove")
    await scene.cluster()
    record = await scene.record(phase="Running")
    name = record["metadata"]["name"]
    await scene.api.patch(
        CLUSTER, scene.namespace, "shop", {"metadata": {"labels": {"test": "another"}}}
    )
    finished = await scene.until_record(name, phase="Finished")
    leaving = finished["spec"]["leaving"]
    assert leaving["cause"] == "Unmatched"
    assert leaving["drainOutcome"].startswith("Done; AKO says Done")
    assert "undeployedAt" in leaving
    assert not finished["spec"].get("inventory")
    async with scene.workload() as workload:
        assert await workload.find("apps/v1/StatefulSet", AVI_SYSTEM, "ako") is None
        assert await workload.find("v1/Secret", AVI_SYSTEM, "avi-secret") is None
    cluster = await scene.api.get(CLUSTER, scene.namespace, "shop")
    assert "akoo.io/cleanup" not in cluster["metadata"].get("finalizers", ())
    assert "deletionTimestamp" not in cluster["metadata"]


async def test_a_paused_cluster_is_left_alone(scene: BedScene) -> None:
    config = await scene.config()
    await scene.cluster()
    record = await scene.record(phase="Running")
    await scene.api.patch(CLUSTER, scene.namespace, "shop", {"spec": {"paused": True}})
    held = await scene.until(
        "akoo.io/v1alpha1/AKODeployment",
        None,
        record["metadata"]["name"],
        lambda obj: condition(obj or {}, "Held").get("reason") == "Paused",
    )
    assert held["status"]["phase"] == "Running"
    change = {"spec": {"extraConfigs": {"ingress": {"shardVSSize": "LARGE"}}}}
    changed = await scene.api.patch(CONFIG, None, config, change)
    generation = changed["metadata"]["generation"]
    await scene.until(CONFIG, None, config, partial(observed, generation))
    async with scene.workload() as workload:
        # The operator has seen the change, and would have applied it by now.
        before = await workload.get("v1/ConfigMap", AVI_SYSTEM, "avi-k8s-config")
        assert before["data"]["shardVSSize"] == "SMALL"
        await scene.api.patch(CLUSTER, scene.namespace, "shop", {"spec": {"paused": False}})
        await workload.wait_for(
            "v1/ConfigMap",
            AVI_SYSTEM,
            "avi-k8s-config",
            lambda obj: (obj or {}).get("data", {}).get("shardVSSize") == "LARGE",
        )


async def test_a_deleted_config_waits_for_its_clusters(scene: BedScene) -> None:
    """The deletion is seen under our finalizer; with Orphan the cluster keeps its AKO."""
    config = await scene.config()
    await scene.cluster()
    record = await scene.record(phase="Running")
    await scene.api.delete(CONFIG, None, config)
    await scene.until(CONFIG, None, config, lambda obj: obj is None)
    await scene.until_record(record["metadata"]["name"], phase="Orphaned")
