"""A client of a workload cluster whose calls keep to its pace.

See :mod:`akoo_core.reconcile.read.pace`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from akoo_core.kube.client import KubeClient, Object, Transport, WatchEvent
from akoo_core.kube.request import Payload, ServerRequest
from akoo_core.reconcile.read.pace import Turn


def paced(inner: KubeClient, turn: Turn) -> KubeClient:
    """A client whose calls are those of ``inner`` and keep to the pace of ``turn``."""
    return KubeClient(PacedTransport(inner.transport, turn), field_manager=inner.field_manager)


class PacedTransport:
    """A transport. Each of its calls is a call of ``turn``; a watch counts only while it is
    opened."""

    def __init__(self, inner: Transport, turn: Turn) -> None:
        self._inner = inner
        self._turn = turn

    async def send(self, request: ServerRequest, payload: Payload) -> Object:
        with self._turn.call():
            return await self._inner.send(request, payload)

    def stream(
        self, request: ServerRequest, payload: Payload, *, inactivity_seconds: float
    ) -> AsyncGenerator[WatchEvent, None]:
        with self._turn.call():
            return self._inner.stream(request, payload, inactivity_seconds=inactivity_seconds)

    async def raw(self, path: str) -> Object:
        with self._turn.call():
            return await self._inner.raw(path)

    async def close(self) -> None:
        """Do nothing: the connections belong to the pool."""
