"""Features of the server in memory beyond the contract: faults, history, garbage, determinism."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest

from akoo_core import clock, errors, external
from akoo_core.kube import errors as kube_errors
from akoo_core.kube.resource import CLUSTERS, CONFIG_MAPS, NAMESPACES, SECRETS
from akoo_core.testing import MemoryServer


def config_map(name: str, *owners: str, **extra: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "ns", **extra}
    if owners:
        metadata["ownerReferences"] = [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": uid, "uid": uid} for uid in owners
        ]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


async def story(server: MemoryServer) -> list[dict[str, Any]]:
    kube = server.client()
    await kube.create(CONFIG_MAPS, config_map("a"))
    await kube.apply(CONFIG_MAPS, config_map("b", labels={"x": "y"}))
    await kube.merge_patch(CONFIG_MAPS, "a", {"data": {"k": "v"}}, "ns")
    return server.objects(CONFIG_MAPS)


async def test_every_run_is_the_same() -> None:
    assert await story(MemoryServer()) == await story(MemoryServer())
    other = await story(MemoryServer(name="workload"))
    assert other[0]["metadata"]["uid"] != (await story(MemoryServer()))[0]["metadata"]["uid"]


async def uid_of(server: MemoryServer, name: str) -> str:
    uid: str = (await server.client().get(CONFIG_MAPS, name, "ns"))["metadata"]["uid"]
    return uid


async def test_a_uid_does_not_depend_on_what_else_was_made() -> None:
    server, other = MemoryServer(), MemoryServer()
    for served, made in ((server, "abc"), (other, "ba")):
        for name in made:
            await served.client().create(CONFIG_MAPS, config_map(name))
    uids = [await uid_of(server, name) for name in "abc"]
    assert uids[:2] == [await uid_of(other, name) for name in "ab"]
    assert len(set(uids)) == 3


async def test_what_is_made_again_has_another_uid() -> None:
    server = MemoryServer()
    uids = []
    for _ in range(3):
        await server.client().create(CONFIG_MAPS, config_map("a"))
        uids.append(await uid_of(server, "a"))
        await server.client().delete(CONFIG_MAPS, "a", "ns")
    assert len(set(uids)) == 3


async def test_the_uid_of_a_dry_run_is_never_stored() -> None:
    server = MemoryServer()
    kube = server.client()
    tried = await kube.apply(CONFIG_MAPS, config_map("a"), dry_run=True)
    await kube.apply(CONFIG_MAPS, config_map("a"))
    first, undisturbed = await uid_of(server, "a"), MemoryServer()
    await undisturbed.client().create(CONFIG_MAPS, config_map("a"))
    assert tried["metadata"]["uid"] != first
    assert first == await uid_of(undisturbed, "a")


async def test_time_is_the_clock_s() -> None:
    now = clock.ManualClock()
    server = MemoryServer(clock=now)
    now.advance(3600)
    made = await server.client().create(CONFIG_MAPS, config_map("a"))
    assert made["metadata"]["creationTimestamp"] == "2026-01-01T01:00:00Z"


async def test_answers_are_copies() -> None:
    server = MemoryServer()
    kube = server.client()
    mine = config_map("a")
    made = await kube.create(CONFIG_MAPS, mine)
    made["data"] = {"changed": "here"}
    mine["metadata"]["labels"] = {"changed": "too"}
    page = await kube.list(CONFIG_MAPS, "ns")
    page.items[0]["data"] = {}
    assert "data" not in await kube.get(CONFIG_MAPS, "a", "ns")


async def test_faults_before_and_after() -> None:
    server = MemoryServer()
    kube = server.client()
    lost = kube_errors.UnreachableError("lost")
    server.faults.before("create configmaps", lost, subject="ns/a", nth=2)
    await kube.create(CONFIG_MAPS, config_map("a"))
    await kube.delete(CONFIG_MAPS, "a", "ns")
    with pytest.raises(kube_errors.UnreachableError):
        await kube.create(CONFIG_MAPS, config_map("a"))
    assert server.objects(CONFIG_MAPS) == []
    server.faults.after("* configmaps", lost, times=2)
    for _ in range(2):
        with pytest.raises(kube_errors.UnreachableError):
            await kube.apply(CONFIG_MAPS, config_map("a"))
    assert len(server.objects(CONFIG_MAPS)) == 1, "it took effect, only the answer was lost"
    await kube.get(CONFIG_MAPS, "a", "ns")
    server.faults.before("get *", lost, times=100)
    server.faults.clear()
    await kube.get(CONFIG_MAPS, "a", "ns")


async def test_a_crash_passes_through_the_seam() -> None:
    class Crash(errors.ProcessEnd):
        pass

    class CrashAfter:
        def before(self, site: str, *, write: bool) -> None:
            pass

        def after(self, site: str, *, write: bool) -> None:
            if site == "kubernetes create configmaps":
                raise Crash

    server = MemoryServer()
    kube = server.client(external=external.External(interceptor=CrashAfter()))
    with pytest.raises(Crash):
        await kube.create(CONFIG_MAPS, config_map("a"))
    assert len(server.objects(CONFIG_MAPS)) == 1


async def test_writes_ask_the_guard() -> None:
    class Lost:
        def check(self) -> None:
            raise errors.LeadershipLostError("lost")

    kube = MemoryServer().client(external=external.External(guard=Lost()))
    await kube.list(CONFIG_MAPS)
    with pytest.raises(errors.LeadershipLostError):
        await kube.create(CONFIG_MAPS, config_map("a"))


async def test_denied_verbs() -> None:
    server = MemoryServer()
    server.served.deny("list", "clusters.cluster.x-k8s.io")
    with pytest.raises(kube_errors.ForbiddenError, match="lacks list on clusters"):
        await server.client().list(CLUSTERS)
    server.served.allow("list", "clusters.cluster.x-k8s.io")
    await server.client().list(CLUSTERS)


async def test_a_closed_client_is_not_used() -> None:
    kube = MemoryServer().client()
    await kube.close()
    await kube.close()
    with pytest.raises(RuntimeError, match="closed"):
        await kube.get(SECRETS, "s", "ns")


# Watches.


async def test_bookmarks_ends_and_breaks() -> None:
    server = MemoryServer()
    kube = server.client()

    async def read() -> list[str]:
        async with contextlib.aclosing(kube.watch(CONFIG_MAPS, resource_version="2")) as events:
            return [event.type async for event in events]

    first = asyncio.create_task(read())
    await _opened(server)
    await kube.create(CONFIG_MAPS, config_map("a"))
    server.watches.bookmark()
    server.watches.end()
    assert await first == ["ADDED", "BOOKMARK"]
    second = asyncio.create_task(read())
    await _opened(server)
    server.watches.end(kube_errors.UnreachableError("reset"))
    with pytest.raises(kube_errors.UnreachableError):
        await second
    assert server.watches.open == 0


async def _opened(server: MemoryServer) -> None:
    async with asyncio.timeout(5):
        while not server.watches.open:  # noqa: ASYNC110 nothing to wait for but other tasks
            await asyncio.sleep(0)


async def test_a_watcher_that_lies_behind_is_gone() -> None:
    server = MemoryServer(history_limit=3)
    kube = server.client()
    async with contextlib.aclosing(kube.watch(CONFIG_MAPS, send_initial_events=True)) as events:
        assert (await anext(events)).type == "BOOKMARK"
        for name in "abc":
            await kube.create(CONFIG_MAPS, config_map(name))
        assert [(await anext(events)).type for _ in range(3)] == ["ADDED"] * 3
        for name in "defg":
            await kube.create(CONFIG_MAPS, config_map(name))
        with pytest.raises(kube_errors.GoneError):
            await anext(events)


async def test_list_tokens_expire_with_the_history() -> None:
    server = MemoryServer()
    kube = server.client()
    for name in "abc":
        await kube.create(CONFIG_MAPS, config_map(name))
    first = await kube.list(CONFIG_MAPS, limit=2)
    await kube.create(CONFIG_MAPS, config_map("d"))
    server.expire()
    with pytest.raises(kube_errors.GoneError):
        await kube.list(CONFIG_MAPS, limit=2, token=first.token)


async def test_pages_can_be_made_small() -> None:
    server = MemoryServer()
    server.list_limit = 1
    page = await server.client().list(NAMESPACES)
    assert len(page.items) == 1
    assert page.token


# Garbage collection.


async def chain(server: MemoryServer, **of_owner: Any) -> tuple[Any, str]:
    kube = server.client()
    owner = await kube.create(CONFIG_MAPS, config_map("owner", **of_owner))
    uid = owner["metadata"]["uid"]
    child = await kube.create(CONFIG_MAPS, config_map("child", uid))
    await kube.create(CONFIG_MAPS, config_map("grandchild", child["metadata"]["uid"]))
    await kube.create(CONFIG_MAPS, config_map("shared", uid, "somebody-else"))
    return kube, uid


def names(server: MemoryServer) -> list[str]:
    return [obj["metadata"]["name"] for obj in server.objects(CONFIG_MAPS)]


async def test_collection_is_off_by_default() -> None:
    server = MemoryServer()
    kube, _ = await chain(server)
    await kube.delete(CONFIG_MAPS, "owner", "ns")
    assert names(server) == ["child", "grandchild", "shared"]


async def test_background() -> None:
    server = MemoryServer(garbage_collection=True)
    kube = server.client()
    other = await kube.create(CONFIG_MAPS, config_map("other"))
    owner = await kube.create(CONFIG_MAPS, config_map("owner"))
    uids = owner["metadata"]["uid"], other["metadata"]["uid"]
    child = await kube.create(CONFIG_MAPS, config_map("child", uids[0]))
    await kube.create(CONFIG_MAPS, config_map("grandchild", child["metadata"]["uid"]))
    await kube.create(CONFIG_MAPS, config_map("shared", *uids))
    await kube.delete(CONFIG_MAPS, "owner", "ns")
    assert names(server) == ["other", "shared"]
    await kube.delete(CONFIG_MAPS, "other", "ns")
    assert names(server) == []


async def test_orphan() -> None:
    server = MemoryServer(garbage_collection=True)
    kube = server.client()
    owner = await kube.create(CONFIG_MAPS, config_map("owner"))
    await kube.create(CONFIG_MAPS, config_map("child", owner["metadata"]["uid"]))
    await kube.delete(CONFIG_MAPS, "owner", "ns", propagation="Orphan")
    (child,) = server.objects(CONFIG_MAPS)
    assert not child["metadata"].get("ownerReferences")


async def test_foreground_waits_for_children_that_block() -> None:
    server = MemoryServer(garbage_collection=True)
    kube = server.client()
    owner = await kube.create(CONFIG_MAPS, config_map("owner"))
    child = config_map("child", owner["metadata"]["uid"], finalizers=["akoo.io/x"])
    child["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = True
    await kube.create(CONFIG_MAPS, child)
    await kube.delete(CONFIG_MAPS, "owner", "ns", propagation="Foreground")
    assert names(server) == ["child", "owner"]
    assert "deletionTimestamp" in server.objects(CONFIG_MAPS)[0]["metadata"]
    await kube.merge_patch(CONFIG_MAPS, "child", {"metadata": {"finalizers": None}}, "ns")
    assert names(server) == []


async def test_seed_keeps_status() -> None:
    server = MemoryServer()
    server.seed(
        {
            "apiVersion": CLUSTERS.api_version,
            "kind": "Cluster",
            "metadata": {"name": "shop", "namespace": "ns"},
            "status": {"phase": "Provisioned"},
        }
    )
    cluster = await server.client().get(CLUSTERS, "shop", "ns")
    assert cluster["status"] == {"phase": "Provisioned"}
    with pytest.raises(LookupError, match="is not served"):
        server.seed({"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "x"}})


async def test_both_versions_of_a_kind_are_the_same_object() -> None:
    server = MemoryServer()
    older = CLUSTERS._replace(version="v1beta1")
    server.served.serve(older)
    kube = server.client()
    obj = {"metadata": {"name": "shop", "namespace": "ns"}}
    made = await kube.create(CLUSTERS, obj)
    assert made["apiVersion"] == "cluster.x-k8s.io/v1beta2"
    assert (await kube.get(older, "shop", "ns"))["apiVersion"] == "cluster.x-k8s.io/v1beta1"
    json.dumps(made)
