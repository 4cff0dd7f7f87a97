"""Rights to delete, asked of a real API server as different users."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
import yaml
from akoo_testbed import definitions, kubeapi, running, waiting

from akoo_core import external, structs
from akoo_core.app import policies as app_policies
from akoo_core.kube import transport
from akoo_core.kube.access import config
from akoo_core.manifests import render
from akoo_core.objects import names, record

HERE = pathlib.Path(__file__).parent
POLICIES = HERE.parents[2] / "deploy" / "policies"

OPERATOR = "system:serviceaccount:akoo-system:akoo-core"
COLLECTOR = "system:serviceaccount:kube-system:generic-garbage-collector"
ADC = "akodeploymentconfigs.networking.tkg.tanzu.vmware.com"

Object = dict[str, Any]


class Server(Protocol):
    api: kubeapi.KubeApi

    async def create(self, obj: Object) -> Object: ...
    async def try_delete(self, obj: Object) -> None: ...
    async def try_replace(self, obj: Object) -> Object: ...


SPEC = record.RecordSpec(
    ako_cluster_name="akoo-0123456789ab",
    management_id="one",
    cluster_ref=record.ClusterRef(namespace="team-a", name="shop", uid="u-1"),
    config_ref=record.ConfigRef(name="default", uid="c-1"),
)


def _record(**spec: Any) -> Object:
    obj = record.to_object("akoo-0123456789ab", structs.replace(SPEC, **spec))
    del obj["metadata"]["finalizers"]
    return obj


def _definition(name: str, annotations: dict[str, str] | None = None) -> Object:
    """A CRD of a kind that nobody has, beside ours in name."""
    plural, _, group = name.partition(".")
    kind = plural.capitalize()
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v1", "served": False, "storage": True, "schema": schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"plural": plural, "kind": kind},
            "versions": [version],
        },
    }


def _management_config() -> Object:
    obj: Object = yaml.safe_load((HERE / "corpus/c04-management-cluster.yaml").read_text())
    return obj


async def _until_refused(api: kubeapi.KubeApi, obj: Object) -> None:
    """Until the policy for such an object is in force; nothing of it stays."""
    kind, name = kubeapi.kind_of(obj), obj["metadata"]["name"]
    await api.create(obj)
    path = await api.path(kind, None, name)

    async def refused() -> bool:
        try:
            await api.request("DELETE", path, params={"dryRun": "All"})
        except kubeapi.ApiError as error:
            return error.status == 403
        return False

    await waiting.until(refused, title=f"the policy for {name}", seconds=30, every=0.1)
    free = {names.DELETE_FOR_MOVE_ANNOTATION: "", names.CONFIRM_REMOVAL_ANNOTATION: ""}
    await api.patch(kind, None, name, {"metadata": {"annotations": free}})
    await api.delete(kind, None, name)


@pytest.fixture(scope="module", autouse=True)
def policies(crds: running.RunningServer) -> Iterator[None]:
    """deploy/policies in force, and gone again afterwards."""
    objects = [obj for obj in definitions.load(POLICIES) if obj["kind"] != "Kustomization"]

    async def install() -> None:
        async with kubeapi.KubeApi(crds.kubeconfig) as api:
            for obj in objects:
                await api.apply(obj)
            for obj in (_record(), _definition("marks.akoo.io"), _management_config()):
                await _until_refused(api, obj)

    async def remove() -> None:
        async with kubeapi.KubeApi(crds.kubeconfig) as api:
            for obj in reversed(objects):
                await api.delete(kubeapi.kind_of(obj), None, obj["metadata"]["name"])

    crds.run(install())
    yield
    crds.run(remove())


async def _try_delete_as(user: str, obj: Object, crds: running.RunningServer) -> None:
    """As a user whom RBAC allows everything."""
    async with kubeapi.KubeApi(crds.client_kubeconfig(user, ["system:masters"])) as api:
        path = await api.path(kubeapi.kind_of(obj), None, obj["metadata"]["name"])
        await api.request("DELETE", path, params={"dryRun": "All"})


async def test_a_living_record_is_kept_and_the_user_told_what_to_do(server: Server) -> None:
    obj = await server.create(_record())
    with pytest.raises(kubeapi.ApiError) as caught:
        await server.try_delete(obj)
    assert caught.value.status == 403
    assert (
        "AKODeployment akoo-0123456789ab is the record of Cluster team-a/shop: without it its "
        "objects on the Avi Controller cannot be cleaned up, so it is not deleted by hand. To make "
        "akoo-core clean up and let go, annotate it with akoo.io/leave=sweep (or orphan, to leave "
        "everything in place)"
    ) in str(caught.value)


async def test_nor_are_all_records_at_once(server: Server) -> None:
    obj = await server.create(_record())
    path = await server.api.path(kubeapi.kind_of(obj))
    with pytest.raises(kubeapi.ApiError, match="is not deleted by hand"):
        await server.api.request("DELETE", path, params={"dryRun": "All"})
    assert await server.api.find(kubeapi.kind_of(obj), None, obj["metadata"]["name"])


@pytest.mark.parametrize("user", [OPERATOR, COLLECTOR])
async def test_the_operator_and_the_garbage_collector_may(
    user: str, server: Server, crds: running.RunningServer
) -> None:
    obj = await server.create(_record())
    await _try_delete_as(user, obj, crds)


async def test_another_operator_may_not(server: Server, crds: running.RunningServer) -> None:
    obj = await server.create(_record())
    with pytest.raises(kubeapi.ApiError, match="is not deleted by hand"):
        await _try_delete_as("system:serviceaccount:team-a:akoo-core", obj, crds)


@pytest.mark.parametrize(
    ("user", "says"),
    [(OPERATOR, ""), ("system:serviceaccount:team-a:akoo-core", "policy keep-records.akoo.io")],
)
async def test_an_operator_learns_whom_the_policy_names(
    user: str,
    says: str,
    server: Server,
    crds: running.RunningServer,
    tmp_path: pathlib.Path,
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(crds.client_kubeconfig(user, ["system:masters"]))
    endpoint = await config.endpoint_of(str(kubeconfig))
    kube = transport.HttpClient(endpoint, external=external.External())
    try:
        assert await app_policies.refusal(kube, "COMMAND") is None
        await server.create(_record())
        refusal = await app_policies.refusal(kube, "COMMAND")
    finally:
        await kube.close()
    assert refusal is not None
    assert refusal.partition(" does not")[0] == says


async def test_a_finished_or_moved_record_goes(server: Server) -> None:
    at = structs.convert("2026-05-04T03:02:01Z", datetime.datetime)
    finished = await server.create(_record(finished_at=at))
    await server.try_delete(finished)
    moved = record.to_object("akoo-0123456789ac", SPEC)
    moved["metadata"] |= {"annotations": {names.DELETE_FOR_MOVE_ANNOTATION: ""}, "finalizers": []}
    await server.try_delete(await server.create(moved))


async def test_our_definitions_are_kept_until_a_user_confirms(server: Server) -> None:
    stored = await server.create(_definition("examples.akoo.io"))
    for name in (ADC, "akodeployments.akoo.io", "examples.akoo.io"):
        obj = stored | {"metadata": {"name": name}}
        with pytest.raises(kubeapi.ApiError) as caught:
            await server.try_delete(obj)
        assert caught.value.status == 403
        assert f"with CustomResourceDefinition {name} all its objects would go" in str(caught.value)
        assert "annotate it with akoo.io/confirm-removal first" in str(caught.value)
    confirmed = _definition("others.akoo.io", {names.CONFIRM_REMOVAL_ANNOTATION: ""})
    await server.try_delete(await server.create(confirmed))


async def test_other_definitions_are_not_our_business(server: Server) -> None:
    await server.try_delete(await server.create(_definition("examples.example.com")))


async def test_the_management_clusters_config_is_kept(server: Server) -> None:
    obj = _management_config()
    stored = await server.create(obj)
    with pytest.raises(kubeapi.ApiError, match="the load balancer of the management cluster"):
        await server.try_delete(stored)
    other = obj | {"metadata": {"name": "install-ako-for-all"}}
    await server.try_delete(await server.create(other))


def _account(labels: dict[str, str]) -> Object:
    metadata = {"name": "akoo-core", "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _managed(**spec: Any) -> Object:
    """A record with our finalizer."""
    return record.to_object("akoo-0123456789ab", structs.replace(SPEC, **spec))


async def _refusal(server: Server, obj: Object, *, replaced: bool = False) -> str:
    """The refusal to delete it, or to replace it, as soon as the policy sees the records."""
    refusals: list[str] = []

    async def refused() -> bool:
        try:
            await (server.try_replace(obj) if replaced else server.try_delete(obj))
        except kubeapi.ApiError as error:
            refusals.append(str(error))
        return bool(refusals)

    await waiting.until(refused, title="the policy sees the record", seconds=30, every=0.1)
    return refusals[0]


OURS = {"app.kubernetes.io/name": "akoo-core"}


async def test_the_operator_is_kept_while_it_has_a_managed(server: Server) -> None:
    """The message names the Cluster, and the command that frees it."""
    own = await server.create(_account(OURS))
    await server.try_delete(own)
    await server.create(_managed(finished_at=datetime.datetime.now(datetime.UTC)))
    await server.try_delete(own)
    orphaned = _record()
    orphaned["metadata"]["name"] = "akoo-0000000000aa"
    await server.create(orphaned)
    await server.try_delete(own)
    other = _managed()
    other["metadata"]["name"] = "akoo-ba9876543210"
    await server.create(other)
    refusal = await _refusal(server, own)
    assert "manages Cluster team-a/shop (AKODeployment akoo-ba9876543210)" in refusal
    assert "akoo-core uninstall --remove" in refusal


KEPT = ("Deployment", "Namespace", "ConfigMap", "ClusterRoleBinding", "RoleBinding", "Role")


@pytest.mark.parametrize("kind", KEPT)
async def test_so_is_all_that_it_needs(kind: str, server: Server) -> None:
    """helm goes on after a refusal: an operator without its rights would be left."""
    (obj,) = (
        each
        for each in render.objects(render.Installation((), "kept-operator", "example.com/akoo:1"))
        if each["kind"] == kind
    )
    obj["metadata"]["name"] = "kept-operator"  # An installation of another test has its own name.
    if "namespace" in obj["metadata"]:
        obj["metadata"]["namespace"] = "default"
    await server.create(_managed())
    assert "akoo-core still manages" in await _refusal(server, await server.create(obj))


async def test_a_person_may_insist_and_others_are_not_concerned(server: Server) -> None:
    await server.create(_managed())
    kept = await server.create(_account(OURS))
    await _refusal(server, kept)
    annotations = {names.CONFIRM_REMOVAL_ANNOTATION: ""}
    await server.api.patch(
        "v1/ServiceAccount", "default", "akoo-core", {"metadata": {"annotations": annotations}}
    )
    await server.try_delete(kept)
    other = _account({})
    other["metadata"]["name"] = "somebody-else"
    await server.try_delete(await server.create(other))


def _deployment(namespace: str, *, replicas: int, labels: dict[str, str]) -> Object:
    """The operator's Deployment, named as no other test names it."""
    (obj,) = (
        each
        for each in render.objects(render.Installation((), namespace, "example.com/akoo:1"))
        if each["kind"] == "Deployment"
    )
    obj["metadata"]["name"] = "upgraded-operator"
    obj["metadata"]["labels"] |= labels
    obj["spec"]["replicas"] = replicas
    return obj


