"""A port of the gate, with TLS or without; it can be closed, and opened again at the same place."""

from __future__ import annotations

import asyncio
import pathlib
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp import web
from akoo_testbed.process import ports
from akoo_testbed.trust import certificates

Authority = certificates.Authority
Tls = ssl.SSLContext
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def trusting(authority: Authority) -> Tls:
    """A client's context that trusts this authority only."""
    return ssl.create_default_context(cadata=authority.pem)


def abort(request: web.BaseRequest) -> web.StreamResponse:
    """Cut the connection of a request; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def abort_upstream(got: aiohttp.ClientResponse) -> None:
    """Cut the connection to a server, without waiting for its farewell."""
    if got.connection is not None and got.connection.transport is not None:
        got.connection.transport.abort()


class Front:
    """Serves ``handle`` on one port of 127.0.0.1."""

    def __init__(self, handle: Handler, authority: Authority | None) -> None:
        self.port = ports.pick()
        self.upstream = ""
        self._handle = handle
        self._authority = authority
        self._runner: web.ServerRunner | None = None
        self._handling: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"{'https' if self._authority else 'http'}://127.0.0.1:{self.port}"

    async def open(self, authority: Authority | None = None) -> None:
        """Begin to listen, with a certificate of that authority if one is given."""
        self._authority = authority or self._authority
        server = web.Server(self._kept, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        tls = _serving(self._authority) if self._authority else None
        await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=tls).start()
        self._runner = runner

    async def close(self) -> None:
        """Refuse connections and cut those that are open. Safe to call twice."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        assert runner.server is not None
        for connection in tuple(runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()
        handling = tuple(self._handling)
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)
        await runner.cleanup()

    async def _kept(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        self._handling.add(task)
        try:
            return await self._handle(request)
        finally:
            self._handling.discard(task)


def _serving(authority: Authority) -> Tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="akoo-fire-") as folder:
        context.load_cert_chain(*authority.server().write(pathlib.Path(folder), "front"))
    return context
