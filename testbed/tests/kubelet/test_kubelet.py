"""The kubelet and AKO's stand-in on a real API server with its controllers."""

import base64
import collections.abc
import contextlib
import itertools

import pytest
from akoo_testbed.kubeapi import KubeApi, Object
from akoo_testbed.kubelet import FakeKubelet, KubeletOptions, NodeSpec
from akoo_testbed.kubelet.ako import STATEFUL_SET, STATUS_ANNOTATION
from akoo_testbed.kubelet.options import SWITCH_CONFIG_MAP, SWITCH_NAMESPACE

POD = "v1/Pod"
LABELS = {"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": "ako"}
numbers = itertools.count()


def config_map(namespace: str, **data: str) -> Object:
    metadata = {"name": "avi-k8s-config", "namespace": namespace}
    values = {"deleteConfig": "false", "clusterName": "shop"} | data
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": values}


def secret(namespace: str, **data: str) -> Object:
    metadata = {"name": "avi-secret", "namespace": namespace}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


def stateful_set(namespace: str) -> Object:
    reference = {"name": "avi-k8s-config", "key": "clusterName"}
    env = [{"name": "CLUSTER_NAME", "valueFrom": {"configMapKeyRef": reference}}]
    container = {"name": "ako", "image": "registry.example.com/ako:2.1.1", "env": env}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "ako", "namespace": namespace},
        "spec": {
            "serviceName": "ako",
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}},
        },
    }


@contextlib.asynccontextmanager
async def running(
    kubeconfig: str, *names: str, options: KubeletOptions | None = None
) -> collections.abc.AsyncGenerator[FakeKubelet, None]:
    kubelet = FakeKubelet(kubeconfig, [NodeSpec(name) for name in names], options=options)
    await kubelet.start()
    try:
        yield kubelet
    finally:
        await kubelet.stop()


@pytest.fixture
async def home(api: KubeApi) -> collections.abc.AsyncGenerator[str, None]:
    """A namespace of the test's own; Nodes, switches and the namespace's Pods go with it."""
    name = f"avi-system-{next(numbers)}"
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    await api.delete(STATEFUL_SET, name, "ako")
    await api.delete("v1/ConfigMap", SWITCH_NAMESPACE, SWITCH_CONFIG_MAP)
    await api.delete("v1/Namespace", None, name)
    for node in await api.list("v1/Node"):
        await api.delete("v1/Node", None, node["metadata"]["name"])
    for pod in await api.list(POD, name):
        await api.delete(POD, name, pod["metadata"]["name"], grace_seconds=0)


async def install(api: KubeApi, namespace: str, **config: str) -> None:
    await api.create(secret(namespace, username="ako", password="canary"))
    await api.create(config_map(namespace, **config))
    await api.create(stateful_set(namespace))


async def set_delete(api: KubeApi, namespace: str, value: str) -> None:
    body = {"data": {"deleteConfig": value}}
    await api.patch("v1/ConfigMap", namespace, "avi-k8s-config", body)


async def answer(api: KubeApi, namespace: str, value: str | None, deadline: float = 10.0) -> None:
    def matches(obj: Object | None) -> bool:
        annotations = (obj or {}).get("metadata", {}).get("annotations", {})
        return bool(annotations.get(STATUS_ANNOTATION) == value)

    await api.wait_for(STATEFUL_SET, namespace, "ako", matches, deadline)


def ready(pod: Object | None) -> bool:
    conditions = (pod or {}).get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def waits_for(reason: str) -> collections.abc.Callable[[Object | None], bool]:
    def matches(pod: Object | None) -> bool:
        statuses = (pod or {}).get("status", {}).get("containerStatuses", ())
        return any(s["state"].get("waiting", {}).get("reason") == reason for s in statuses)

    return matches


async def test_a_stateful_set_becomes_ready(kubeconfig: str, api: KubeApi, home: str) -> None:
    async with running(kubeconfig, "n1"):
        await install(api, home)
        pod = await api.wait_for(POD, home, "ako-0", ready, 10)
        assert pod is not None
        assert pod["spec"]["nodeName"] == "n1"
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
        await api.wait_for(
            STATEFUL_SET, home, "ako", lambda s: s and s["status"].get("availableReplicas") == 1, 10
        )
        node = await api.get("v1/Node", None, "n1")
        assert "taints" not in node["spec"]


async def test_delete_config_is_answered(kubeconfig: str, api: KubeApi, home: str) -> None:
    async with running(kubeconfig, "n1"):
        await install(api, home)
        await api.wait_for(POD, home, "ako-0", ready, 10)
        seen: list[str | None] = []

        def record(obj: Object | None) -> bool:
            annotations = (obj or {}).get("metadata", {}).get("annotations", {})
            seen.append(annotations.get(STATUS_ANNOTATION))
            return seen[-1] == "Done"

        await set_delete(api, home, "true")
        await api.wait_for(STATEFUL_SET, home, "ako", record, 10)
        assert list(dict.fromkeys(seen)) in ([None, "Started", "Done"], ["Started", "Done"])
        await set_delete(api, home, "false")
        await answer(api, home, None)


