"""The version and kind to use; the check of our CRDs and rights. On the server in memory."""

from __future__ import annotations

import pathlib
from typing import Any, NamedTuple

import pytest
import yaml

from akoo_core import errors, external
from akoo_core.kube import crds, discovery, resource, rights
from akoo_core.kube import errors as kube_errors
from akoo_core.testing import MemoryServer
from akoo_core.testing.memory.client import MemoryClient

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


@pytest.mark.parametrize(
    ("served", "message"), [((), "clusterctl init"), (("v1alpha4",), "v1alpha4")]
)
async def test_no_cluster_api_or_one_too_old(served: tuple[str, ...], message: str) -> None:
    with pytest.raises(kube_errors.NotFoundError, match=message) as caught:
        await discovery.clusters(server_with(*served).client())
    assert caught.value.kind_missing


async def test_kinds_of_a_version() -> None:
    kube = MemoryServer().client()
    listed = await discovery.kinds(kube, "apps/v1")
    assert resource.STATEFUL_SETS._replace(discovered=True) in listed
    with pytest.raises(kube_errors.NotFoundError):
        await discovery.kinds(kube, "acme.io/v1")


@pytest.mark.parametrize(
    "hostile",
    ["../api/v1/secrets?limit=0&a=/v1", "x/../../api/v1", "v1?x", "", "a b/v1", "/v1", "v1/"],
)
async def test_what_is_no_api_version_never_becomes_a_path(hostile: str) -> None:
    with pytest.raises(kube_errors.InvalidError):
        await discovery.kinds(_Unasked(), hostile)


@pytest.mark.parametrize("hostile", ["..", "../api", "a?b", "", "a b", "é.io", "a" * 254, "a..b"])
async def test_what_is_no_group_never_becomes_a_path(hostile: str) -> None:
    with pytest.raises(kube_errors.InvalidError):
        await discovery.versions(_Unasked(), hostile)


class _Unasked(MemoryClient):
    """Fails the test when a path is asked for."""

    def __init__(self) -> None:
        super().__init__(
            MemoryServer(), external.External(), system="kubernetes", field_manager="test"
        )

    async def raw(self, path: str) -> dict[str, Any]:
        pytest.fail(f"asked for {path}")


class _Answers(_Unasked):
    """Answers every path with the same document."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self._document = document

    async def raw(self, path: str) -> dict[str, Any]:
        return self._document


@pytest.mark.parametrize(
    "document",
    [
        {"resources": "x"},
        {"resources": [1]},
        {"resources": [{"name": 1}]},
        {"resources": [{"name": "a", "kind": ["A"]}]},
    ],
)
async def test_a_wrong_document_is_a_typed_error(document: dict[str, Any]) -> None:
    with pytest.raises(kube_errors.ServerError, match="not a discovery document"):
        await discovery.kinds(_Answers(document), "acme.io/v1")


async def test_names_that_are_none_are_left_out() -> None:
    entries = [
        {"name": "x" * 100_000, "kind": "Foo"},
        {"name": "../../secrets", "kind": "Bar"},
        {"name": "widgets/status", "kind": "Widget"},
        {"name": "widgets", "kind": "a b"},
        {"name": "widgets", "kind": "Widget"},
    ]
    listed = await discovery.kinds(_Answers({"resources": entries}), "acme.io/v1")
    assert [(kind.plural, kind.kind, kind.label) for kind in listed] == [
        ("widgets", "Widget", "other")
    ]


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
    with pytest.raises(errors.PrerequisiteError) as caught:
        await crds.check_crds(MemoryServer().client())
    assert caught.value.reason == "CRDsMissing"
    assert str(caught.value) == (
        "the API server has no AKODeploymentConfig. "
        "Apply them: akoo-core manifests crds | kubectl apply --server-side -f -"
    )


async def test_older_crds() -> None:
    for version, reason in (("0", "CRDsOutdated"), ("x", "CRDsOutdated")):
        config, record = crd_objects()
        record["metadata"]["annotations"][crds.SCHEMA_ANNOTATION] = version
        server = MemoryServer()
        server.seed(established(config), established(record))
        with pytest.raises(errors.PrerequisiteError, match="older than this akoo-core") as caught:
            await crds.check_crds(server.client())
        assert caught.value.reason == reason


async def test_a_version_that_is_not_served_and_a_crd_that_is_not_ready() -> None:
    config, record = crd_objects()
    server = MemoryServer()
    server.seed(config)
    with pytest.raises(errors.PrerequisiteError) as caught:
        await crds.check_crds(server.client())
    assert caught.value.reason == "CRDsNotEstablished"
    record["spec"]["versions"][0]["served"] = False
    server = MemoryServer()
    server.seed(established(config), established(record))
    with pytest.raises(errors.PrerequisiteError, match="serves no v1alpha1 of AKODeployment"):
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
    with pytest.raises(errors.PrerequisiteError) as caught:
        await rights.check_rights(kube, RULES, command="akoo-core manifests rbac --plugins ako,avi")
    assert str(caught.value) == (
        "not allowed to list clusters.cluster.x-k8s.io: ClusterRole akoo-core lacks get,list,watch "
        "on clusters (rendered: akoo-core manifests rbac --plugins ako,avi)"
    )
    server.served.deny("get", "secrets")
    with pytest.raises(errors.PrerequisiteError, match="and 1 more"):
        await rights.check_rights(kube, RULES)


async def test_rights_in_the_own_namespace() -> None:
    server = MemoryServer()
    kube = server.client()
    own = (Rule(("",), ("secrets",), ("get", "create", "update", "delete")),)
    await rights.check_rights(kube, RULES, own=own, namespace="akoo-system")
    for verb in ("create", "delete"):
        server.served.deny(verb, "secrets")
    with pytest.raises(errors.PrerequisiteError) as caught:
        await rights.check_rights(kube, RULES, own=own, namespace="akoo-system")
    assert str(caught.value) == (
        "not allowed to create secrets: Role akoo-core in akoo-system lacks create,delete on "
        "secrets (rendered: akoo-core manifests rbac)"
    )


async def test_a_server_that_does_not_answer_is_told_as_such() -> None:
    server = MemoryServer()
    server.faults.before("create *", kube_errors.UnreachableError("gone"), times=100)
    with pytest.raises(kube_errors.UnreachableError):
        await rights.check_rights(server.client(), RULES)
