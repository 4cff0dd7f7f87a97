"""The client by which everything here talks to an API server, over a transport.

Objects are plain dicts, exactly as the server sends them. Every method raises errors of
:mod:`akoo_core.kube.errors` and has a deadline. :class:`KubeClient` makes a request of each verb; a
:class:`Transport` carries it: :class:`akoo_core.kube.transport.HttpTransport` to a real server,
:class:`akoo_core.testing.memory.client.MemoryTransport` to an API server in memory. A transport may
wrap another to refuse requests or to count them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from akoo_core.kube.request import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, Payload, ServerRequest
from akoo_core.kube.resource import Resource

Object = dict[str, Any]
"""A Kubernetes object as decoded JSON."""

FIELD_MANAGER = "akoo-core"
"""The field manager of every write of the core (at most 128 characters)."""


class Page(NamedTuple):
    """One page of a list. ``token`` is "" on the last page."""

    items: list[Object]
    resource_version: str
    token: str


class WatchEvent(NamedTuple):
    """One line of a watch. An ERROR line is raised as an error, never returned."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    object: Object


class Transport(Protocol):
    """The way of requests to one API server. Raises KubeError."""

    async def send(self, request: ServerRequest, payload: Payload) -> Object:
        """The answer to any verb but ``watch``, within the deadline.

        That of ``list`` is one page: ``items``, with ``apiVersion`` and ``kind`` filled in, and
        ``metadata`` with ``resourceVersion`` and ``continue``. The transport may make pages
        smaller than ``limit``.
        """
        ...

    def stream(
        self, request: ServerRequest, payload: Payload, *, inactivity_seconds: float
    ) -> AsyncGenerator[WatchEvent, None]:
        """The events of a watch, until the server ends it."""
        ...

    async def raw(self, path: str) -> Object:
        """The answer to GET of a path that is of no resource."""
        ...

    async def close(self) -> None:
        """Close connections. Safe to call twice."""
        ...


class KubeClient:
    """One API server, as one user.

    ``field_manager`` is that of all writes but ``apply``, which names its own.
    """

    def __init__(self, transport: Transport, *, field_manager: str = FIELD_MANAGER) -> None:
        self.transport = transport
        self.field_manager = field_manager
        self._managed = {"fieldManager": field_manager} if field_manager else {}

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        """A live, consistent read. Raises NotFoundError."""
        return await self.transport.send(ServerRequest("get", resource, namespace, name), _NOTHING)

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
    ) -> Page:
        """One page. ``resource_version`` "" is a quorum read, "0" any state the cache has.

        ``apiVersion`` and ``kind`` are filled in on items. Raises GoneError for an expired token.
        """
        query = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            # A token carries its version; naming both is refused.
            "resourceVersion": "" if token else resource_version,
            "continue": token,
            "limit": str(limit) if limit else "",
        }
        answer = await self.transport.send(
            ServerRequest("list", resource, namespace),
            Payload(_filled(query), metadata_only=metadata_only),
        )
        metadata = answer["metadata"]
        return Page(answer["items"], metadata["resourceVersion"], metadata["continue"])

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
    ) -> AsyncGenerator[WatchEvent, None]:
        """Events until the server ends the stream (a normal return) or an error is raised.

        Bookmarks are always asked for. Silence longer than ``inactivity_seconds`` raises
        UnreachableError. The iterator must be closed (``aclosing``) when it is left early.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "timeoutSeconds": str(timeout_seconds),
        }
        if send_initial_events:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        return self.transport.stream(
            ServerRequest("watch", resource, namespace),
            Payload(_filled(query), metadata_only=metadata_only),
            inactivity_seconds=inactivity_seconds,
        )

    async def create(
        self,
        resource: Resource,
        obj: Object,
        namespace: str | None = None,
        *,
        dry_run: bool = False,
    ) -> Object:
        """Raises AlreadyExistsError."""
        request = _of("create", resource, obj, namespace)
        query = {**self._managed, "dryRun": "All" if dry_run else ""}
        return await self.transport.send(request, Payload(_filled(query), obj))

    async def replace(
        self,
        resource: Resource,
        obj: Object,
        *,
        subresource: str | None = None,
    ) -> Object:
        """PUT of the whole object; its resourceVersion is the precondition (ConflictError)."""
        request = _of("update", resource, obj, None, subresource)
        return await self.transport.send(request, Payload(self._managed, obj))

    async def merge_patch(
        self,
        resource: Resource,
        name: str,
        patch: Mapping[str, Any],
        namespace: str | None = None,
        *,
        subresource: str | None = None,
    ) -> Object:
        """RFC 7396. A ``metadata.resourceVersion`` in the patch is a precondition."""
        request = ServerRequest("patch", resource, namespace, name, subresource)
        return await self.transport.send(request, Payload(self._managed, patch, MERGE_PATCH))

    async def json_patch(
        self,
        resource: Resource,
        name: str,
        patch: Sequence[Mapping[str, Any]],
        namespace: str | None = None,
        *,
        subresource: str | None = None,
    ) -> Object:
        """RFC 6902. A failed ``test`` operation raises ConflictError."""
        request = ServerRequest("patch", resource, namespace, name, subresource)
        return await self.transport.send(request, Payload(self._managed, patch, JSON_PATCH))

    async def apply(
        self,
        resource: Resource,
        obj: Object,
        *,
        field_manager: str = FIELD_MANAGER,
        force: bool = True,
        dry_run: bool = False,
        subresource: str | None = None,
    ) -> Object:
        """Server-side apply of exactly the fields in ``obj``; creates what is absent.

        Put ``metadata.uid`` into ``obj`` to forbid creation (ConflictError instead).
        """
        query = {
            "fieldManager": field_manager,
            "force": "true" if force else "",
            "dryRun": "All" if dry_run else "",
        }
        request = _of("apply", resource, obj, None, subresource)
        return await self.transport.send(request, Payload(_filled(query), obj, APPLY_PATCH))

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
        dry_run: bool = False,
    ) -> None:
        """Raises NotFoundError when it is gone already, ConflictError when ``uid`` or
        ``resource_version`` differs."""
        options: Object = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
        }
        if dry_run:
            options["dryRun"] = ["All"]
        conditions = {"uid": uid, "resourceVersion": resource_version}
        preconditions = {name: value for name, value in conditions.items() if value is not None}
        if preconditions:
            options["preconditions"] = preconditions
        request = ServerRequest("delete", resource, namespace, name)
        await self.transport.send(request, Payload(body=options))

    async def raw(self, path: str) -> Object:
        """GET of any path that answers JSON (``/version``, ``/apis``)."""
        return await self.transport.raw(path)

    async def close(self) -> None:
        """Close connections. Safe to call twice."""
        await self.transport.close()


_NOTHING = Payload()


def _filled(query: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if value}


def _of(
    verb: Literal["create", "update", "apply"],
    resource: Resource,
    obj: Object,
    namespace: str | None,
    subresource: str | None = None,
) -> ServerRequest:
    metadata = obj.get("metadata") or {}
    home = namespace or metadata.get("namespace")
    return ServerRequest(verb, resource, home, metadata.get("name"), subresource)
