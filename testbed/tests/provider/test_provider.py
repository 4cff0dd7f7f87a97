"""The real Cluster API manager on the fake provider."""

import asyncio
import base64
import collections.abc
import contextlib
import typing

import aiohttp
import pytest
from akoo_testbed import running
from akoo_testbed.kubeapi import KubeApi, Object
from akoo_testbed.kubelet import FakeKubelet
from akoo_testbed.provider import DELETE_SECONDS_ANNOTATION, manifests, world
from akoo_testbed.provider.world import CLUSTER, FAKE_CLUSTER, FAKE_CONTROL_PLANE, FAKE_MACHINE

NODE = "v1/Node"
DEPLOYMENT = "cluster.x-k8s.io/v1beta2/MachineDeployment"


@pytest.fixture
async def api(bed: running.RunningBed) -> collections.abc.AsyncIterator[KubeApi]:
    """The management cluster."""
    async with KubeApi(bed.kubeconfig) as client:
        yield client


async def create(api: KubeApi, objects: collections.abc.Iterable[Object]) -> None:
    for obj in objects:
        await api.create(obj)


async def kubeconfig_of(api: KubeApi, namespace: str, name: str) -> str:
    secret = await api.get(world.SECRET, namespace, f"{name}-kubeconfig")
    return base64.b64decode(secret["data"]["value"]).decode()


def holds(condition: str) -> collections.abc.Callable[[Object | None], bool]:
    def matches(obj: Object | None) -> bool:
        conditions = (obj or {}).get("status", {}).get("conditions", ())
        return any(c["type"] == condition and c["status"] == "True" for c in conditions)

    return matches


def is_gone(obj: Object | None) -> bool:
    return obj is None


@contextlib.asynccontextmanager
async def timeline(
    api: KubeApi, namespace: str, *kinds: str
) -> collections.abc.AsyncGenerator[list[tuple[str, str, str, float]], None]:
    """The events of objects of these kinds: (kind, name, DELETING or GONE, time)."""
    story: list[tuple[str, str, str, float]] = []
    clock = asyncio.get_running_loop().time

    async def follow(kind: str, listed: asyncio.Event) -> None:
        deleting: set[str] = set()
        async with contextlib.aclosing(api.watch(kind, namespace)) as events:
            async for event in events:
                if event.type == "SYNCED":
                    listed.set()
                    continue
                name, short = event.object["metadata"]["name"], kind.rpartition("/")[2]
                if event.type == "DELETED":
                    story.append((short, name, "GONE", clock()))
                elif world.is_deleting(event.object) and name not in deleting:
                    deleting.add(name)
                    story.append((short, name, "DELETING", clock()))

    listed = [asyncio.Event() for _ in kinds]
    tasks = [asyncio.create_task(follow(*each)) for each in zip(kinds, listed, strict=True)]
    try:
        await asyncio.gather(*(event.wait() for event in listed))
        yield story
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def when(story: list[tuple[str, str, str, float]], kind: str, event: str) -> list[float]:
    return [time for a_kind, _, a_what, time in story if (a_kind, a_what) == (kind, event)]


async def test_a_cluster_becomes_available_and_leaves_in_order(
    bed: running.RunningBed, api: KubeApi, namespace: str
) -> None:
    made = manifests.cluster(
        namespace, "shop", workers=2, control_plane_machines=1, machine_delete_seconds=0.6
    )
    await create(api, made)
    cluster = await api.wait_for(CLUSTER, namespace, "shop", holds("Available"), 30)
    assert cluster is not None
    assert cluster["status"]["phase"] == "Provisioned"
    machines = await api.list(world.MACHINE, namespace)
    assert len(machines) == 3
    kubeconfig = await kubeconfig_of(api, namespace, "shop")
    async with KubeApi(kubeconfig) as workload:
        nodes = await workload.list(NODE)
        assert {n["metadata"]["name"] for n in nodes} == {
            m["status"]["nodeRef"]["name"] for m in machines
        }
        assert all(holds("Ready")(node) for node in nodes)
        kinds = (CLUSTER, world.MACHINE, FAKE_MACHINE, FAKE_CONTROL_PLANE, FAKE_CLUSTER)
        async with timeline(api, namespace, *kinds) as story:
            await api.delete(CLUSTER, namespace, "shop")
            await api.wait_for(CLUSTER, namespace, "shop", is_gone, 60)
        with pytest.raises(aiohttp.ClientConnectionError):
            await workload.list(NODE)
    begun, ended = when(story, "FakeMachine", "DELETING"), when(story, "FakeMachine", "GONE")
    assert len(begun) == len(ended) == 3
    # The workers told their time; the control plane's Machine was told none.
    assert ended[1] - begun[1] >= 0.5
    (control_plane,) = when(story, "FakeControlPlane", "GONE")
    (infrastructure,) = when(story, "FakeCluster", "GONE")
    assert max(when(story, "Machine", "GONE")) <= control_plane <= infrastructure
    await api.wait_for(world.SECRET, namespace, "shop-kubeconfig", is_gone, 30)


