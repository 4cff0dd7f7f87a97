"""Which version and kind to use; whether our CRDs and rights are there. On the server in memory."""

from __future__ import annotations

import pathlib
from typing import Any, NamedTuple

import pytest
import yaml

from akoo_core import errors
from akoo_core.kube import crds, discovery, resource, rights
from akoo_core.kube import errors as kube_errors
from akoo_core.testing import MemoryServer

CRDS = pathlib.Path(__file__).parents[3] / "deploy" / "crds"


def server_with(*versions: str) -> MemoryServer:
    kinds = (resource.CLUSTERS, resource.MACHINES)
    return MemoryServer(
        resources=(
            resource.NAMESPACES,
            resource.CONFIG_MAPS,
            *(kind._replace(version=version) for version in versions for kind in kinds),
        )
    )


@pytest.mark.parametrize(
    ("served", "used"),
    [
        (("v1beta1",), "v1beta1"),
        (("v1beta1", "v1beta2"), "v1beta2"),
        (("v1alpha4", "v1beta1"), "v1beta1"),
    ],
)
async def test_the_version_of_cluster_api(served: tuple[str, ...], used: str) -> None:
    kube = server_with(*served).client()
    assert (await discovery.clusters(kube)).api_version == f"cluster.x-k8s.io/{used}"
    assert (await discovery.machines(kube)).version == used


@pytest.mark.parametrize(("served", "told"), [((), "clusterctl init"), (("v1alpha4",), "v1alpha4")])
async def test_no_cluster_api_or_one_too_old(served: tuple[str, ...], told: str) -> None:
    with pytest.raises(kube_errors.NotFoundError, match=told) as caught:
        await discovery.clusters(server_with(*served).client())
    assert caught.value.kind_missing


async def test_kinds_are_found_and_remembered() -> None:
    server = MemoryServer()
    kube = server.client()
    found = discovery.Discovery(kube)
    assert await found.find("v1", "ConfigMap") == resource.CONFIG_MAPS
    assert await found.find("apps/v1", "StatefulSet") == resource.STATEFUL_SETS
    assert await found.find("v1", "Namespace") == resource.NAMESPACES
    widgets = resource.Resource("acme.io", "v1", "widgets", "Widget")
    with pytest.raises(kube_errors.NotFoundError, match="does not serve Widget"):
        await found.find("acme.io/v1", "Widget")
    server.served.serve(widgets)
    assert await found.find("acme.io/v1", "Widget") == widgets
    server.served.stop(widgets)
    assert await found.find("acme.io/v1", "Widget") == widgets, "remembered"
    found.invalidate()
    with pytest.raises(kube_errors.NotFoundError):
        await found.find("acme.io/v1", "Widget")


def crd_objects() -> list[dict[str, Any]]:
    names = ("akodeploymentconfigs.yaml", "akodeployments.yaml")
    return [yaml.safe_load((CRDS / name).read_text()) for name in names]


def established(obj: dict[str, Any]) -> dict[str, Any]:
    return obj | {"status": {"conditions": [{"type": "Established", "status": "True"}]}}


async def test_the_crds_that_ship_are_accepted() -> None:
    server = MemoryServer()
    server.seed(*(established(obj) for obj in crd_objects()))
    await crds.check_crds(server.client())


async def test_absent_crds() -> None:
    with pytest.raises(errors.NotReadyError) as caught:
        await crds.check_crds(MemoryServer().client())
    assert caught.value.reason == "CRDsMissing"
    assert str(caught.value) == (
        "the API server has no AKODeploymentConfig. "
        "Apply deploy/crds first: kubectl apply -k deploy/crds"
    )


async def test_older_crds() -> None:
    for version, reason in (("0", "CRDsOutdated"), ("x", "CRDsOutdated")):
        config, record = crd_objects()
        record["metadata"]["annotations"][crds.SCHEMA_ANNOTATION] = version
        server = MemoryServer()
        server.seed(established(config), established(record))
        with pytest.raises(errors.NotReadyError, match="older than this akoo-core") as caught:
            await crds.check_crds(server.client())
        assert caught.value.reason == reason


async def test_a_version_that_is_not_served_and_a_crd_that_is_not_ready() -> None:
    config, record = crd_objects()
    server = MemoryServer()
    server.seed(config)
    with pytest.raises(errors.NotReadyError) as caught:
        await crds.check_crds(server.client())
    assert caught.value.reason == "CRDsNotEstablished"
    record["spec"]["versions"][0]["served"] = False
    server = MemoryServer()
    server.seed(established(config), established(record))
    with pytest.raises(errors.NotReadyError, match="serves no v1alpha1 of AKODeployment"):
        await crds.check_crds(server.client())


class Rule(NamedTuple):
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


RULES = (
    Rule(("cluster.x-k8s.io",), ("clusters",), ("list", "watch", "get")),
    Rule(("",), ("secrets",), ("get",), ("one", "two")),
)


async def test_missing_rights_are_one_line() -> None:
    server = MemoryServer()
    kube = server.client()
    await rights.check_rights(kube, RULES)
    for verb in ("get", "list", "watch"):
        server.served.deny(verb, "clusters.cluster.x-k8s.io")
    with pytest.raises(errors.NotReadyError) as caught:
        await rights.check_rights(kube, RULES, command="akoo-core rbac --plugins ako,avi")
    assert str(caught.value) == (
        "not allowed to list clusters.cluster.x-k8s.io: ClusterRole akoo-core lacks get,list,watch "
        "on clusters (rendered: akoo-core rbac --plugins ako,avi)"
    )
    server.served.deny("get", "secrets")
    with pytest.raises(errors.NotReadyError, match="and 1 more"):
        await rights.check_rights(kube, RULES)


async def test_a_server_that_does_not_answer_is_told_as_such() -> None:
    server = MemoryServer()
    server.faults.before("create *", kube_errors.UnreachableError("gone"), times=100)
    with pytest.raises(kube_errors.UnreachableError):
        await rights.check_rights(server.client(), RULES)