BY_CLUSTERCTL = {"clusterctl.cluster.x-k8s.io": ""}


async def test_clusterctl_stops_nothing_without_the_word_of_a_person(server: Server) -> None:
    """An upgrade stops the Deployment first. `kubectl scale` and other tools are free to."""
    await server.create(_managed())
    await server.create(_deployment("default", replicas=2, labels=BY_CLUSTERCTL))
    stopped = _deployment("default", replicas=0, labels=BY_CLUSTERCTL)
    refusal = await _refusal(server, stopped, replaced=True)
    assert "akoo-core still manages Cluster team-a/shop" in refusal
    assert "run: kubectl annotate --overwrite namespace default akoo.io/upgrading=true" in refusal
    await server.try_replace(_deployment("default", replicas=1, labels=BY_CLUSTERCTL))
    await server.try_replace(_deployment("default", replicas=0, labels={}))
    path = await server.api.path("apps/v1/Deployment", "default", "upgraded-operator")
    await server.api.request(
        "PATCH",
        f"{path}/scale",
        {"spec": {"replicas": 0}},
        params={"dryRun": "All"},
        content_type="application/merge-patch+json",
    )


@pytest.mark.parametrize(("word", "allowed"), [("true", True), ("false", False)])
async def test_an_upgrade_by_clusterctl_takes_a_word_on_the_namespace(
    word: str, allowed: bool, server: Server
) -> None:
    await server.create(_managed())
    await _refusal(server, await server.create(_account(OURS)))
    namespace = {"name": f"upgraded-{word}", "annotations": {names.UPGRADING_ANNOTATION: word}}
    await server.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": namespace})
    account = _account(OURS)
    account["metadata"]["namespace"] = namespace["name"]
    for obj in (account, _deployment(f"upgraded-{word}", replicas=2, labels=BY_CLUSTERCTL)):
        stored = await server.create(obj)
        if allowed:
            await server.try_delete(stored)
        else:
            await _refusal(server, stored)
    stopped = _deployment(f"upgraded-{word}", replicas=0, labels=BY_CLUSTERCTL)
    if allowed:
        await server.try_replace(stopped)
    else:
        await _refusal(server, stopped, replaced=True)
