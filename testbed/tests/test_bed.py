"""The real parts together: what a test of an operator relies on."""

import asyncio
import base64

import aiohttp
import pytest
from akoo_testbed import definitions, errors, kubeapi, parts, running
from akoo_testbed.workload import listener, workloads

SECRET = "v1/Secret"
DEFINED = "infrastructure.cluster.x-k8s.io/v1"


async def uid(api: kubeapi.KubeApi) -> str:
    """The identity of a cluster."""
    namespace = await api.get("v1/Namespace", None, "kube-system")
    return str(namespace["metadata"]["uid"])


async def test_a_cluster_lives_and_dies_with_an_api_of_its_own(
    bed: running.RunningBed, namespace: str
) -> None:
    whole = bed.bed
    await bed.call(whole.new_cluster(namespace, "shop", workers=1, labels={"a": "b"}))
    await bed.call(whole.available(namespace, "shop"))
    async with kubeapi.KubeApi(bed.kubeconfig) as management:
        secret = await management.get(SECRET, namespace, "shop-kubeconfig")
        workload = kubeapi.KubeApi(_decoded(secret["data"]["value"]))
        async with workload:
            nodes = await workload.list("v1/Node")
            assert len(nodes) == 1
            assert await uid(workload) != await uid(management)
            await bed.call(whole.delete_cluster(namespace, "shop"))
            with pytest.raises(kubeapi.HICCUPS):
                await uid(workload)
        assert await management.find(SECRET, namespace, "shop-kubeconfig") is None


async def test_the_next_taker_of_a_server_finds_it_empty(bed: running.RunningBed) -> None:
    pool = bed.bed.workloads
    first = await bed.call(pool.open("test", "first"))
    server = pool.server("test", "first").server
    process = server.pid
    async with kubeapi.KubeApi(first.kubeconfig) as api:
        await _leave_things(api)
        before = await uid(api)
    await bed.call(pool.close("test", "first"))
    second = await _opened_at(bed, server)
    async with kubeapi.KubeApi(second.kubeconfig) as api:
        assert await uid(api) != before
        assert await api.find("v1/Namespace", None, "left") is None
        assert await api.list("apiextensions.k8s.io/v1/CustomResourceDefinition") == []
        with pytest.raises(kubeapi.ApiError, match="404"):
            await api.list(f"{DEFINED}/FakeMachine")
        roles = await api.list("rbac.authorization.k8s.io/v1/ClusterRole")
        assert "view" in {role["metadata"]["name"] for role in roles}, "what was deleted is back"
        await _leave_things(api)  # And the same can be made once more.
    assert server.pid == process, "it was emptied, not started anew"
    await bed.call(pool.close("test", "second"))


async def test_a_server_that_cannot_be_emptied_is_started_anew(bed: running.RunningBed) -> None:
    pool = bed.bed.workloads
    first = await bed.call(pool.open("test", "first"))
    server = pool.server("test", "first").server
    async with kubeapi.KubeApi(first.kubeconfig) as api:
        await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "left"}})
    await bed.call(server.stop())
    await bed.call(pool.close("test", "first"))
    second = await _opened_at(bed, server)
    async with kubeapi.KubeApi(second.kubeconfig) as api:
        assert await api.find("v1/Namespace", None, "left") is None
    await bed.call(pool.close("test", "second"))


async def _opened_at(bed: running.RunningBed, server: parts.ApiServer) -> workloads.WorkloadApi:
    """Cluster test/second, on that server: others of the pool are opened and closed again."""
    pool = bed.bed.workloads
    others = 0
    while True:
        opened = await bed.call(pool.open("test", "second"))
        if pool.server("test", "second").server is server:
            return opened
        await bed.call(pool.close("test", "second"))
        others += 1
        assert others < 20, "the server never came back"


