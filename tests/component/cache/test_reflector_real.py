"""The reflector on a real API server: initial events, expiry, missing rights and kinds."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import pathlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from akoo_testbed import running

from akoo_core import clock, external
from akoo_core.cache import reflector, store
from akoo_core.kube import client, errors, transport
from akoo_core.kube.access import config
from akoo_core.kube.resource import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    NAMESPACES,
    Resource,
)

TRINKETS = Resource("cache.akoo.io", "v1", "trinkets", "Trinket")
ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", False)
BINDINGS = Resource(
    "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", False
)
SECONDS = 20.0
_numbers = itertools.count(1)


class Recording(transport.HttpClient):
    """Counts requests, and can be made to ask for a version that the server has forgotten."""

    lists = 0
    watches = 0
    forget_next = False

    async def list(self, *args: Any, **options: Any) -> client.Page:
        self.lists += 1
        return await super().list(*args, **options)

    def watch(self, *args: Any, **options: Any) -> AsyncGenerator[client.WatchEvent, None]:
        self.watches += 1
        if self.forget_next and not options.get("send_initial_events"):
            self.forget_next = False
            options["resource_version"] = "1"
        return super().watch(*args, **options)


class Follower:
    """A running reflector whose changes can be waited for."""

    def __init__(self, kube: client.KubeClient, resource: Resource, **options: Any) -> None:
        self.changes: asyncio.Queue[store.Change] = asyncio.Queue()
        self.store = store.Store(resource)
        self.reflector = reflector.Reflector(
            kube,
            resource,
            self.store,
            self.changes.put_nowait,
            clock=clock.SystemClock(),
            **options,
        )

    @contextlib.asynccontextmanager
    async def running(self, *, sync: bool = True) -> AsyncIterator[None]:
        task = asyncio.create_task(self.reflector.run())
        try:
            if sync:
                async with asyncio.timeout(SECONDS):
                    await self.reflector.synced.wait()
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def change(self) -> store.Change:
        async with asyncio.timeout(SECONDS):
            return await self.changes.get()

    def error(self) -> Exception | None:
        return self.reflector.last_error


async def _connect(kubeconfig: str, folder: pathlib.Path) -> Recording:
    file = folder / f"{next(_numbers)}.kubeconfig"
    file.write_text(kubeconfig)
    return Recording(await config.endpoint_of(str(file)), external=external.External())


@pytest.fixture
async def kube(
    apiserver: running.RunningServer, tmp_path: pathlib.Path
) -> AsyncIterator[Recording]:
    connected = await _connect(apiserver.kubeconfig, tmp_path)
    yield connected
    await connected.close()


@pytest.fixture
async def namespace(kube: Recording) -> str:
    name = f"cache-{next(_numbers)}"
    await kube.create(
        NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    )
    return name


@pytest.fixture
async def trinkets(kube: Recording) -> Resource:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": TRINKETS.qualified},
        "spec": {
            "group": TRINKETS.group,
            "scope": "Namespaced",
            "names": {"kind": TRINKETS.kind, "plural": TRINKETS.plural},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": True,
                        }
                    },
                }
            ],
        },
    }
    await kube.apply(CUSTOM_RESOURCE_DEFINITIONS, crd)
    return TRINKETS


def _object(resource: Resource, name: str, **more: Any) -> client.Object:
    kind = {"apiVersion": resource.api_version, "kind": resource.kind}
    return {**kind, "metadata": {"name": name}, **more}


@pytest.mark.parametrize("watch_list", [True, False])
async def test_follows_a_real_server(kube: Recording, namespace: str, watch_list: bool) -> None:
    await kube.create(CONFIG_MAPS, _object(CONFIG_MAPS, "a", data={"v": "1"}), namespace)
    follower = Follower(kube, CONFIG_MAPS, namespace=namespace, watch_list=watch_list)
    async with follower.running():
        first = await follower.change()
        assert (first.key.name, first.initial) == ("a", True)
        assert kube.lists == (0 if watch_list else 1), "initial events need no list"

        await kube.merge_patch(CONFIG_MAPS, "a", {"data": {"v": "2"}}, namespace)
        changed = await follower.change()
        assert changed.old is not None
        assert changed.new is not None
        assert (changed.old["data"], changed.new["data"]) == ({"v": "1"}, {"v": "2"})
        assert "managedFields" not in changed.new["metadata"]

        await kube.delete(CONFIG_MAPS, "a", namespace)
        gone = await follower.change()
        assert (gone.new, gone.tombstone) == (None, False)
        assert kube.watches == 1


async def test_a_forgotten_version_costs_no_deletion(
    kube: Recording, namespace: str, trinkets: Resource
) -> None:
    # The cache of a kind begins where the kind was first served: version 1 is really gone.
    follower = Follower(kube, trinkets, namespace=namespace)
    async with follower.running(sync=False):
        async with asyncio.timeout(SECONDS):
            await follower.reflector.synced.wait()  # once the new kind is served
        await kube.create(trinkets, _object(trinkets, "kept"), namespace)
        await kube.create(trinkets, _object(trinkets, "lost"), namespace)
        assert {(await follower.change()).key.name for _ in range(2)} == {"kept", "lost"}

    # A second follower has to open its watch anew, and is told that its version is gone.
    kube.forget_next = True
    second = Follower(kube, trinkets, namespace=namespace, watch_list=False)
    async with second.running():
        assert {(await second.change()).key.name for _ in range(2)} == {"kept", "lost"}
        await kube.delete(trinkets, "lost", namespace)
        gone = await second.change()
        assert (gone.key.name, gone.new) == ("lost", None)
        assert kube.lists >= 2
    assert second.store.get("kept", namespace) is not None
    assert second.store.get("lost", namespace) is None


async def test_what_is_refused_is_said_and_followed_once_it_is_allowed(
    apiserver: running.RunningServer, kube: Recording, namespace: str, tmp_path: pathlib.Path
) -> None:
    user = f"reader-{next(_numbers)}"
    reader = await _connect(apiserver.client_kubeconfig(user, []), tmp_path)
    follower = Follower(reader, CONFIG_MAPS, namespace=namespace)
    async with follower.running(sync=False):
        async with asyncio.timeout(SECONDS):
            while follower.error() is None:  # noqa: ASYNC110 - set without an event, on purpose
                await asyncio.sleep(0.05)
        assert isinstance(follower.error(), errors.ForbiddenError)
        assert not follower.reflector.synced.is_set()
        rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list", "watch"]}
        await kube.create(ROLES, _object(ROLES, user, rules=[rule]))
        role = {"apiGroup": ROLES.group, "kind": "ClusterRole", "name": user}
        subject = {"apiGroup": ROLES.group, "kind": "User", "name": user}
        await kube.create(BINDINGS, _object(BINDINGS, user, roleRef=role, subjects=[subject]))
        async with asyncio.timeout(SECONDS):
            await follower.reflector.synced.wait()
        assert follower.error() is None
    await reader.close()


async def test_only_metadata_where_no_more_is_wanted(kube: Recording, namespace: str) -> None:
    await kube.create(CONFIG_MAPS, _object(CONFIG_MAPS, "a", data={"v": "1"}), namespace)
    follower = Follower(kube, CONFIG_MAPS, namespace=namespace, metadata_only=True)
    async with follower.running():
        kept = follower.store.get("a", namespace)
    assert kept is not None
    assert "data" not in kept
    assert kept["metadata"]["uid"]
