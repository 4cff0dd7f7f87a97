"""KubeClient on a MemoryServer. Every call yields to the event loop once, as a real one would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, TypeVar

from akoo_core.external import External
from akoo_core.kube import client, statuses
from akoo_core.kube.request import JSON_PATCH, Payload, ServerRequest
from akoo_core.testing.memory import kinds, listing, selectors
from akoo_core.testing.memory import patch as memory_patch
from akoo_core.testing.memory.apply import Manager
from akoo_core.testing.memory.store import key_of

if TYPE_CHECKING:
    from akoo_core.testing.memory.server import MemoryServer

Object = client.Object
T = TypeVar("T")


class MemoryTransport:
    """Implements :class:`akoo_core.kube.client.Transport` on a server in memory."""

    def __init__(self, server: MemoryServer, external: External, *, system: str) -> None:
        self._server = server
        self._external = external
        self._system = system
        self.closed = False

    async def send(self, request: ServerRequest, payload: Payload) -> Object:
        if request.verb == "list":
            return await self._list(request, payload)
        answer = self._call(
            request, lambda: self._answer_to(request, payload), dry_run=payload.dry_run
        )
        return await answer

    async def stream(
        self, request: ServerRequest, payload: Payload, *, inactivity_seconds: float
    ) -> AsyncGenerator[client.WatchEvent, None]:
        matches = self._matcher(request, payload)
        await self._call(request, lambda: None)
        events = self._server.watches.read(
            request,
            matches,
            since=payload.query.get("resourceVersion", ""),
            send_initial_events="sendInitialEvents" in payload.query,
        )
        async with contextlib.aclosing(events) as stream:
            async for kind, obj in stream:
                yield client.WatchEvent(kind, _metadata_only(obj) if payload.metadata_only else obj)

    async def raw(self, path: str) -> Object:
        async with self._external.call(self._system, "get raw", write=False, subject=path):
            await asyncio.sleep(0)
            document = self._server.served.document(path)
            if document is None:
                raise kinds.refusal(404, "NotFound", "404 page not found", path, named=False)
        return document

    async def close(self) -> None:
        self.closed = True

    async def _list(self, request: ServerRequest, payload: Payload) -> Object:
        matches, query = self._matcher(request, payload), payload.query
        limit = int(query.get("limit", 0))
        limit = min(limit, self._server.list_limit or limit)

        def page() -> client.Page:
            return listing.page(
                self._server.store,
                request,
                matches,
                resource_version=query.get("resourceVersion", ""),
                token=query.get("continue", ""),
                limit=limit,
            )

        items, version, token = await self._call(request, page)
        if payload.metadata_only:
            items = [_metadata_only(obj) for obj in items]
        metadata = {"resourceVersion": version, "continue": token}
        return {"items": memory_patch.copied(items), "metadata": metadata}

    def _answer_to(self, request: ServerRequest, payload: Payload) -> Object:
        match request.verb:
            case "get":
                key = key_of(request.resource, request.namespace, request.name or "")
                return self._server.writes.existing(request, key)
            case "create":
                return self._create(request, payload)
            case "update" | "patch":
                return self._update(request, payload)
            case "apply":
                return self._apply(request, payload)
            case "delete":
                return self._delete(request, payload)
        raise ValueError(f"{request}: the answer to {request.verb} is not an object")

    def _create(self, request: ServerRequest, payload: Payload) -> Object:
        if request.resource.plural == "selfsubjectaccessreviews":
            return self._server.served.review(payload.body)
        manager = Manager(payload.query.get("fieldManager", ""), "Update")
        dry_run = "dryRun" in payload.query
        return self._server.writes.create(request, payload.body, manager, dry_run=dry_run)

    def _update(self, request: ServerRequest, payload: Payload) -> Object:
        field_manager = payload.query.get("fieldManager", "")
        return self._server.writes.update(
            request,
            lambda current: _changed(current, request, payload),
            Manager(field_manager, "Update", request.subresource or ""),
        )

    def _apply(self, request: ServerRequest, payload: Payload) -> Object:
        query = payload.query
        return self._server.writes.apply(
            request,
            memory_patch.copied(payload.body),
            Manager(query.get("fieldManager", ""), "Apply", request.subresource or ""),
            force="force" in query,
            dry_run="dryRun" in query,
        )

    def _delete(self, request: ServerRequest, payload: Payload) -> Object:
        options = payload.body
        self._server.writes.delete(
            request,
            preconditions=options.get("preconditions", {}),
            propagation=options["propagationPolicy"],
            dry_run=bool(options.get("dryRun")),
        )
        return {}

    async def _call(
        self, request: ServerRequest, function: Callable[[], T], *, dry_run: bool = False
    ) -> T:
        """One request: counted, refused where ordered, done, and copied on the way out."""
        if self.closed:
            raise RuntimeError(f"{request}: the client is closed")
        async with self._external.call(
            self._system,
            request.operation,
            write=request.write and not dry_run,
            subject=request.target,
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

    def _matcher(self, request: ServerRequest, payload: Payload) -> selectors.Predicate:
        labels = payload.query.get("labelSelector", "")
        fields = payload.query.get("fieldSelector", "")
        try:
            return selectors.matcher(labels, fields)
        except ValueError as error:
            raise kinds.refusal(400, "BadRequest", str(error), request) from error


class MemoryClient(client.KubeClient):
    """A KubeClient on a MemoryServer. Subclasses may override a verb to answer it otherwise."""

    def __init__(
        self,
        server: MemoryServer,
        external: External,
        *,
        system: str,
        field_manager: str,
    ) -> None:
        transport = MemoryTransport(server, external, system=system)
        super().__init__(transport, field_manager=field_manager)


def _changed(current: Object, request: ServerRequest, payload: Payload) -> Object:
    """The object after an update or a patch."""
    body = payload.body
    changed: Object
    if request.verb == "update":
        if kinds.is_custom(request.resource) and not body["metadata"].get("resourceVersion"):
            message = "metadata.resourceVersion: must be specified for an update"
            raise kinds.invalid(request, message)
        changed = memory_patch.copied(body)
    elif payload.content_type == JSON_PATCH:
        try:
            changed = memory_patch.json_patch(current, body)
        except memory_patch.PatchError as error:
            refused = kinds.refusal(422, "Invalid", statuses.PATCH_REFUSED, request)
            raise statuses.patch_error(refused, body) from error
    else:
        changed = memory_patch.merge_patch(current, body)
    return changed


def _answer(answer: T, request: ServerRequest) -> T:
    if not isinstance(answer, dict):
        return answer
    version = {"apiVersion": request.resource.api_version, "kind": request.resource.kind}
    copy: T = memory_patch.copied(answer | version)
    return copy


def _metadata_only(obj: Object) -> Object:
    return {name: obj[name] for name in ("apiVersion", "kind", "metadata") if name in obj}
