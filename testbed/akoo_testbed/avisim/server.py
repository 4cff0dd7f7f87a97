"""The HTTPS server around a controller: it moves bytes, and does as faults tell it."""

import asyncio
import ipaddress
import pathlib
import ssl
import tempfile
import types

from aiohttp import web

from akoo_testbed.avisim import controller as controllers
from akoo_testbed.avisim import faults, values
from akoo_testbed.process import ports
from akoo_testbed.trust import certificates

HOST = "127.0.0.1"
_LOOK_SECONDS = 0.02
"""A fault that is taken away is missed that late."""


class AviServer:
    """Serves a controller over HTTPS under a CA of its own, on the loopback unless told otherwise.

    `async with AviServer(controller) as server:`, or `start` and `stop`. Default port: picked.
    """

    def __init__(
        self,
        controller: controllers.Controller,
        *,
        host: str = HOST,
        port: int | None = None,
    ) -> None:
        self.controller = controller
        self.host = host
        self._picked = port is None
        self.port = ports.pick() if port is None else port
        self.authority = certificates.Authority("avisim")
        self._server: web.Server | None = None
        self._runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        """The URL of the server."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{shown}:{self.port}"

    @property
    def ca_pem(self) -> str:
        """The certificate that clients should trust."""
        return self.authority.pem

    async def start(self) -> None:
        """Begin to serve. Raises OSError if the port is taken."""
        self._server = web.Server(self._serve, access_log=None)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self._tls())
        await site.start()

    async def stop(self) -> None:
        """Cut all connections and stop."""
        runner, self._runner = self._runner, None
        if runner is not None and self._server is not None:
            for connection in self._server.connections:
                if connection.transport is not None:
                    connection.transport.abort()  # TLS would wait for clients to say goodbye
            await runner.cleanup()
        if self._picked:
            ports.release(self.port)

    async def __aenter__(self) -> "AviServer":
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        await self.stop()

    def _tls(self) -> ssl.SSLContext:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        pair = self.authority.server(names=("localhost",), addresses=self._addresses())
        with tempfile.TemporaryDirectory(prefix="avisim-") as folder:
            certificate, key = pair.write(pathlib.Path(folder), "server")
            tls.load_cert_chain(certificate, key)
        return tls

    def _addresses(self) -> list[str]:
        hosts = [HOST]
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return hosts
        return list(dict.fromkeys([*hosts, self.host]))

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = await _read(request, self.url)
        meeting = self.controller.meet(asked)
        fault = meeting.fault
        if fault is not None:
            await self._wait(fault, fault.hold_seconds)
        response = self.controller.handle(asked, meeting)
        if fault is not None:
            await self._wait(fault, fault.delay_seconds)
        if response.drop:
            return _cut(request)
        return _written(response)

    async def _wait(self, fault: faults.Fault, seconds: float) -> None:
        """Until then, or until the fault is taken away (by any thread)."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0 and self.controller.faults.lasts(fault):  # noqa: ASYNC110 - of any thread
            await asyncio.sleep(min(left, _LOOK_SECONDS))


async def _read(request: web.BaseRequest, url: str) -> values.Request:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        name = name.lower()  # noqa: PLW2901 - names are looked up in lower case
        headers[name] = f"{headers[name]}; {value}" if name in headers else value
    host = headers.get("host")
    return values.Request(
        method=request.method,
        target=request.raw_path,
        headers=headers,
        body=await request.read() if request.can_read_body else b"",
        origin=f"https://{host}" if host else url,
        peer=request.remote or "",
    )


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    """No answer: the connection is reset."""
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


def _written(response: values.Response) -> web.Response:
    written = web.Response(status=response.status, reason=response.reason, body=response.body)
    if response.status != web.HTTPNoContent.status_code:
        written.headers["Content-Type"] = response.content_type
    for name, value in response.headers:
        written.headers.add(name, value)
    return written
