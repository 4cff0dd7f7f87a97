"""One process of the operator on API servers in memory: the real watches, queues, workers and
reconcilers, on whatever clock and seam of external calls a test gives it.

In virtual time a whole life of a cluster takes milliseconds. The process ends as a real one does:
when it is cancelled (killed), when ``stop`` is set, or when it loses its lease.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from akoo_core.app import assembly
from akoo_core.app.parts import Parts, Workloads
from akoo_core.app.world import CachedWorld
from akoo_core.clock import Clock
from akoo_core.election import lease
from akoo_core.election.timing import Timing
from akoo_core.external import External
from akoo_core.kube import errors, workloads
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.plugin import api
from akoo_core.plugin_host import controllers, registry
from akoo_core.settings import Settings
from akoo_core.testing import calls
from akoo_core.testing.memory.server import MemoryServer

GRACE_SECONDS = 2.0
RETRY_SECONDS = 1.0
LEASE = ("akoo-system", "akoo-core")


class MemoryOperator:
    """One process. ``plugins`` are the instances of this process, named and in order.

    ``external`` is its seam; with ``elector`` (made by :func:`elector`) it leads before it works,
    and the guard of the seam should be the elector's. ``clients`` are its workload clusters.
    """

    def __init__(
        self,
        plugins: Sequence[api.Plugin],
        management: MemoryServer,
        clients: Workloads,
        *,
        external: External,
        clock: Clock,
        elector: lease.Elector | None = None,
        settings: Settings | None = None,
        identity: str = "operator",
    ) -> None:
        self._plugins = registry.PluginSet(plugins)
        self._client = management.client(external=external)
        self._clients = clients
        self._external = external
        self._clock = clock
        self._elector = elector
        self._settings = settings or Settings()
        self._identity = identity
        # Real threads would not be waited for: virtual time jumps to the call's deadline.
        self._threads = calls.InlineThreads()
        self.stop = asyncio.Event()
        self.parts: Parts | None = None
        """The working parts, once the caches were filled for the first time."""

    async def run(self) -> None:
        """Run until ``stop``. Raises LeadershipLostError when the lease was lost."""
        try:
            await self._run()
        finally:
            await self._clients.close()
            await self._plugins.close()

    async def _run(self) -> None:
        client = self._client
        management_id = await _management_id(client)
        world = CachedWorld(
            management_id, resources.CLUSTERS, namespace=self._settings.watch_namespace
        )
        registered = controllers.collect(self._plugins)
        parts = assembly.assemble(
            self._settings,
            self._plugins,
            management=client,
            world=world,
            management_id=management_id,
            external=self._external,
            clock=self._clock,
            identity=self._identity,
            clients=self._clients,
            registered=registered,
            thread_pool=lambda _: self._threads,
        )
        following = parts.watches()

        async def work() -> None:
            await parts.work(registered, client, stop=self.stop, grace_seconds=GRACE_SECONDS)

        async with contextlib.AsyncExitStack() as stopping:
            stopping.push_async_callback(parts.close)
            await stopping.enter_async_context(following.running())
            await following.synced()
            self.parts = parts
            if self._elector is None:
                await work()
            else:
                await self._elector.lead(work)
                await self._elector.release()


async def _management_id(client: KubeClient) -> str:
    """Asked until the API server answers, as at a real start."""
    while True:
        try:
            return await workloads.kube_system_uid(client)
        except (errors.KubeError, TimeoutError):
            await asyncio.sleep(RETRY_SECONDS)


def elector(
    management: MemoryServer,
    external: External,
    clock: Clock,
    identity: str,
    timing: Timing | None = None,
) -> lease.Elector:
    """A candidate for the operator's Lease. ``external`` must not ask the elector's own guard."""
    namespace, name = LEASE
    return lease.Elector(
        management.client(external=external),
        namespace=namespace,
        name=name,
        identity=identity,
        clock=clock,
        timing=timing,
    )
