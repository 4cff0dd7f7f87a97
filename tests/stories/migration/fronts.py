"""HTTPS servers of a story of a switch: the ancestor's webhook, and a way to an API server on which
commands are killed."""

from __future__ import annotations

import asyncio
import base64
import collections
import contextlib
import pathlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any, Final

import aiohttp
import yarl
from aiohttp import web
from akoo_testbed.ancestor import objects
from akoo_testbed.ancestor.api import Api
from akoo_testbed.trust import certificates

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

WRITES: Final = frozenset(("PATCH", "POST", "PUT", "DELETE"))
JOURNAL: Final = "configmaps"
_HEADERS: Final = ("Accept", "Content-Type")
_KEPT: Final = ("Content-Type", "Retry-After")


@contextlib.asynccontextmanager
async def served(
    authority: certificates.Authority, folder: pathlib.Path, name: str, handler: Handler
) -> AsyncIterator[str]:
    """The URL of a server that answers by ``handler`` until the block ends."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.server().write(folder, name))
    server = web.Server(handler, access_log=None)
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


class Killer:
    """A way to an API server on which a process is killed after a write, before it has its answer.

    ``after``: the numbers of a kind's writes; None: each write. After a write of the journal it is
    killed in any case.
    """

    def __init__(self, target: str, tls: ssl.SSLContext, after: Collection[int] | None) -> None:
        self._target = target
        self._tls = tls
        self._after = after
        self._writes: collections.Counter[tuple[str, ...]] = collections.Counter()
        self.process: asyncio.subprocess.Process | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The server's own answer."""
        headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
        url = yarl.URL(self._target + request.path_qs, encoded=True)
        body = await request.read()
        connector = aiohttp.TCPConnector(ssl=self._tls)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(request.method, url, data=body, headers=headers) as answer,
        ):
            content = await answer.read()
            if request.method in WRITES and answer.status < 400 and self._is_due(request):
                assert self.process is not None
                self.process.kill()
                await self.process.wait()
            kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            return web.Response(status=answer.status, body=content, headers=kept)

    def _is_due(self, request: web.BaseRequest) -> bool:
        kind = kind_of(request.path)
        self._writes[request.method, *kind] += 1
        number = self._writes[request.method, *kind]
        return kind[:1] == (JOURNAL,) or self._after is None or number in self._after


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
