"""Other releases of Kubernetes and Cluster API: chosen by name, and seen as v1beta2."""

import asyncio
import pathlib
from typing import Any

import pytest
from akoo_testbed import errors, kubeapi
from akoo_testbed.building import build, recipes
from akoo_testbed.kube import kuberest, older
from akoo_testbed.management import Versions
from akoo_testbed.parts import cluster_api
from akoo_testbed.provider import manifests

Object = dict[str, Any]


def test_a_release_replaces_cluster_api_and_stands_beside_kubernetes() -> None:
    assert Versions().needs(recipes.DEFAULT) == recipes.DEFAULT
    chosen = Versions(kubernetes="kubernetes-1.36", cluster_api="clusterapi-1.12")
    needed = chosen.needs(recipes.DEFAULT)
    assert needed == (
        "etcd",
        "kubernetes",
        "clusterapi-1.12",
        "jaeger",
        "vcsim",
        "kubernetes-1.36",
    )


def test_only_the_default_releases_are_parts_of_every_bed() -> None:
    others = [name for name in recipes.RECIPES if name.startswith(("kubernetes-", "clusterapi-"))]
    assert len(others) == len(recipes.OTHER_KUBERNETES) + len(recipes.OTHER_CLUSTER_APIS)
    assert not set(others) & set(recipes.DEFAULT)


def test_a_binary_of_a_release() -> None:
    built = build.Built(
        {"kubernetes": pathlib.Path("/default"), "kubernetes-1.36": pathlib.Path("/newer")}
    )
    assert built.binary("kubectl") == pathlib.Path("/default/bin/kubectl")
    assert built.binary("kubectl", "kubernetes-1.36") == pathlib.Path("/newer/bin/kubectl")
    with pytest.raises(errors.BuildError, match="kubectl is not among what was built"):
        built.binary("kubectl", "kubernetes-1.37")


@pytest.mark.parametrize(
    ("recipe", "gates"),
    [
        ("clusterapi", ["MachineSetPreflightChecks", "ReconcilerRateLimiting"]),
        ("clusterapi-1.12", ["MachineSetPreflightChecks", "ReconcilerRateLimiting"]),
        ("clusterapi-1.10", ["MachineSetPreflightChecks"]),
    ],
)
def test_a_manager_gets_only_gates_that_it_knows(recipe: str, gates: list[str]) -> None:
    assert sorted(cluster_api.fast_gates(recipe)) == gates


def _deployment() -> tuple[Object, Object]:
    """A Cluster and a MachineDeployment of the fake provider."""
    made = {obj["kind"]: obj for obj in manifests.cluster("team", "shop", labels={"a": "b"})}
    return made["Cluster"], made["MachineDeployment"]


def test_written_objects_are_v1beta1() -> None:
    cluster, deployment = (older.to_v1beta1(obj, "team") for obj in _deployment())
    assert cluster["apiVersion"] == deployment["apiVersion"] == "cluster.x-k8s.io/v1beta1"
    assert cluster["metadata"] == _deployment()[0]["metadata"]
    assert cluster["spec"]["infrastructureRef"] == {
        "apiVersion": "infrastructure.cluster.x-k8s.io/v1",
        "kind": "FakeCluster",
        "name": "shop",
        "namespace": "team",
    }
    assert cluster["spec"]["controlPlaneRef"]["kind"] == "FakeControlPlane"
    assert cluster["spec"]["clusterNetwork"] == _deployment()[0]["spec"]["clusterNetwork"]
    assert deployment["spec"]["strategy"]["type"] == "RollingUpdate"
    assert "rollout" not in deployment["spec"]
    reference = deployment["spec"]["template"]["spec"]["infrastructureRef"]
    assert reference["apiVersion"] == "infrastructure.cluster.x-k8s.io/v1"
    assert reference["namespace"] == "team"


def test_a_merge_patch_is_converted_and_one_without_spec_is_not() -> None:
    labels = {"metadata": {"labels": {"a": None}}}
    assert older.to_v1beta1(labels, "team") == labels
    paused = {"spec": {"paused": True}}
    assert older.to_v1beta1(paused, "team") == paused


def test_seen_objects_are_v1beta2() -> None:
    written = older.to_v1beta1(_deployment()[0], "team")
    available = {"type": "Available", "status": "True"}
    status = {
        "infrastructureReady": True,
        "controlPlaneReady": False,
        "conditions": [{"type": "Ready", "status": "True"}],
        "v1beta2": {"conditions": [available]},
    }
    seen = older.to_v1beta2(written | {"status": status})
    assert seen["spec"] == _deployment()[0]["spec"]
    assert seen["apiVersion"] == "cluster.x-k8s.io/v1beta2"
    assert seen["status"]["conditions"] == [available]
    initialization = {"infrastructureProvisioned": True, "controlPlaneInitialized": False}
    assert seen["status"]["initialization"] == initialization


def test_items_of_a_list_are_converted_too() -> None:
    item = {"spec": older.to_v1beta1(_deployment()[0], "team")["spec"], "status": {}}
    listed = {"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "ClusterList", "items": [item]}
    (seen,) = older.to_v1beta2(listed)["items"]
    assert seen["spec"] == _deployment()[0]["spec"]
    assert seen["status"]["initialization"]["infrastructureProvisioned"] is False


@pytest.mark.parametrize("version", ["v1", "infrastructure.cluster.x-k8s.io/v1"])
def test_objects_of_other_groups_stay_as_they_are(version: str) -> None:
    obj = {"apiVersion": version, "kind": "FakeCluster", "status": {"infrastructureReady": True}}
    assert older.to_v1beta2(obj) is obj


@pytest.mark.parametrize(
    ("cluster_api", "kind"),
    [
        ("clusterapi", kubeapi.KubeApi),
        ("clusterapi-1.12", kubeapi.KubeApi),
        ("clusterapi-1.10", older.V1Beta1Api),
    ],
)
def test_only_releases_without_v1beta2_need_the_older_client(
    cluster_api: str, kind: type[kubeapi.KubeApi]
) -> None:
    config = "{clusters: [{cluster: {server: 'https://127.0.0.1:1'}}], users: [{user: {}}]}"
    assert type(older.client(config, cluster_api)) is kind


def test_paths_and_bodies_of_the_older_client(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str, object]] = []

    async def answer(
        _: object, method: str, path: str, body: object = None, **__: object
    ) -> Object:
        sent.append((method, path, body))
        if method == "GET":
            resource = {"kind": "Cluster", "name": "clusters", "namespaced": True}
            return {"resources": [resource]}
        assert isinstance(body, dict)
        return body

    monkeypatch.setattr(kuberest.Transport, "request", answer)
    config = "{clusters: [{cluster: {server: 'https://127.0.0.1:1'}}], users: [{user: {}}]}"
    api = older.client(config, "clusterapi-1.10")
    made = asyncio.run(api.create(_deployment()[0]))
    assert [(method, path) for method, path, _ in sent] == [
        ("GET", "/apis/cluster.x-k8s.io/v1beta1"),
        ("POST", "/apis/cluster.x-k8s.io/v1beta1/namespaces/team/clusters"),
    ]
    assert sent[1][2] == older.to_v1beta1(_deployment()[0], "team")
    assert made["apiVersion"] == "cluster.x-k8s.io/v1beta2"
