"""The ten coroutines by which everything here talks to an API server.

Objects are plain dicts, exactly as the server sends them. Every method raises errors of
:mod:`akoo_core.kube.errors` and has a deadline. :class:`akoo_core.kube.transport.HttpClient` speaks
to real servers; :class:`akoo_core.testing.memory.MemoryClient` is an API server in memory.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

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


class KubeClient(Protocol):
    """One API server, as one user."""

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        """A live, consistent read. Raises NotFoundError."""
        ...

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
        ...

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
        ...

    async def create(self, resource: Resource, obj: Object, namespace: str | None = None) -> Object:
        """Raises AlreadyExistsError."""
        ...

    async def replace(
        self,
        resource: Resource,
        obj: Object,
        *,
        subresource: str | None = None,
    ) -> Object:
        """PUT of the whole object; its resourceVersion is the precondition (ConflictError)."""
        ...

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
        ...

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
        ...

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
        ...

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        """Raises NotFoundError when it is gone already, ConflictError when ``uid`` differs."""
        ...

    async def raw(self, path: str) -> Object:
        """GET of any path that answers JSON (``/version``, ``/apis``)."""
        ...

    async def close(self) -> None:
        """Close connections. Safe to call twice."""
        ...
