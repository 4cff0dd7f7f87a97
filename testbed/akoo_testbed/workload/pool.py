"""A pool of API servers for workload clusters: each Cluster gets one that is empty.

What a Cluster gets is a listener of its own in front of a server of the pool. When the Cluster is
closed the listener dies at once, and the server is emptied in the background: see `emptying`.
"""

import asyncio
import dataclasses
import itertools
import typing
from collections.abc import Coroutine

from akoo_testbed import base, errors, parts
from akoo_testbed.workload import listener, poolserver, workloads

LIMIT = 8
OPEN_SECONDS = 120.0

ClusterKey = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class _Opened:
    server: poolserver.PoolServer
    listener: listener.Listener
    api: workloads.WorkloadApi


class WorkloadPool:
    """Implements `WorkloadApis`: `size` servers from the start, more when all are taken.

    There are never more than `limit` servers (each about 300 MiB); then `open` waits for a `close`.
    """

    def __init__(
        self, bed_base: base.BedBase, store: parts.Etcd, *, size: int = 1, limit: int = LIMIT
    ) -> None:
        self._base = bed_base
        self._store = store
        self._size = size
        self._limit = max(limit, size)
        self._servers: list[poolserver.PoolServer] = []
        # What one start or emptying came to; `open` takes one of these.
        self._free: asyncio.Queue[poolserver.PoolServer | errors.TestbedError] = asyncio.Queue()
        self._waiting = 0
        self._numbers = itertools.count(1)
        self._opened: dict[ClusterKey, asyncio.Task[_Opened]] = {}
        self._starting: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to start the first servers; does not wait for them."""
        for _ in range(self._size):
            self._grow()

    async def ready(self) -> None:
        """Wait until no server is starting. Raises PartError if not one of them did."""
        while self._starting:
            await asyncio.wait(set(self._starting))
        if not self._servers and isinstance(failed := self._free.get_nowait(), Exception):
            raise failed

    async def stop(self) -> None:
        """Close all Clusters and stop all servers."""
        starting = list(self._starting)
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
        for key in list(self._opened):
            if opened := await self._take_back(key):
                await opened.listener.close()
        await asyncio.gather(*(server.stop() for server in self._servers))

    async def open(self, namespace: str, name: str) -> workloads.WorkloadApi:
        """See `WorkloadApis.open`. Raises PartError after two minutes without a free server."""
        key = (namespace, name)
        if key not in self._opened:
            self._opened[key] = asyncio.create_task(
                self._open(key), name=f"open-{namespace}/{name}"
            )
        task = self._opened[key]
        try:
            return (await asyncio.shield(task)).api
        except asyncio.CancelledError:
            if not task.cancelled():  # it was our caller who was cancelled
                raise
            raise errors.PartError(f"{namespace}/{name} was closed while it opened") from None
        except errors.TestbedError:
            if self._opened.get(key) is task:
                del self._opened[key]
            raise

    async def close(self, namespace: str, name: str) -> None:
        """See `WorkloadApis.close`."""
        if opened := await self._take_back((namespace, name)):
            await opened.listener.close()
            self._begin(opened.server, opened.server.empty())

    @property
    def servers(self) -> list[poolserver.PoolServer]:
        """All servers, taken, free or starting."""
        return list(self._servers)

    def listener(self, namespace: str, name: str) -> listener.Listener:
        """The listener of an opened Cluster, for faults. KeyError if it has none."""
        return self._opened[namespace, name].result().listener

    def server(self, namespace: str, name: str) -> poolserver.PoolServer:
        """The server behind an opened Cluster. KeyError if it has none."""
        return self._opened[namespace, name].result().server

    async def _open(self, key: ClusterKey) -> _Opened:
        server = await self._next_free(key)
        front = listener.Listener(server.server.port)
        await front.open()
        api = workloads.WorkloadApi(
            host="127.0.0.1",
            port=front.port,
            kubeconfig=self._base.admin_kubeconfig(f"https://127.0.0.1:{front.port}"),
            ca_pem=self._base.authority.pem,
        )
        return _Opened(server, front, api)

    async def _next_free(self, key: ClusterKey) -> poolserver.PoolServer:
        """A ready server; a new one is started unless enough are on their way."""
        self._waiting += 1
        try:
            coming = self._free.qsize() + len(self._starting)
            if coming < self._waiting and len(self._servers) < self._limit:
                self._grow()
            async with asyncio.timeout(OPEN_SECONDS):
                server = await self._free.get()
        except TimeoutError:
            taken = ", ".join("/".join(each) for each in self._opened if each != key)
            raise errors.PartError(
                f"no workload API server for {'/'.join(key)} within {OPEN_SECONDS:g} s: there are "
                f"at most {self._limit}, taken by {taken}"
            ) from None
        finally:
            self._waiting -= 1
        if isinstance(server, errors.TestbedError):
            raise server
        return server

    async def _take_back(self, key: ClusterKey) -> _Opened | None:
        """Forget a Cluster; what it had, if anything."""
        task = self._opened.pop(key, None)
        if task is None:
            return None
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        if task.cancelled() or task.exception() is not None:
            return None
        return task.result()

    def _grow(self) -> None:
        server = poolserver.PoolServer(self._base, self._store, next(self._numbers))
        self._servers.append(server)
        self._begin(server, server.start())

    def _begin(self, server: poolserver.PoolServer, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(self._bring(server, work), name="workload-server")
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _bring(
        self, server: poolserver.PoolServer, work: Coroutine[None, None, None]
    ) -> None:
        result: poolserver.PoolServer | errors.TestbedError = server
        try:
            await work
        except errors.TestbedError as error:
            self._servers.remove(server)
            await server.stop()
            result = error
        # Before it is in the queue: else whoever opens next counts it twice, and starts none.
        self._starting.discard(typing.cast("asyncio.Task[None]", asyncio.current_task()))
        self._free.put_nowait(result)
