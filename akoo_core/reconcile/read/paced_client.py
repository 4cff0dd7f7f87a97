"""A client of a workload cluster whose calls keep to its pace.

See :mod:`akoo_core.reconcile.read.pace`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal

from akoo_core.kube import client
from akoo_core.kube.resource import Resource
from akoo_core.reconcile.read.pace import Turn

Object = client.Object


class PacedClient:
    """A KubeClient. Each of its calls is a call of ``turn``; a watch counts only while it is
    opened."""

    def __init__(self, inner: client.KubeClient, turn: Turn) -> None:
        self._inner = inner
        self._turn = turn

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        with self._turn.call():
            return await self._inner.get(resource, name, namespace)

    async def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        token: str = "",
        limit: int = 500,
        metadata_only: bool = False,
    ) -> client.Page:
        with self._turn.call():
            return await self._inner.list(
                resource,
                namespace,
                label_selector=label_selector,
                field_selector=field_selector,
                resource_version=resource_version,
                token=token,
                limit=limit,
                metadata_only=metadata_only,
            )

    def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str = "",
        label_selector: str = "",
        field_selector: str = "",
        timeout_seconds: int = 300,
        inactivity_seconds: float = 90.0,
        send_initial_events: bool = False,
        metadata_only: bool = False,
    ) -> AsyncGenerator[client.WatchEvent, None]:
        with self._turn.call():
            return self._inner.watch(
                resource,
                namespace,
                resource_version=resource_version,
                label_selector=label_selector,
                field_selector=field_selector,
                timeout_seconds=timeout_seconds,
                inactivity_seconds=inactivity_seconds,
                send_initial_events=send_initial_events,
                metadata_only=metadata_only,
            )

    async def create(self, resource: Resource, obj: Object, namespace: str | None = None) -> Object:
        with self._turn.call():
            return await self._inner.create(resource, obj, namespace)

    async def replace(
        self, resource: Resource, obj: Object, *, subresource: str | None = None
    ) -> Object:
        with self._turn.call():
            return await self._inner.replace(resource, obj, subresource=subresource)

    async def merge_patch(
        self,
        resource: Resource,
        name: str,
        patch: Mapping[str, Any],
        namespace: str | None = None,
        *,
        subresource: str | None = None,
    ) -> Object:
        with self._turn.call():
            return await self._inner.merge_patch(
                resource, name, patch, namespace, subresource=subresource
            )

    async def json_patch(
        self,
        resource: Resource,
        name: str,
        patch: Sequence[Mapping[str, Any]],
        namespace: str | None = None,
        *,
        subresource: str | None = None,
    ) -> Object:
        with self._turn.call():
            return await self._inner.json_patch(
                resource, name, patch, namespace, subresource=subresource
            )

    async def apply(
        self,
        resource: Resource,
        obj: Object,
        *,
        field_manager: str = client.FIELD_MANAGER,
        force: bool = True,
        dry_run: bool = False,
        subresource: str | None = None,
    ) -> Object:
        with self._turn.call():
            return await self._inner.apply(
                resource,
                obj,
                field_manager=field_manager,
                force=force,
                dry_run=dry_run,
                subresource=subresource,
            )

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        with self._turn.call():
            await self._inner.delete(resource, name, namespace, uid=uid, propagation=propagation)

    async def raw(self, path: str) -> Object:
        with self._turn.call():
            return await self._inner.raw(path)

    async def close(self) -> None:
        """Do nothing: the connections belong to the pool."""
