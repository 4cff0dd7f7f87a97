"""fence beside other writers: AKO of another namespace, its family, and who holds credentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from akoo_ako import fence, names
from akoo_ako.running import others

from akoo_core.kube import errors, resource
from akoo_core.plugin import api
from akoo_core.testing import memory

SECRET_ENV = [{"name": "P", "valueFrom": {"secretKeyRef": {"name": names.SECRET, "key": "p"}}}]
CONFIG_ENV = [
    {"name": "C", "valueFrom": {"configMapKeyRef": {"name": names.CONFIG_MAP, "key": "cloudName"}}}
]
HOLDING: dict[str, dict[str, Any]] = {
    "env": {"containers": [{"name": "c", "env": SECRET_ENV}]},
    "env of AKO's configuration": {"containers": [{"name": "c", "env": CONFIG_ENV}]},
    "envFrom": {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "avi-secret"}}]}]},
    "envFrom of AKO's configuration": {
        "containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": names.CONFIG_MAP}}]}]
    },
    "init container": {"initContainers": [{"name": "c", "env": SECRET_ENV}], "containers": []},
    "volume": {"volumes": [{"name": "v", "secret": {"secretName": names.SECRET}}]},
    "projected volume": {
        "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "avi-secret"}}]}}]
    },
}
KINDS = ["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]
NOT_HOLDING: dict[str, dict[str, Any]] = {
    "another Secret": {"volumes": [{"name": "v", "secret": {"secretName": "other"}}]},
    "only of that name": {"containers": [{"name": "avi-secret", "image": "avi-secret"}]},
    "another ConfigMap": {"volumes": [{"name": "v", "configMap": {"name": "other"}}]},
    "nothing": {},
}


def of_kind(kind: str, pod: dict[str, Any], name: str = "x", **more: Any) -> dict[str, Any]:
    """An object of a kind whose Pods have this spec, in AKO's namespace."""
    template = {"template": {"spec": pod}}
    specs: dict[str, dict[str, Any]] = {
        "Pod": pod,
        "CronJob": {"jobTemplate": {"spec": template}},
    }
    group = {"Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
    metadata = {"name": name, "namespace": names.NAMESPACE, **more.pop("metadata", {})}
    spec = {**specs.get(kind, template), **more.pop("spec", {})}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec, **more}


def labelled(kind: str, app: str, namespace: str, **more: Any) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": app}
    return of_kind(kind, {}, app, metadata={"namespace": namespace, "labels": labels}, **more)


