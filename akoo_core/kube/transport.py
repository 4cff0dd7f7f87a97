"""KubeClient on a real API server: each verb as method, query, content type and body."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal

from akoo_core import external as external_
from akoo_core import structs
from akoo_core.kube import answers, call, caller, client, dialing, errors, statuses
from akoo_core.kube import circuit as circuit_
from akoo_core.kube import endpoint as endpoint_
from akoo_core.kube import watch as watch_
from akoo_core.kube.request import Request
from akoo_core.kube.resource import Resource

Object = client.Object
Objects = list[Object]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
"""The server reads YAML here, and JSON is YAML."""
LIST_DEADLINE_SECONDS = 30.0
_PATH = re.compile(r"(/[A-Za-z0-9._:-]+)+")
_ITEMS_AT_ONCE = 50
"""Items of a list that are decoded before other tasks get their turn."""


class HttpClient:
    """Implements :class:`akoo_core.kube.client.KubeClient`. Safe to use from many tasks.

    ``system`` names it in spans and metrics: ``kubernetes`` is the management cluster,
    ``workload`` any other. ``circuit``, if given, refuses calls while the server is silent.
    ``renew`` is asked after a 401 whether there is a newer credential (default: the endpoint's).
    ``deadline_seconds`` bounds each call (default: that of ``external``). ``network`` says how
    connections are made.
    """

    def __init__(
        self,
        endpoint: endpoint_.Endpoint,
        *,
        external: external_.External,
        system: Literal["kubernetes", "workload"] = "kubernetes",
        circuit: circuit_.Circuit | None = None,
        renew: caller.Renew | None = None,
        field_manager: str = client.FIELD_MANAGER,
        deadline_seconds: float | None = None,
        network: dialing.Network = dialing.OPEN,
        role: str = "",
    ) -> None:
        self._caller = caller.Caller(
            endpoint,
            external=external,
            system=system,
            circuit=circuit,
            renew=renew,
            network=network,
            role=role,
        )
        self._budget = self._caller.budget
        self._field_manager = field_manager
        self._deadline_seconds = (
            external.deadline_seconds if deadline_seconds is None else deadline_seconds
        )

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        return await self._send(Request("get", resource, namespace, name))

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
        query = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            # A token carries its version; naming both is refused.
            "resourceVersion": "" if token else resource_version,
            "continue": token,
            "limit": str(min(limit, self._budget.page_items)) if limit else "",
        }
        ready = call.Call.of(
            request,
            query=_given(query),
            body=None,
            content_type="",
            accept=_partial("PartialObjectMetadataList") if metadata_only else call.JSON,
        )
        listed = await self._caller.send(
            ready, answers.page_of, deadline_seconds=LIST_DEADLINE_SECONDS
        )
        items = await self._items(request, listed)
        return client.Page(
            items, listed.metadata.resource_version or "", listed.metadata.token or ""
        )

    async def _items(self, request: Request, listed: answers.Listed) -> Objects:
        """The objects of a page, decoded one by one. Raises ServerError for what is no object."""
        resource = request.resource
        items: Objects = []
        for number, raw in enumerate(listed.items or (), start=1):
            try:
                item = answers.kubernetes_object_of(bytes(raw), self._budget)
            except structs.DecodeError as error:
                message = f"item {number} of the list cannot be used: {error}"
                raise errors.ServerError(message, request=str(request)) from error
            item["apiVersion"], item["kind"] = resource.api_version, resource.kind
            items.append(item)
            if number % _ITEMS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return items

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
        accept = _partial("PartialObjectMetadata") if metadata_only else call.JSON
        lines = watch_.LineSplitter(self._budget.line_bytes)
        opened = self._caller.stream(
            request,
            query=_given(query),
            accept=accept,
            inactivity_seconds=inactivity_seconds,
        )
        async with contextlib.aclosing(opened) as chunks:
            async for chunk in chunks:
                for line in watch_.lines_of(lines, chunk, request):
                    yield watch_.event_of(line, request, self._budget)
        if lines.pending:
            message = "the stream ended in the middle of a line"
            raise errors.UnreachableError(message, request=str(request))

    async def create(self, resource: Resource, obj: Object, namespace: str | None = None) -> Object:
        request = _of("create", resource, obj, namespace)
        return await self._send(request, query=self._managed(), body=obj)

    async def replace(
        self, resource: Resource, obj: Object, *, subresource: str | None = None
    ) -> Object:
        request = _of("update", resource, obj, None, subresource)
        return await self._send(request, query=self._managed(), body=obj)

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
        return await self._send(
            request, query=self._managed(), body=patch, content_type=MERGE_PATCH
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
        request = Request("patch", resource, namespace, name, subresource)
        try:
            return await self._send(
                request, query=self._managed(), body=patch, content_type=JSON_PATCH
            )
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
        query = {
            "fieldManager": field_manager,
            "force": "true" if force else "",
            "dryRun": "All" if dry_run else "",
        }
        return await self._send(request, query=query, body=obj, content_type=APPLY_PATCH)

    async def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        options: Object = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
        }
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        await self._send(Request("delete", resource, namespace, name), body=options)

    async def raw(self, path: str) -> Object:
        if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            raise errors.InvalidError("a path of the API must be plain: /segment/segment")
        ready = call.Call("get raw", "GET", path, subject=path)
        return await self._caller.send(
            ready, answers.object_of, deadline_seconds=self._deadline_seconds
        )

    async def swap(self, endpoint: endpoint_.Endpoint) -> None:
        """Use ``endpoint`` from now on; calls in flight end on the old one."""
        await self._caller.swap(endpoint)

    async def close(self) -> None:
        await self._caller.close()

    async def _send(
        self,
        request: Request,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = call.JSON,
    ) -> Object:
        ready = call.Call.of(
            request, query=_given(query), body=body, content_type=content_type, accept=call.JSON
        )
        decode = answers.object_of if request.verb == "delete" else answers.kubernetes_object_of
        return await self._caller.send(ready, decode, deadline_seconds=self._deadline_seconds)

    def _managed(self) -> dict[str, str]:
        return {"fieldManager": self._field_manager}


def _given(query: Mapping[str, str] | None) -> dict[str, str]:
    return {name: value for name, value in (query or {}).items() if value}


def _partial(kind: str) -> str:
    return f"application/json;as={kind};g=meta.k8s.io;v=v1"


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
