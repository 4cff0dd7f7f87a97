"""The management cluster as a plugin may use it: the kinds its controllers registered, no more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import NamedTuple

from akoo_core.kube.client import KubeClient, Object, Transport, WatchEvent
from akoo_core.kube.request import Payload, ServerRequest
from akoo_core.kube.resource import SECRETS, Resource
from akoo_core.plugin import api
from akoo_core.plugin.errors import OutOfScopeError


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
    metadata_only: frozenset[str] = frozenset()
    """The kinds among ``reads`` of which only lists of metadata are read."""


def for_controller(
    inner: KubeClient, plugin: str, registration: api.ControllerRegistration
) -> KubeClient:
    """Reads what a registration watches or writes, writes what it writes."""
    writes = frozenset(write.qualified for write in registration.writes)
    reads = writes | _watched(registration)
    who = f"controller {registration.name} of plugin {plugin}"
    readable = "the kind is not in its watches or writes"
    return _scoped(
        inner, Scope(plugin, who, reads, writes, readable, "the kind is not in its writes")
    )


def for_reading(
    inner: KubeClient, plugin: str, registrations: Iterable[api.ControllerRegistration]
) -> KubeClient:
    """Reads what any of a plugin's controllers watches, and writes nothing.

    For verbs and commands: shared things belong to their controllers, and nobody else writes them.
    """
    reads = frozenset[str]().union(*map(_watched, registrations))
    who = f"plugin {plugin}, outside of its controllers,"
    readable = "no controller of it watches the kind"
    writable = "only the controller of a shared thing writes it"
    return _scoped(inner, Scope(plugin, who, reads, frozenset(), readable, writable))


def for_verbs(
    inner: KubeClient,
    plugin: str,
    registrations: Iterable[api.ControllerRegistration],
    reads: Iterable[Resource] = (),
) -> KubeClient | None:
    """``for_reading``, as ``ctx.shared``, with ``reads`` of the plugin: None for a plugin without
    controllers and ``reads``."""
    registered, listed = tuple(registrations), frozenset(kind.qualified for kind in reads)
    if not registered and not listed:
        return None
    watched = frozenset[str]().union(*map(_watched, registered))
    who = f"plugin {plugin}, outside of its controllers,"
    readable = "no controller of it watches the kind"
    if listed:
        readable += ", and it is not in its reads"
    writable = "only the controller of a shared thing writes it"
    metadata_only = (listed - watched) & {SECRETS.qualified}
    scope = Scope(plugin, who, watched | listed, frozenset(), readable, writable, metadata_only)
    return _scoped(inner, scope)


def _watched(registration: api.ControllerRegistration) -> frozenset[str]:
    watched = (*registration.watches, *registration.optional)
    return frozenset(resource.qualified for resource in watched)


class ScopedTransport:
    """A transport that carries requests for the kinds of its scope.

    Anything else raises OutOfScopeError before a request is made. RBAC alone could not tell plugins
    apart: they share the operator's ServiceAccount.
    """

    def __init__(self, inner: Transport, scope: Scope) -> None:
        self._inner = inner
        self._scope = scope

    async def send(self, request: ServerRequest, payload: Payload) -> Object:
        self._check(request, metadata_only=request.verb == "list" and payload.metadata_only)
        return await self._inner.send(request, payload)

    def stream(
        self, request: ServerRequest, payload: Payload, *, inactivity_seconds: float
    ) -> AsyncGenerator[WatchEvent, None]:
        self._check(request)
        return self._inner.stream(request, payload, inactivity_seconds=inactivity_seconds)

    async def raw(self, path: str) -> Object:
        """Not for plugins: a path could be any kind."""
        scope = self._scope
        raise OutOfScopeError(
            scope.plugin,
            f"{scope.who} may not read the path {path}; ask for a kind it registered",
        )

    async def close(self) -> None:
        """Nothing to close: the connections are the operator's."""

    def _check(self, request: ServerRequest, *, metadata_only: bool = False) -> None:
        scope, kind = self._scope, request.resource.qualified
        if request.write:
            if kind not in scope.writes:
                raise self._refusal("write", kind, scope.writable)
        elif kind not in scope.reads:
            raise self._refusal("read", kind, scope.readable)
        elif kind in scope.metadata_only and not metadata_only:
            raise self._refusal("read", kind, "of these only metadata may be listed")

    def _refusal(self, verb: str, kind: str, why: str) -> OutOfScopeError:
        scope = self._scope
        return OutOfScopeError(scope.plugin, f"{scope.who} may not {verb} {kind}: {why}")


def _scoped(inner: KubeClient, scope: Scope) -> KubeClient:
    return KubeClient(ScopedTransport(inner.transport, scope), field_manager=inner.field_manager)