async def test_the_api_goes_with_its_control_plane(
    bed: running.RunningBed, api: KubeApi, namespace: str
) -> None:
    await create(api, manifests.cluster(namespace, "shop", workers=0))
    await api.wait_for(CLUSTER, namespace, "shop", holds("Available"), 30)
    # A finalizer like ours-to-be keeps the shell of the Cluster; everything else goes.
    finalizers = (await api.get(CLUSTER, namespace, "shop"))["metadata"]["finalizers"]
    body = {"metadata": {"finalizers": [*finalizers, "example.com/keep"]}}
    await api.patch(CLUSTER, namespace, "shop", body)
    async with KubeApi(await kubeconfig_of(api, namespace, "shop")) as workload:
        await workload.list(NODE)
        await api.delete(CLUSTER, namespace, "shop")
        await api.wait_for(FAKE_CONTROL_PLANE, namespace, "shop", is_gone, 30)
        with pytest.raises(aiohttp.ClientConnectionError):
            await workload.list(NODE)
    await api.wait_for(FAKE_CLUSTER, namespace, "shop", is_gone, 30)
    await api.wait_for(world.SECRET, namespace, "shop-kubeconfig", is_gone, 30)
    await api.patch(CLUSTER, namespace, "shop", {"metadata": {"finalizers": None}})
    await api.wait_for(CLUSTER, namespace, "shop", is_gone, 30)


async def test_pause_stops_a_deletion_half_way(
    bed: running.RunningBed, api: KubeApi, namespace: str
) -> None:
    await create(api, manifests.cluster(namespace, "shop", machine_delete_seconds=1.0))
    await api.wait_for(CLUSTER, namespace, "shop", holds("Available"), 30)
    (machine,) = await api.list(FAKE_MACHINE, namespace)
    name = machine["metadata"]["name"]
    await api.delete(CLUSTER, namespace, "shop")

    def is_going(obj: Object | None) -> bool:
        return "startedAt" in (obj or {}).get("status", {}).get("deletion", {})

    await api.wait_for(FAKE_MACHINE, namespace, name, is_going, 30)
    await api.patch(CLUSTER, namespace, "shop", {"spec": {"paused": True}})
    with pytest.raises(TimeoutError):
        await api.wait_for(FAKE_MACHINE, namespace, name, is_gone, 2.0)
    await api.patch(CLUSTER, namespace, "shop", {"spec": {"paused": None}})
    await api.wait_for(CLUSTER, namespace, "shop", is_gone, 30)


async def test_a_restarted_provider_goes_on(
    bed: running.RunningBed, api: KubeApi, namespace: str
) -> None:
    provider = bed.bed.provider
    await create(api, manifests.cluster(namespace, "shop"))
    await api.wait_for(CLUSTER, namespace, "shop", holds("Available"), 30)
    await bed.call(provider.stop())
    body = {"metadata": {"annotations": {DELETE_SECONDS_ANNOTATION: "0.3"}}}
    await api.patch(FAKE_CONTROL_PLANE, namespace, "shop", body)
    await api.delete(CLUSTER, namespace, "shop")
    (machine,) = await api.list(FAKE_MACHINE, namespace)
    name = machine["metadata"]["name"]
    await api.wait_for(
        FAKE_MACHINE, namespace, name, lambda obj: obj is not None and world.is_deleting(obj), 30
    )
    kubeconfig = await kubeconfig_of(api, namespace, "shop")
    await bed.call(provider.start())
    await api.wait_for(CLUSTER, namespace, "shop", is_gone, 30)
    async with KubeApi(kubeconfig) as workload:
        with pytest.raises(aiohttp.ClientConnectionError):
            await workload.list(NODE)


