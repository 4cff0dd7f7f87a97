"""Our CRDs on a real API server, and a client that only asks what would happen."""

from __future__ import annotations

import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_testbed import definitions, kubeapi, running

from akoo_core.objects import names

DEPLOY = pathlib.Path(__file__).parents[3] / "deploy"

Object = dict[str, Any]

MOVED = names.DELETE_FOR_MOVE_ANNOTATION
CONFIRMED = names.CONFIRM_REMOVAL_ANNOTATION


@pytest.fixture(scope="session")
def crds(apiserver: running.RunningServer) -> running.RunningServer:
    """The bare API server with deploy/crds installed."""

    async def install() -> None:
        async with kubeapi.KubeApi(apiserver.kubeconfig) as client:
            await definitions.install(client, DEPLOY / "crds")

    apiserver.run(install())
    return apiserver


class Server:
    """One API server: writes that leave nothing behind."""

    def __init__(self, api: kubeapi.KubeApi) -> None:
        self.api = api
        self._made: list[Object] = []

    async def try_create(self, obj: Object) -> Object:
        """The object that the server would store. Raises ApiError where it refuses."""
        path = await self.api.path(kubeapi.kind_of(obj), obj["metadata"].get("namespace"))
        return await self.api.request("POST", path, obj, params={"dryRun": "All"})

    async def try_replace(self, obj: Object) -> Object:
        """The object that the server would store in place of the one of that name."""
        metadata = obj["metadata"]
        path = await self.api.path(
            kubeapi.kind_of(obj), metadata.get("namespace"), metadata["name"]
        )
        return await self.api.request("PUT", path, obj, params={"dryRun": "All"})

    async def create(self, obj: Object) -> Object:
        """Store it until the test ends."""
        stored = await self.api.create(obj)
        self._made.append(stored)
        return stored

    async def try_delete(self, obj: Object) -> None:
        """Ask to delete it. Raises ApiError where the server refuses."""
        metadata = obj["metadata"]
        path = await self.api.path(
            kubeapi.kind_of(obj), metadata.get("namespace"), metadata["name"]
        )
        await self.api.request("DELETE", path, params={"dryRun": "All"})

    async def remove_all(self) -> None:
        """Delete what create stored, whatever holds it."""
        for obj in self._made:
            kind, metadata = kubeapi.kind_of(obj), obj["metadata"]
            namespace, name = metadata.get("namespace"), metadata["name"]
            if await self.api.find(kind, namespace, name):
                free = {"finalizers": None, "annotations": {MOVED: "", CONFIRMED: ""}}
                await self.api.patch(kind, namespace, name, {"metadata": free})
                await self.api.delete(kind, namespace, name)


@pytest.fixture
async def server(crds: running.RunningServer) -> AsyncIterator[Server]:
    async with kubeapi.KubeApi(crds.kubeconfig) as client:
        server = Server(client)
        yield server
        await server.remove_all()
