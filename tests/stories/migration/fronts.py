"""HTTPS servers of a story of a switch: the ancestor's webhook, and a way to an API server on which
each write is seen."""

from __future__ import annotations

import base64
import contextlib
import pathlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NamedTuple

import aiohttp
import yarl
from aiohttp import web
from akoo_testbed.ancestor import objects
from akoo_testbed.ancestor.api import Api
from akoo_testbed.trust import certificates

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

WRITES: Final = frozenset(("PATCH", "POST", "PUT", "DELETE"))
_HEADERS: Final = ("Accept", "Authorization", "Content-Type")
_KEPT: Final = ("Content-Type", "Retry-After")


@contextlib.asynccontextmanager
async def served(
    authority: certificates.Authority, folder: pathlib.Path, name: str, handler: Handler
) -> AsyncIterator[str]:
    """The URL of a server that answers by ``handler`` until the block ends."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.server().write(folder, name))
    server = web.Server(handler, access_log=None, handler_cancellation=True)
    runner = web.ServerRunner(server, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()


class Webhook:
    """The ancestor's judge of configs. It answers while its Deployment has replicas."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.judged = 0
        """Writes of configs that it has let pass."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """An answer to one AdmissionReview."""
        review = await request.json()
        deployment = await self._api.find(objects.DEPLOYMENTS, objects.NAMESPACE, objects.OPERATOR)
        if deployment is None or not deployment["spec"]["replicas"]:
            return web.json_response({}, status=503)
        self.judged += 1
        answer = {"uid": review["request"]["uid"], "allowed": True}
        kind = {"apiVersion": review["apiVersion"], "kind": review["kind"]}
        return web.json_response({**kind, "response": answer})


class Write(NamedTuple):
    """A write that a server has made."""

    method: str
    kind: tuple[str, ...]
    """See `kind_of`."""


class Front:
    """A way to an API server, and to nothing else.

    ``written`` hears of each write that the server has made, before whoever asked for it does.
    """

    def __init__(
        self, target: str, tls: ssl.SSLContext, written: Callable[[Write], Awaitable[None]]
    ) -> None:
        self._target = target
        self._tls = tls
        self._written = written

    @contextlib.asynccontextmanager
    async def served(
        self, authority: certificates.Authority, folder: pathlib.Path, name: str
    ) -> AsyncIterator[str]:
        """Its URL, until the block ends."""
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=0)
        forever = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=forever) as session:
            self._session = session
            async with served(authority, folder, name, self._handle) as url:
                yield url

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The server's own answer."""
        headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
        url = yarl.URL(self._target + request.path_qs, encoded=True)
        body = await request.read()
        asked = self._session.request(request.method, url, data=body or None, headers=headers)
        async with asked as answer:
            kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            if request.method in WRITES and answer.status < 400:
                content = await answer.read()
                await self._written(Write(request.method, kind_of(request.path)))
                return web.Response(status=answer.status, body=content, headers=kept)
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():  # a watch has no end
                await response.write(chunk)
            return response


def kind_of(path: str) -> tuple[str, ...]:
    """The plural of the objects that a path of an API server names, and the subresource."""
    parts = path.strip("/").split("/")
    parts = parts[2 if parts[0] == "api" else 3 :]
    if parts[0] == "namespaces" and len(parts) > 2:
        parts = parts[2:]
    return (parts[0], *parts[2:])


def webhooks(url: str, authority: certificates.Authority) -> list[dict[str, Any]]:
    """The ancestor's configurations of webhooks, for a webhook at ``url``."""
    configurations = objects.webhooks()
    for configuration in configurations:
        for hook in configuration["webhooks"]:
            path = hook["clientConfig"]["service"]["path"]
            hook["clientConfig"] = {"url": url + path, "caBundle": encoded(authority.pem)}
    return configurations


def encoded(text: str) -> str:
    """A text as the API has it."""
    return base64.b64encode(text.encode()).decode()
