"""The management cluster as a plugin may use it: the kinds its controllers registered, no more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from akoo_core.kube import client
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.plugin.errors import OutOfScopeError

Object = client.Object


class Scope(NamedTuple):
    """The kinds that may be read and written, by qualified name, and reasons to refuse others."""

    plugin: str
    who: str
    """``controller zones of plugin acme-dns``."""
    reads: frozenset[str]
    writes: frozenset[str]
    readable: str
    """The reason to refuse a read: ``the kind is not in its watches or writes``."""
    writable: str


def for_controller(
    inner: client.KubeClient, plugin: str, registration: api.ControllerRegistration
) -> ScopedClient:
    """Reads what a registration watches or writes, writes what it writes."""
    writes = frozenset(write.qualified for write in registration.writes)
    reads = writes | {watch.qualified for watch in registration.watches}
    who = f"controller {registration.name} of plugin {plugin}"
    readable = "the kind is not in its watches or writes"
    return ScopedClient(
        inner, Scope(plugin, who, reads, writes, readable, "the kind is not in its writes")
    )


def for_reading(
    inner: client.KubeClient, plugin: str, registrations: Iterable[api.ControllerRegistration]
) -> ScopedClient:
    """Reads what any of a plugin's controllers watches, and writes nothing.

    For verbs and commands: shared things belong to their controllers, and nobody else writes them.
    """
    reads = frozenset(watch.qualified for each in registrations for watch in each.watches)
    who = f"plugin {plugin}, outside of its controllers,"
    readable = "no controller of it watches the kind"
    writable = "only the controller of a shared thing writes it"
    return ScopedClient(inner, Scope(plugin, who, reads, frozenset(), readable, writable))


def for_verbs(
    inner: client.KubeClient, plugin: str, registrations: Iterable[api.ControllerRegistration]
) -> ScopedClient | None:
    """``for_reading``, as ``ctx.shared``: None for a plugin that registers no controller."""
    registered = tuple(registrations)
    return for_reading(inner, plugin, registered) if registered else None


class ScopedClient:
    """A KubeClient that reads and writes the kinds of its scope.

    Anything else raises OutOfScopeError before a request is made. RBAC alone could not tell plugins
    apart: they share the operator's ServiceAccount.
    """

    def __init__(self, inner: client.KubeClient, scope: Scope) -> None:
        self._inner = inner
        self._scope = scope

    def _read(self, resource: Resource) -> None:
        if resource.qualified not in self._scope.reads:
            raise self._refusal("read", resource, self._scope.readable)

    def _write(self, resource: Resource) -> None:
        if resource.qualified not in self._scope.writes:
            raise self._refusal("write", resource, self._scope.writable)

    def _refusal(self, verb: str, resource: Resource, why: str) -> OutOfScopeError:
        scope = self._scope
        return OutOfScopeError(
            scope.plugin, f"{scope.who} may not {verb} {resource.qualified}: {why}"
        )

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        self._read(resource)
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
        self._read(resource)
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
        self._read(resource)
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
        self._write(resource)
        return await self._inner.create(resource, obj, namespace)

    async def replace(
        self, resource: Resource, obj: Object, *, subresource: str | None = None
    ) -> Object:
        self._write(resource)
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
        self._write(resource)
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
        self._write(resource)
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
        self._write(resource)
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
        self._write(resource)
        await self._inner.delete(resource, name, namespace, uid=uid, propagation=propagation)

    async def raw(self, path: str) -> Object:
        """Not for plugins: a path could be any kind."""
        scope = self._scope
        raise OutOfScopeError(
            scope.plugin,
            f"{scope.who} may not read the path {path}; ask for a kind it registered",
        )

    async def close(self) -> None:
        """Nothing to close: the connections are the operator's."""
