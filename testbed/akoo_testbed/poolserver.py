"""One server of the workload pool: a kube-apiserver and its controller manager."""

import asyncio
import contextlib
import itertools

import aiohttp

from akoo_testbed import parts, site


class PoolServer:
    """Starts under one etcd prefix, and after each restart under the next."""

    def __init__(self, ground: site.Site, store: parts.Etcd, number: int) -> None:
        self._store = store
        self._name = f"workload-{number}"
        self._generation = itertools.count(1)
        self.server = parts.ApiServer(ground, store, self._name, prefix=self._next_prefix())
        self.manager = parts.ControllerManager(ground, self.server)

    async def start(self) -> None:
        """Start both; returns when both are ready. Raises PartError."""
        await self.server.start()
        await self.server.ready()
        await self.manager.start()
        await self.manager.ready()

    async def restart_empty(self) -> None:
        """Forget everything: new processes on a new prefix. Raises PartError."""
        await self.stop()
        used, self.server.prefix = self.server.prefix, self._next_prefix()
        await self.start()
        with contextlib.suppress(aiohttp.ClientError):  # what stays costs memory, nothing else
            await self._store.drop(used)

    async def stop(self) -> None:
        """Stop both, at once."""
        await asyncio.gather(self.manager.stop(), self.server.stop())

    def _next_prefix(self) -> str:
        return f"/{self._name}-{next(self._generation)}"