def configured(namespace: str, cluster_name: str) -> dict[str, Any]:
    metadata = {"name": names.CONFIG_MAP, "namespace": namespace}
    data = {"clusterName": cluster_name}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def secret(namespace: str) -> dict[str, Any]:
    metadata = {"name": names.SECRET, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


async def fenced(build: Any, *objects: dict[str, Any]) -> api.Fenced:
    server = memory.MemoryServer()
    server.seed(*objects)
    answer = await fence.fence(build.context(server.client()))
    assert isinstance(answer, api.Fenced)
    return answer


@pytest.mark.parametrize(
    ("kind", "app", "namespace"),
    [
        ("Pod", "ako", "blue"),
        ("StatefulSet", "ako", "blue"),
        ("Pod", "ako-crd-operator", names.NAMESPACE),
        ("Deployment", "ako-crd-operator", names.NAMESPACE),
        ("Deployment", "amko", "amko-system"),
        ("CronJob", "ako", "blue"),
        ("DaemonSet", "ako", "blue"),
    ],
)
async def test_another_of_the_family_is_named_and_unfenced(
    build: Any, kind: str, app: str, namespace: str
) -> None:
    answer = await fenced(build, labelled(kind, app, namespace))
    assert answer.grade == "Unfenced"
    assert f"{kind} {namespace}/{app} may write to Avi under the same name" in answer.evidence
    assert answer.settle_seconds >= 1800


async def test_an_ako_of_another_name_marks_its_objects_otherwise(build: Any) -> None:
    pod, name = labelled("Pod", "ako", "blue"), build.view().spec.ako_cluster_name
    same, other = configured("blue", name), configured("blue", "other")
    assert (await fenced(build, pod, same)).grade == "Unfenced"
    assert (await fenced(build, pod, other)).grade == "Stopped"
    assert (await fenced(build, pod, configured("blue", ""))).grade == "Unfenced"


@pytest.mark.parametrize("spec", HOLDING.values(), ids=list(HOLDING))
@pytest.mark.parametrize(
    "kind", ["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]
)
async def test_who_holds_the_credentials_may_write(
    build: Any, kind: str, spec: dict[str, Any]
) -> None:
    answer = await fenced(build, of_kind(kind, spec))
    assert answer.grade == "Unfenced"
    assert f"{kind} {names.NAMESPACE}/x" in answer.evidence


@pytest.mark.parametrize("spec", NOT_HOLDING.values(), ids=list(NOT_HOLDING))
@pytest.mark.parametrize("kind", ["Pod", "Deployment", "CronJob"])
async def test_who_does_not_hold_them_may_run(build: Any, kind: str, spec: dict[str, Any]) -> None:
    assert (await fenced(build, of_kind(kind, spec))).grade == "Stopped"


async def test_credentials_of_another_namespace_count(build: Any) -> None:
    job = of_kind("CronJob", HOLDING["env"], metadata={"namespace": "blue"})
    assert (await fenced(build, job)).grade == "Stopped", "there is no such Secret"
    answer = await fenced(build, job, secret("blue"))
    assert "CronJob blue/x" in answer.evidence


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("Pod", {"status": {"phase": "Succeeded"}}),
        ("Pod", {"status": {"phase": "Failed"}}),
        ("StatefulSet", {"spec": {"replicas": 0}}),
        ("Deployment", {"spec": {"replicas": 0}}),
        ("Job", {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}),
        ("Job", {"status": {"conditions": [{"type": "Failed", "status": "True"}]}}),
        ("Job", {"spec": {"suspend": True}}),
        ("CronJob", {"spec": {"suspend": True}}),
    ],
)
async def test_what_has_ended_or_is_suspended_writes_nothing(
    build: Any, kind: str, more: dict[str, Any]
) -> None:
    stopped = labelled(kind, "amko", "blue", **more)
    running = labelled(kind, "amko", "blue")
    assert (await fenced(build, stopped)).grade == "Stopped"
    assert (await fenced(build, running)).grade == "Unfenced"


async def test_many_are_counted(build: Any) -> None:
    pods = [labelled("Pod", "ako", f"n{number}") for number in range(5)]
    answer = await fenced(build, *pods)
    assert "Pod n0/ako, Pod n1/ako, Pod n2/ako and 2 more may write" in answer.evidence


async def test_what_does_not_fit_into_a_list_was_not_looked_at(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(others, "LIMIT", 3)
    pods = [of_kind("Pod", {}, f"p{number}") for number in range(4)]
    answer = await fenced(build, *pods)
    assert answer.grade == "Unfenced"
    assert "there are more than 3 pods in namespace avi-system" in answer.evidence


async def test_too_many_namespaces_were_not_looked_at(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(others, "NAMESPACES", 2)
    answer = await fenced(build, secret("a"), secret("b"))
    assert answer.grade == "Unfenced"
    assert "more than 2 namespaces have a Secret avi-secret" in answer.evidence


async def test_what_may_not_be_listed_was_not_looked_at(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = memory.MemoryServer().client()
    real: Callable[..., Any] = client.list

    async def listed(kind: resource.Resource, *args: Any, **selectors: Any) -> Any:
        if kind.kind == "CronJob":
            raise errors.ForbiddenError("no")
        return await real(kind, *args, **selectors)

    monkeypatch.setattr(client, "list", listed)
    answer = await fence.fence(build.context(client))
    assert isinstance(answer, api.Fenced)
    assert answer.grade == "Unfenced"
    assert "cronjobs in the cluster may not be listed" in answer.evidence


async def test_while_our_own_pods_end_nothing_else_is_asked(build: Any) -> None:
    server = memory.MemoryServer()
    server.seed(build.pod(), labelled("Pod", "ako", "blue"))
    answer = await fence.fence(build.context(server.client()))
    assert isinstance(answer, api.Wait)
    assert answer.reason == "AkoStopping"