async def test_a_scale_down_takes_the_node_and_its_pods(
    bed: running.RunningBed, api: KubeApi, namespace: str
) -> None:
    await create(api, manifests.cluster(namespace, "shop", workers=1))
    await api.wait_for(CLUSTER, namespace, "shop", holds("Available"), 30)
    async with KubeApi(await kubeconfig_of(api, namespace, "shop")) as workload:
        await workload.wait_for(
            "v1/ServiceAccount", "default", "default", lambda obj: obj is not None, 15
        )
        container = {"name": "c", "image": "registry.example.com/c:1"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "default"},
            "spec": {"containers": [container]},
        }
        await workload.create(pod)
        await workload.wait_for("v1/Pod", "default", "p", holds("Ready"), 10)
        await api.patch(DEPLOYMENT, namespace, "shop-workers", {"spec": {"replicas": 0}})
        await workload.wait_for("v1/Pod", "default", "p", is_gone, 30)
        (node,) = [n["metadata"]["name"] for n in await workload.list(NODE)] or [""]
        await workload.wait_for(NODE, None, node or "none", is_gone, 30)
    await bed.call(bed.bed.delete_cluster(namespace, "shop"))


async def test_a_machine_pool_has_nodes(
    bed: running.RunningBed, api: KubeApi, namespace: str
) -> None:
    objects = manifests.cluster(namespace, "shop", workers=0)
    objects += manifests.machine_pool(namespace, "shop", 2)
    await create(api, objects)
    pool = await api.wait_for(
        world.MACHINE_POOL,
        namespace,
        "shop-pool",
        lambda obj: obj is not None and len(obj.get("status", {}).get("nodeRefs", ())) == 2,
        30,
    )
    assert pool is not None
    names = {reference["name"] for reference in pool["status"]["nodeRefs"]}
    assert names == {"shop-pool-0", "shop-pool-1"}
    await bed.call(bed.bed.delete_cluster(namespace, "shop"))


async def test_a_namespace_takes_all_along_and_no_secret_comes_back(
    bed: running.RunningBed, api: KubeApi, namespace: str
) -> None:
    await create(api, manifests.cluster(namespace, "shop"))
    await api.wait_for(CLUSTER, namespace, "shop", holds("Available"), 30)
    async with KubeApi(await kubeconfig_of(api, namespace, "shop")) as workload:
        await api.delete(world.NAMESPACE, None, namespace)
        await api.wait_for(world.NAMESPACE, None, namespace, is_gone, 60)
        with pytest.raises(aiohttp.ClientConnectionError):
            await workload.list(NODE)


async def test_ako_is_lost_with_the_machine_it_runs_on(
    bed: running.RunningBed, api: KubeApi, namespace: str
) -> None:
    await create(api, manifests.cluster(namespace, "shop", machine_delete_seconds=0.2))
    await api.wait_for(CLUSTER, namespace, "shop", holds("Available"), 30)
    (machine,) = await api.list(FAKE_MACHINE, namespace)
    name = machine["metadata"]["name"]
    kubelet = bed.bed.provider.kubelet(namespace, "shop")
    assert isinstance(kubelet, FakeKubelet)
    # Held by a finalizer on the Machine's infrastructure owner, the control plane stays.
    body: dict[str, typing.Any] = {
        "metadata": {"finalizers": ["example.com/keep", world.FINALIZER]}
    }
    await api.patch(FAKE_MACHINE, namespace, name, body)
    async with KubeApi(await kubeconfig_of(api, namespace, "shop")) as workload:
        await api.delete(CLUSTER, namespace, "shop")
        await workload.wait_for(NODE, None, name, lambda n: n is not None and not holds("Ready")(n))
        await api.patch(FAKE_MACHINE, namespace, name, {"metadata": {"finalizers": None}})
    await api.wait_for(CLUSTER, namespace, "shop", is_gone, 30)