async def _leave_things(api: kubeapi.KubeApi) -> None:
    """Things of all kinds: held by finalizers, defined by others, taken away."""
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "left"}})
    held = {"name": "held", "namespace": "left", "finalizers": ["example.org/for-ever"]}
    await api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    await definitions.install(api, definitions.FOLDER)
    machine = {"name": "held", "namespace": "left", "finalizers": ["example.org/for-ever"]}
    await api.create({"apiVersion": DEFINED, "kind": "FakeMachine", "metadata": machine})
    await api.delete("rbac.authorization.k8s.io/v1/ClusterRole", None, "view")


async def test_faults_of_a_listener_reach_the_client(bed: running.RunningBed) -> None:
    pool = bed.bed.workloads
    opened = await bed.call(pool.open("test", "faults"))
    front = pool.listener("test", "faults")
    async with kubeapi.KubeApi(opened.kubeconfig) as api:
        known = await uid(api)
        await bed.call(front.set_fault(listener.Fault.HANG))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(uid(api), 0.3)
        await bed.call(front.set_fault(listener.Fault.REFUSE))
        with pytest.raises(kubeapi.HICCUPS):
            await uid(api)
        await bed.call(front.set_fault(listener.Fault.NONE))
        assert await uid(api) == known
    await bed.call(pool.close("test", "faults"))


async def test_the_manager_can_be_stopped_and_started_again(
    bed: running.RunningBed, namespace: str
) -> None:
    whole = bed.bed
    await bed.call(whole.cluster_api.stop())
    await bed.call(whole.new_cluster(namespace, "late", workers=0))
    await bed.call(whole.cluster_api.start())
    await bed.call(whole.cluster_api.ready())
    await bed.call(whole.available(namespace, "late"))
    await bed.call(whole.delete_cluster(namespace, "late"))


async def test_crds_that_come_later_are_established(bed: running.RunningBed) -> None:
    async with kubeapi.KubeApi(bed.kubeconfig) as api:
        await definitions.install(api, definitions.FOLDER)  # again: nothing happens
        assert await api.list("infrastructure.cluster.x-k8s.io/v1/FakeMachine") == []


async def test_a_bare_server_knows_users_and_rbac(apiserver: running.RunningServer) -> None:
    async with (
        kubeapi.KubeApi(apiserver.kubeconfig) as admin,
        kubeapi.KubeApi(apiserver.client_kubeconfig("alice", ["devs"])) as alice,
    ):
        assert len(await admin.list("v1/Namespace")) >= 4
        with pytest.raises(kubeapi.ApiError, match='User "alice" cannot list resource'):
            await alice.list("v1/Namespace")


async def test_a_compacted_store_does_not_know_what_was_before(
    apiserver: running.RunningServer,
) -> None:
    etcd = apiserver.bare.etcd
    then = await apiserver.call(etcd.compact())
    async with kubeapi.KubeApi(apiserver.kubeconfig) as api:
        await api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "later"}})
    assert await _asked_at(etcd, then) == 200
    assert await apiserver.call(etcd.compact()) > then
    assert await _asked_at(etcd, then) == 400


async def _asked_at(etcd: parts.Etcd, revision: int) -> int:
    """The status of a question to the store as it was at that revision."""
    question = {"key": base64.b64encode(b"a").decode(), "revision": str(revision)}
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.post(f"{etcd.url}/v3/kv/range", json=question) as answer,
    ):
        return answer.status


def test_a_part_that_ends_says_so_with_its_log(apiserver: running.RunningServer) -> None:
    """And sync tests can use the bed, too."""
    bare = apiserver.bare
    broken = parts.ApiServer(bare.base, bare.etcd, "broken", arguments=["--no-such-flag"])

    async def start() -> None:
        await broken.start()
        await broken.ready()

    with pytest.raises(errors.PartError) as raised:
        apiserver.run(start())
    message = str(raised.value)
    assert "kube-apiserver-broken ended with status 1 before it was ready; the end of /" in message
    assert "unknown flag: --no-such-flag" in message


def _decoded(value: str) -> str:
    return base64.b64decode(value).decode()
