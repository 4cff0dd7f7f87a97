"""The transport of KubeClient to a real API server, and the client over it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from typing import Literal

from akoo_core import structs
from akoo_core.external import External
from akoo_core.kube import answers, call, caller, client, dialing, errors
from akoo_core.kube.circuit import Circuit
from akoo_core.kube.endpoint import Endpoint
from akoo_core.kube.request import Payload, ServerRequest
from akoo_core.kube.watch import LineSplitter, event_of, lines_of

Object = client.Object
Objects = list[Object]

LIST_DEADLINE_SECONDS = 30.0
_PATH = re.compile(r"(/[A-Za-z0-9._:-]+)+")
_ITEMS_AT_ONCE = 50
"""Items of a list that are decoded before other tasks get their turn."""


class HttpTransport:
    """Implements :class:`akoo_core.kube.client.Transport`. Safe to use from many tasks.

    ``system`` names it in spans and metrics: ``kubernetes`` is the management cluster,
    ``workload`` any other. ``circuit``, if given, refuses calls while the server is silent.
    ``renew`` is asked after a 401 whether there is a newer credential (default: the endpoint's).
    ``deadline_seconds`` bounds each call (default: that of ``external``). ``network`` says how
    connections are made.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        external: External,
        system: Literal["kubernetes", "workload"] = "kubernetes",
        circuit: Circuit | None = None,
        renew: caller.Renew | None = None,
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
        self._deadline_seconds = (
            external.deadline_seconds if deadline_seconds is None else deadline_seconds
        )

    async def send(self, request: ServerRequest, payload: Payload) -> Object:
        if request.verb == "list":
            return await self._list(request, payload)
        decode = answers.object_of if request.verb == "delete" else answers.kubernetes_object_of
        return await self._caller.send(
            call.HttpCall.of(request, payload), decode, deadline_seconds=self._deadline_seconds
        )

    async def _list(self, request: ServerRequest, payload: Payload) -> Object:
        query, page_items = payload.query, self._budget.page_items
        if int(query.get("limit", 0)) > page_items:
            payload = payload._replace(query={**query, "limit": str(page_items)})
        listed = await self._caller.send(
            call.HttpCall.of(request, payload),
            answers.page_of,
            deadline_seconds=LIST_DEADLINE_SECONDS,
        )
        metadata = listed.metadata
        return {
            "items": await self._items(request, listed),
            "metadata": {
                "resourceVersion": metadata.resource_version or "",
                "continue": metadata.token or "",
            },
        }

    async def _items(self, request: ServerRequest, listed: answers.Listed) -> Objects:
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

    async def stream(
        self, request: ServerRequest, payload: Payload, *, inactivity_seconds: float
    ) -> AsyncGenerator[client.WatchEvent, None]:
        lines = LineSplitter(self._budget.line_bytes)
        opened = self._caller.stream(request, payload, inactivity_seconds=inactivity_seconds)
        async with contextlib.aclosing(opened) as chunks:
            async for chunk in chunks:
                for line in lines_of(lines, chunk, request):
                    yield event_of(line, request, self._budget)
        if lines.pending:
            message = "the stream ended in the middle of a line"
            raise errors.UnreachableError(message, request=str(request))

    async def raw(self, path: str) -> Object:
        if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            raise errors.InvalidError("a path of the API must be plain: /segment/segment")
        ready = call.HttpCall("get raw", "GET", path, subject=path)
        return await self._caller.send(
            ready, answers.object_of, deadline_seconds=self._deadline_seconds
        )

    async def swap(self, endpoint: Endpoint) -> None:
        """Use ``endpoint`` from now on; calls in flight end on the old one."""
        await self._caller.swap(endpoint)

    async def close(self) -> None:
        await self._caller.close()


class HttpClient(client.KubeClient):
    """A KubeClient on a real API server. The options are those of :class:`HttpTransport`."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        external: External,
        system: Literal["kubernetes", "workload"] = "kubernetes",
        circuit: Circuit | None = None,
        renew: caller.Renew | None = None,
        field_manager: str = client.FIELD_MANAGER,
        deadline_seconds: float | None = None,
        network: dialing.Network = dialing.OPEN,
        role: str = "",
    ) -> None:
        self._http = HttpTransport(
            endpoint,
            external=external,
            system=system,
            circuit=circuit,
            renew=renew,
            deadline_seconds=deadline_seconds,
            network=network,
            role=role,
        )
        super().__init__(self._http, field_manager=field_manager)

    async def swap(self, endpoint: Endpoint) -> None:
        """Use ``endpoint`` from now on; calls in flight end on the old one."""
        await self._http.swap(endpoint)
