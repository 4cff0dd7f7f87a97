"""Workload clusters in memory, reached like real ones: by the kubeconfig Secret of their Cluster.

The value of such a Secret here is only the name of a server (:func:`kubeconfig`).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Unpack

from opentelemetry import trace

from akoo_core import structs
from akoo_core.clock import Clock
from akoo_core.external import CallOptions, External
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.objects import names
from akoo_core.testing.memory.server import MemoryServer

_NEVER_SECONDS = 86400.0


class MemoryWorkload:
    """One workload cluster. ``silent``: calls to it get no answer before their deadline."""

    def __init__(self, server: MemoryServer) -> None:
        self.server = server
        self.silent = False


class MemoryWorkloads:
    """Clients of workload clusters (:class:`akoo_core.app.parts.Workloads`) of one process.

    ``servers`` by name. ``on_write`` is told the server's name before each write takes effect.
    """

    def __init__(
        self,
        management: KubeClient,
        servers: Mapping[str, MemoryWorkload],
        *,
        external: External,
        clock: Clock,
        on_write: Callable[[str], None] | None = None,
    ) -> None:
        self._management = management
        self._servers = servers
        self._external = external
        self._clock = clock
        self._on_write = on_write
        self._open: dict[str, tuple[str, KubeClient]] = {}
        self._failing: dict[str, float] = {}

    async def client_for(self, namespace: str, name: str, cluster_uid: str) -> KubeClient:
        """As :meth:`akoo_core.kube.workloads.WorkloadClients.client_for`."""
        secret_name = names.kubeconfig_secret_name(name)
        try:
            secret = await self._management.get(resources.SECRETS, secret_name, namespace)
        except errors.NotFoundError:
            if cluster_uid in self._open:
                return self._open[cluster_uid][1]
            raise
        server = base64.b64decode(secret["data"]["value"]).decode()
        if server not in self._servers:
            raise errors.UnreachableError(f"no workload cluster {server} is running")
        if self._open.get(cluster_uid, ("", None))[0] != server:
            seam = _Heard(self, cluster_uid, server)
            client = self._servers[server].server.client(external=seam, system="workload")
            self._open[cluster_uid] = (server, client)
        return self._open[cluster_uid][1]

    def silent_seconds(self, cluster_uid: str) -> float:
        """Seconds since that cluster stopped answering."""
        since = self._failing.get(cluster_uid)
        return 0.0 if since is None else self._clock.monotonic() - since

    async def forget(self, cluster_uid: str) -> None:
        """Close the client of that cluster."""
        self._failing.pop(cluster_uid, None)
        if cluster_uid in self._open:
            await self._open.pop(cluster_uid)[1].close()

    async def close(self) -> None:
        """Close every client."""
        for cluster_uid in tuple(self._open):
            await self.forget(cluster_uid)

    @contextlib.asynccontextmanager
    async def call(
        self, cluster_uid: str, server: str, operation: str, **options: Unpack[CallOptions]
    ) -> AsyncIterator[trace.Span]:
        """One call to ``server``: it is silent or answers, and that is remembered."""
        try:
            async with self._external.call("workload", operation, **options) as span:
                if server not in self._servers:
                    raise errors.UnreachableError(f"workload cluster {server} is gone")
                if self._servers[server].silent:
                    await asyncio.sleep(_NEVER_SECONDS)
                if options["write"] and self._on_write is not None:
                    self._on_write(server)
                yield span
        except (errors.UnreachableError, TimeoutError):
            self._failing.setdefault(cluster_uid, self._clock.monotonic())
            raise
        else:
            self._failing.pop(cluster_uid, None)


class _Heard(External):
    """The seam of one workload cluster's client."""

    def __init__(self, owner: MemoryWorkloads, cluster_uid: str, server: str) -> None:
        super().__init__()
        self._owner = owner
        self._cluster_uid = cluster_uid
        self._server = server

    @contextlib.asynccontextmanager
    async def call(
        self, system: str, operation: str, **options: Unpack[CallOptions]
    ) -> AsyncIterator[trace.Span]:
        """As :meth:`external.External.call`."""
        call = self._owner.call(self._cluster_uid, self._server, operation, **options)
        async with call as span:
            yield span


def kubeconfig(namespace: str, cluster_name: str, server: str) -> structs.JSON:
    """The kubeconfig Secret of a Cluster whose API server is called ``server`` here."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "namespace": namespace,
            "name": names.kubeconfig_secret_name(cluster_name),
            "labels": {names.CAPI_CLUSTER_NAME_LABEL: cluster_name},
        },
        "type": "cluster.x-k8s.io/secret",
        "data": {"value": base64.b64encode(server.encode()).decode()},
    }
