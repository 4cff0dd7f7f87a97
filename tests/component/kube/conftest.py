"""The same API, twice: in memory, and a real kube-apiserver."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from akoo_core.kube import client
from akoo_core.kube.resource import Resource
from akoo_core.testing import BUILT_IN, MemoryServer

WIDGETS = Resource("contract.akoo.io", "v1", "widgets", "Widget")


@dataclasses.dataclass
class Api:
    """One API server to hold to the contract, and a namespace of the test's own."""

    client: client.KubeClient
    namespace: str
    widgets: Resource
    forget: Callable[[], Awaitable[None]]
    """Make versions from before now too old to be watched."""


@pytest.fixture
async def memory_api() -> AsyncIterator[Api]:
    server = MemoryServer(resources=(*BUILT_IN, WIDGETS), namespaces_must_exist=True)
    kube = server.client()

    async def forget() -> None:
        server.seed({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "later"}})
        server.expire()

    server.seed({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "contract"}})
    yield Api(kube, "contract", WIDGETS, forget)
    await kube.close()
    assert server.watches.open == 0


@pytest.fixture(params=["memory"])
def api(request: pytest.FixtureRequest) -> Api:
    found: Api = request.getfixturevalue(f"{request.param}_api")
    return found
