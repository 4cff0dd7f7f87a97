"""A cluster's life on the real bed: selected, given AKO, changed, deleted, let go."""

from __future__ import annotations

import base64
from typing import Any

import aiohttp
from akoo_testbed import kubeapi

from akoo_core import structs
from akoo_core.sandbox import process
from akoo_core.traces import life
from tests.e2e.conftest import CANARY, CLUSTER, CONFIG, BedScene, condition

AVI_SYSTEM = "avi-system"


async def test_a_cluster_lives_and_leaves(
    scene: BedScene, operator: process.OperatorProcess
) -> None:
    config = await scene.config()
    await scene.cluster()

    record = await scene.record(phase="Running")
    name = record["metadata"]["name"]
    assert record["spec"]["akoClusterName"] == name
    assert record["spec"]["configRef"]["name"] == config
    assert record["status"]["version"]
    assert condition(record, "Ready")["status"] == "True"
    assert condition(record, "AkoReady")["status"] == "True"
    cluster = await scene.api.get(CLUSTER, scene.namespace, "shop")
    assert "akoo.io/cleanup" in cluster["metadata"]["finalizers"]
    await scene.until(
        CLUSTER,
        scene.namespace,
        "shop",
        lambda obj: condition(obj, "akoo.io/LoadBalancerReady").get("status") == "True",
    )

    async with scene.workload() as workload:
        await _holds_what_the_record_says(workload, record)
        await _a_changed_setting_rolls(scene, workload, config)

    await scene.delete()
    await scene.gone()
    finished = await scene.until_record(name, phase="Finished")
    leaving = finished["spec"]["leaving"]
    assert leaving["drainOutcome"].startswith("Done; AKO says Done")
    assert leaving["fence"]["grade"] == "Stopped"
    assert leaving["letGo"]["why"] == "NoVerifier"
    proven = condition(finished, "CleanupProven")
    assert (proven["status"], proven["reason"]) == ("Unknown", "NoVerifier")
    await _events(scene, "AKODeployed", "AKOCleanupStarted", "ClusterLetGo")
    await _no_canary(scene, operator)


async def _holds_what_the_record_says(workload: kubeapi.KubeApi, record: dict[str, Any]) -> None:
    for item in record["spec"]["inventory"]:
        kind = f"{item['apiVersion']}/{item['kind']}"
        stored = await workload.get(kind, item.get("namespace"), item["name"])
        labels = stored["metadata"]["labels"]
        assert labels["akoo.io/record"] == record["metadata"]["name"], item
        assert labels["app.kubernetes.io/managed-by"] == "akoo-core", item
    settings = await workload.get("v1/ConfigMap", AVI_SYSTEM, "avi-k8s-config")
    assert settings["data"]["clusterName"] == record["metadata"]["name"]
    assert settings["data"]["deleteConfig"] == "false"
    secret = await workload.get("v1/Secret", AVI_SYSTEM, "avi-secret")
    assert base64.b64decode(secret["data"]["password"]).decode() == CANARY


async def _a_changed_setting_rolls(scene: BedScene, workload: kubeapi.KubeApi, config: str) -> None:
    before = await workload.get("v1/Pod", AVI_SYSTEM, "ako-0")
    change = {"spec": {"extraConfigs": {"ingress": {"shardVSSize": "MEDIUM"}}}}
    await scene.api.patch(CONFIG, None, config, change)
    uid = before["metadata"]["uid"]
    await workload.wait_for(
        "v1/Pod",
        AVI_SYSTEM,
        "ako-0",
        lambda pod: (
            pod is not None
            and pod["metadata"]["uid"] != uid
            and condition(pod, "Ready").get("status") == "True"
        ),
    )
    settings = await workload.get("v1/ConfigMap", AVI_SYSTEM, "avi-k8s-config")
    assert settings["data"]["shardVSSize"] == "MEDIUM"
    await scene.record(phase="Running")


async def _events(scene: BedScene, *reasons: str) -> None:
    events = await scene.api.list("events.k8s.io/v1/Event", scene.namespace)
    seen = {event["reason"] for event in events if event["regarding"]["kind"] == "Cluster"}
    assert set(reasons) <= seen


async def _no_canary(scene: BedScene, operator: process.OperatorProcess) -> None:
    """The password is nowhere but in the two Secrets that hold it."""
    bed = scene.bed.bed
    assert bed.jaeger is not None
    texts = {"log": operator.log.read_text(errors="replace")}
    urls = {
        "metrics": f"{operator.url}/metrics",
        "traces": f"{bed.jaeger.query_url}/api/traces?service=akoo-core&limit=1500",
    }
    async with aiohttp.ClientSession(trust_env=False) as session:
        for source, url in urls.items():
            async with session.get(url) as answer:
                texts[source] = await answer.text()
    for kind in ("akoo.io/v1alpha1/AKODeployment", CLUSTER, CONFIG, "events.k8s.io/v1/Event"):
        texts[kind] = str(await scene.api.list(kind))
    encoded = base64.b64encode(CANARY.encode()).decode()
    leaks = [source for source, text in texts.items() if CANARY in text or encoded in text]
    assert not leaks
    assert life.spans(structs.decode_json(texts["traces"])), "no traces were searched"