async def test_a_start_with_delete_config_skips_started(
    kubeconfig: str, api: KubeApi, home: str
) -> None:
    seen: set[str | None] = set()

    def record(obj: Object | None) -> bool:
        annotations = (obj or {}).get("metadata", {}).get("annotations", {})
        seen.add(annotations.get(STATUS_ANNOTATION))
        return "Done" in seen

    async with running(kubeconfig, "n1"):
        await install(api, home, deleteConfig="true")
        await api.wait_for(STATEFUL_SET, home, "ako", record, 10)
    assert "Started" not in seen


async def test_the_answer_follows_the_switch_at_run_time(
    kubeconfig: str, api: KubeApi, home: str
) -> None:
    metadata = {"name": SWITCH_CONFIG_MAP, "namespace": SWITCH_NAMESPACE}
    switch: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    await api.create(switch | {"data": {"ako-answer": "never"}})
    async with running(kubeconfig, "n1"):
        await install(api, home)
        await api.wait_for(POD, home, "ako-0", ready, 10)
        await set_delete(api, home, "true")
        await answer(api, home, "Started")
        with pytest.raises(TimeoutError):
            await answer(api, home, "Done", deadline=1.0)
        body = {"data": {"ako-answer": "timeout"}}
        await api.patch("v1/ConfigMap", SWITCH_NAMESPACE, SWITCH_CONFIG_MAP, body)
        await answer(api, home, "Timeout")


async def test_a_missing_key_keeps_the_container_from_starting(
    kubeconfig: str, api: KubeApi, home: str
) -> None:
    async with running(kubeconfig, "n1"):
        await install(api, home)
        # The Pod may have started before: a new one meets the ConfigMap without its key.
        without: Object = {"data": {"clusterName": None}}
        await api.patch("v1/ConfigMap", home, "avi-k8s-config", without)
        await api.delete(POD, home, "ako-0")
        pod = await api.wait_for(POD, home, "ako-0", waits_for("CreateContainerConfigError"), 10)
        assert not ready(pod)
        body = {"data": {"clusterName": "shop"}}
        await api.patch("v1/ConfigMap", home, "avi-k8s-config", body)
        await api.wait_for(POD, home, "ako-0", ready, 10)


async def test_ako_refuses_to_start_without_a_password(
    kubeconfig: str, api: KubeApi, home: str
) -> None:
    async with running(kubeconfig, "n1", options=KubeletOptions(restart_seconds=0.02)):
        await api.create(secret(home, username="ako"))
        await api.create(config_map(home))
        await api.create(stateful_set(home))

        def restarted_twice(pod: Object | None) -> bool:
            statuses = (pod or {}).get("status", {}).get("containerStatuses", ())
            return any(status["restartCount"] >= 2 for status in statuses)

        await api.wait_for(POD, home, "ako-0", restarted_twice, 10)
        await api.wait_for(POD, home, "ako-0", waits_for("CrashLoopBackOff"), 10)
        await api.apply(secret(home, username="ako", password="canary"))
        await api.wait_for(POD, home, "ako-0", ready, 10)


async def test_pods_die_with_their_node(kubeconfig: str, api: KubeApi, home: str) -> None:
    options = KubeletOptions(ako_seconds=3600)
    async with running(kubeconfig, "n1", options=options):
        await install(api, home)
        first = await api.wait_for(POD, home, "ako-0", ready, 10)
        assert first is not None
        await api.delete("v1/Node", None, "n1")
        uid = first["metadata"]["uid"]
        await api.wait_for(POD, home, "ako-0", lambda p: not p or p["metadata"]["uid"] != uid, 10)
        # The StatefulSet makes a new Pod, which nothing can take.
        waiting = await api.wait_for(POD, home, "ako-0", lambda p: p is not None, 10)
        assert waiting is not None
        assert "nodeName" not in waiting["spec"]


async def test_a_dead_ako_writes_nothing_more(kubeconfig: str, api: KubeApi, home: str) -> None:
    async with running(kubeconfig, "n1", options=KubeletOptions(ako_seconds=0.5)) as kubelet:
        await install(api, home)
        await api.wait_for(POD, home, "ako-0", ready, 10)
        await set_delete(api, home, "true")
        await answer(api, home, "Started")
        await kubelet.lose_node("n1")
        with pytest.raises(TimeoutError):
            await answer(api, home, "Done", deadline=1.5)
        # Node and Pod are left behind as the control plane leaves them.
        await api.wait_for(POD, home, "ako-0", lambda p: p is not None and not ready(p), 10)
        await api.wait_for("v1/Node", None, "n1", lambda n: n is not None and not ready(n), 10)
        await api.delete(POD, home, "ako-0", grace_seconds=30)
        pod = await api.get(POD, home, "ako-0")
        assert "deletionTimestamp" in pod["metadata"]
