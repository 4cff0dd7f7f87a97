"""KubeClient on a MemoryServer. Every call yields to the event loop once, as a real one would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from akoo_core import external as external_
from akoo_core.kube import client, errors, statuses
from akoo_core.kube.request import Request
from akoo_core.kube.resource import Resource
from akoo_core.testing.memory import kinds, listing, selectors
from akoo_core.testing.memory import patch as memory_patch
from akoo_core.testing.memory.apply import Manager
from akoo_core.testing.memory.store import key_of

if TYPE_CHECKING:
    from akoo_core.testing.memory.server import MemoryServer

Object = client.Object
T = TypeVar("T")


class MemoryClient:
    """Implements :class:`akoo_core.kube.client.KubeClient`."""

    def __init__(
        self,
        server: MemoryServer,
        external: external_.External,
        *,
        system: str,
        field_manager: str,
    ) -> None:
        self._server = server
        self._external = external
        self._system = system
        self._field_manager = field_manager
        self.closed = False

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        request = Request("get", resource, namespace, name)
        return await self._call(request, lambda: self._existing(request))

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
        request = Request("list", resource, namespace)
        matches = self._matcher(request, label_selector, field_selector)
        limit = min(limit, self._server.list_limit or limit)

        def page() -> client.Page:
            return listing.page(
                self._server.store,
                request,
                matches,
                resource_version=resource_version,
                token=token,
                limit=limit,
            )

        listed = await self._call(request, page)
        items = [_metadata_only(obj) for obj in listed.items] if metadata_only else listed.items
        return listed._replace(items=memory_patch.copied(items))

    async def watch(
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
        request = Request("watch", resource, namespace)
        matches = self._matcher(request, label_selector, field_selector)
        await self._call(request, lambda: None)
        events = self._server.watches.read(
            request, matches, since=resource_version, send_initial_events=send_initial_events
        )
        async with contextlib.aclosing(events) as stream:
            async for event in stream:
                yield (
                    event._replace(object=_metadata_only(event.object))
                    if (metadata_only)
                    else event
                )

    async def create(self, resource: Resource, obj: Object, namespace: str | None = None) -> Object:
        request = _of("create", resource, obj, namespace)
        if resource.plural == "selfsubjectaccessreviews":
            return await self._call(request, lambda: self._server.served.review(obj))
        manager = Manager(self._field_manager, "Update")
        return await self._call(request, lambda: self._server.writes.create(request, obj, manager))

    async def replace(
        self, resource: Resource, obj: Object, *, subresource: str | None = None
    ) -> Object:
        request = _of("update", resource, obj, None, subresource)
        metadata = obj["metadata"]

        def change(_: Object) -> Object:
            if kinds.is_custom(resource) and not metadata.get("resourceVersion"):
                raise kinds.invalid(
                    request, "metadata.resourceVersion: must be specified for an update"
                )
            wanted: Object = memory_patch.copied(obj)
            return wanted

        return await self._update(request, change)

    async def merge_patch(
        self,
        resource: Resource,
        name: str,
        patch: Mapping[str, Any],
        namespace: str | None = None,
        *,
        subresource: str | None = None,
    ) -> Object:
        request = Request("patch", resource, namespace, name, subresource)

        def change(current: Object) -> Object:
            merged: Object = memory_patch.merge_patch(current, patch)
            return merged

        return await self._update(request, change)

    async def json_patch(
        self,
        resource: Resource,
        name: str,
        patch: Sequence[Mapping[str, Any]],
        namespace: str | None = None,
        *,
        subresource: str | None = None,
    ) -> Object:
        request = Request("patch", resource, namespace, name, subresource)

        def change(current: Object) -> Object:
            try:
                patched: Object = memory_patch.json_patch(current, patch)
            except memory_patch.PatchError as error:
                refused = kinds.refusal(422, "Invalid", statuses.PATCH_REFUSED, request)
                raise refused from error
            return patched

        try:
            return await self._update(request, change)
        except errors.InvalidError as error:
            raise statuses.json_patch_error(error, patch) from None

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
        request = _of("apply", resource, obj, None, subresource)
        manager = Manager(field_manager, "Apply", subresource or "")

        def write() -> Object:
            sent = memory_patch.copied(obj)
            return self._server.writes.apply(request, sent, manager, force=force, dry_run=dry_run)

        return await self._call(request, write)

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        request = Request("delete", resource, namespace, name)
        await self._call(
            request,
            lambda: self._server.writes.delete(request, uid=uid, propagation=propagation),
        )

    async def raw(self, path: str) -> Object:
        async with self._external.call(self._system, "get raw", write=False, subject=path):
            await asyncio.sleep(0)
            document = self._server.served.document(path)
            if document is None:
                raise kinds.refusal(404, "NotFound", "404 page not found", path, named=False)
        return document

    async def close(self) -> None:
        self.closed = True

    async def _update(self, request: Request, change: Callable[[Object], Object]) -> Object:
        manager = Manager(self._field_manager, "Update", request.subresource or "")
        return await self._call(
            request, lambda: self._server.writes.update(request, change, manager)
        )

    async def _call(self, request: Request, function: Callable[[], T]) -> T:
        """One request: counted, refused where ordered, done, and copied on the way out."""
        if self.closed:
            raise RuntimeError(f"{request}: the client is closed")
        async with self._external.call(
            self._system, request.operation, write=request.write, subject=request.target
        ):
            await asyncio.sleep(0)
            self._server.faults.calls.append(request)
            self._server.faults.check("before", request)
            self._server.served.check(request)
            answer = function()
            if request.write:
                self._server.settle()
            self._server.faults.check("after", request)
        return _answer(answer, request)

    def _existing(self, request: Request) -> Object:
        key = key_of(request.resource, request.namespace, request.name or "")
        return self._server.writes.existing(request, key)

    def _matcher(self, request: Request, labels: str, fields: str) -> selectors.Predicate:
        try:
            return selectors.matcher(labels, fields)
        except ValueError as error:
            raise kinds.refusal(400, "BadRequest", str(error), request) from error


def _of(
    verb: Literal["create", "update", "apply"],
    resource: Resource,
    obj: Object,
    namespace: str | None,
    subresource: str | None = None,
) -> Request:
    metadata = obj.get("metadata") or {}
    home = namespace or metadata.get("namespace")
    return Request(verb, resource, home, metadata.get("name"), subresource)


def _answer(answer: T, request: Request) -> T:
    if not isinstance(answer, dict):
        return answer
    version = {"apiVersion": request.resource.api_version, "kind": request.resource.kind}
    copy: T = memory_patch.copied(answer | version)
    return copy


def _metadata_only(obj: Object) -> Object:
    return {name: obj[name] for name in ("apiVersion", "kind", "metadata") if name in obj}
