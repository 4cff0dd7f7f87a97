"""One server of the workload pool: a kube-apiserver and its controller manager."""

import asyncio
import contextlib
import itertools

import aiohttp

from akoo_testbed import base, errors, kubeapi, parts
from akoo_testbed.workload import emptying


class PoolServer:
    """Serves one Cluster after the other; none sees what the one before it left."""

    def __init__(self, bed_base: base.BedBase, store: parts.Etcd, number: int) -> None:
        self._store = store
        self._name = f"workload-{number}"
        self._generation = itertools.count(1)
        self._fresh: emptying.Fresh | None = None
        self.server = parts.ApiServer(bed_base, store, self._name, prefix=self._next_prefix())
        self.manager = parts.ControllerManager(bed_base, self.server)

    async def start(self) -> None:
        """Start both; returns when both are ready. Raises PartError."""
        self._fresh = None
        await self.server.start()
        await self.server.ready()
        async with self._admin() as api:
            self._fresh = await emptying.look(api, self._store, self.server.prefix)
        await self._manage()

    async def empty(self) -> None:
        """Forget everything. Raises PartError.

        The API server stays if it can be emptied (a fifth of the time of a start); one that was
        stopped, hangs or does not let go of something is started anew under the next prefix.
        """
        await self.manager.stop()
        try:
            await self._empty()
        except (errors.TestbedError, *kubeapi.HICCUPS):
            await self._start_anew()

    async def stop(self) -> None:
        """Stop both, at once."""
        await asyncio.gather(self.manager.stop(), self.server.stop())

    async def _empty(self) -> None:
        if self._fresh is None:
            raise errors.PartError(f"{self._name} never became ready")
        async with self._admin() as api:
            await emptying.empty(api, self._store, self._fresh)
        await self._manage()

    async def _start_anew(self) -> None:
        await self.stop()
        used, self.server.prefix = self.server.prefix, self._next_prefix()
        await self.start()
        with contextlib.suppress(aiohttp.ClientError):  # what stays costs memory, nothing else
            await self._store.drop(used)

    async def _manage(self) -> None:
        await self.manager.start()
        await self.manager.ready()

    def _admin(self) -> kubeapi.KubeApi:
        return kubeapi.KubeApi(self.server.kubeconfig)

    def _next_prefix(self) -> str:
        return f"/{self._name}-{next(self._generation)}"
