"""One controller of a plugin at work, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from akoo_core import external
from akoo_core.kube import client
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.plugin_host import context, controller_runner, controllers
from akoo_core.reconcile.read import secret_reader
from akoo_core.testing import calls, virtual_time
from akoo_core.testing.memory import MemoryServer


class Demo(api.Plugin):
    name = "demo"


def config_map(name: str) -> client.Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
    }


class ControllerWorld:
    """A controller of ConfigMaps, and the keys that it reconciled."""

    def __init__(
        self,
        clock: virtual_time.LoopClock,
        followers: Sequence[api.Source] = (),
        *,
        optional: tuple[Resource, ...] = (),
    ) -> None:
        self.clock = clock
        self.server = MemoryServer()
        self.seam: external.External = external.External()
        self.seen: list[str] = []
        self.stop = asyncio.Event()
        self._sources = tuple(followers)
        self._optional = optional
        self.check = True

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        self.seen.append(request.key)
        return api.Done()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        reader = secret_reader.ManagementSecretReader(
            self.server.client(external=self.seam), allowed_namespaces=["ops"]
        )
        threads = calls.InlineThreads()
        means = context.Means(
            clock=self.clock,
            external=self.seam,
            secrets=reader.once,
            threads=lambda _: threads,
            management_id="mgmt",
        )
        registration = api.ControllerRegistration(
            name="maps",
            watches=(resources.CONFIG_MAPS,),
            keys=lambda _, obj: (obj["metadata"]["name"],),
            reconcile=self.reconcile,
            sources=self._sources,
            optional=self._optional,
        )
        task = asyncio.create_task(
            controller_runner.run_controller(
                controllers.Controller(Demo(), registration),
                client=self.server.client(),
                means=means,
                stop=self.stop,
            )
        )
        try:
            yield task
        finally:
            self.stop.set()
            await asyncio.gather(task, return_exceptions=True)
        if self.check and not task.cancelled():
            await task
