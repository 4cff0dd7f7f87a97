"""The reconciler and the real AKO plugin on a real kube-apiserver: defaulting, server-side apply,
JSON patches and structural schemas are what the server in memory does not have."""

from __future__ import annotations

from akoo_core.kube import resource as resources
from akoo_core.objects import cluster, names
from tests.component.reconcile import reconcile_real

CLUSTERS = resources.CLUSTERS


async def test_the_life_of_a_cluster(real: reconcile_real.Real) -> None:
    name = await real.seed()
    await real.run(name)
    record = await real.record(name)
    assert record.spec.workload is not None
    assert record.spec.inventory
    assert all(item.digest for item in record.spec.inventory), record.status.conditions
    assert record.status.conditions, "a status came"
    stored = cluster.from_object(await real.user.get(CLUSTERS, real.suffix, "demo"))
    assert stored.finalizers == ("cluster.cluster.x-k8s.io", names.FINALIZER)
    types = [condition["type"] for condition in stored.raw["status"]["conditions"]]
    assert sorted(types) == ["Available", names.LOAD_BALANCER_READY], "others' conditions stay"

    await real.run(name)
    await real.run(name)
    assert real.writes.seen == [], "at rest"

    real.start(drift_seconds=0.0)
    await real.run(name)
    assert [site for site in real.writes.seen if "dry" not in site] == [], (
        "what the server defaults is no drift"
    )
    await real.recorder.flush()

    await real.user.delete(CLUSTERS, real.suffix, "demo")
    real.workloads.silent = 60.0
    await real.run(name)
    record = await real.record(name)
    assert record.status.phase == "Fencing", "the StatefulSet's controller has not acted yet"
    stored = cluster.from_object(await real.user.get(CLUSTERS, real.suffix, "demo"))
    assert names.FINALIZER in stored.finalizers
    await real.scale_down()
    await real.run(name)
    record = await real.record(name)
    assert record.status.phase == "Finished", record.status.conditions
    assert record.spec.leaving is not None
    assert record.spec.leaving.fence is not None
    assert record.spec.leaving.fence.grade == "Stopped"
    stored = cluster.from_object(await real.user.get(CLUSTERS, real.suffix, "demo"))
    assert stored.finalizers == ("cluster.cluster.x-k8s.io",)
    await real.run(name)
    assert real.writes.seen == []


async def test_a_removal_leaves_the_cluster_as_it_was(real: reconcile_real.Real) -> None:
    name = await real.seed()
    await real.run(name)
    inventory = (await real.record(name)).spec.inventory
    assert {"StatefulSet", "ConfigMap", "Secret"} <= {entry.kind for entry in inventory}
    word = {"metadata": {"annotations": {names.LEAVE_ANNOTATION: "sweep"}}}
    await real.user.merge_patch(resources.AKO_DEPLOYMENTS, name, word)
    real.workloads.silent = 60.0
    await real.run(name)
    await real.scale_down()
    await real.run(name)
    record = await real.record(name)
    assert record.status.phase == "Finished", record.status.conditions
    assert record.spec.inventory == ()
    stored = cluster.from_object(await real.user.get(CLUSTERS, real.suffix, "demo"))
    assert stored.finalizers == ("cluster.cluster.x-k8s.io",)
    assert names.RECORD_ANNOTATION not in stored.annotations
    assert [condition["type"] for condition in stored.raw["status"]["conditions"]] == ["Available"]
    selector = f"{names.RECORD_LABEL}={name}"
    for kind in (resources.STATEFUL_SETS, resources.CONFIG_MAPS, resources.SECRETS):
        assert (await real.user.list(kind, label_selector=selector)).items == []
    await real.run(name)
    assert real.writes.seen == []
