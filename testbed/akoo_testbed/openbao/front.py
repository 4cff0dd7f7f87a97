"""A TLS front before an OpenBao server: requests pass unchanged unless a fault concerns them."""

import asyncio
import contextlib
import dataclasses
import ssl

import aiohttp
from aiohttp import web

from akoo_testbed import waiting
from akoo_testbed.openbao.options import Action, Fault, When
from akoo_testbed.process import ports

_DROPPED = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
_SECONDS = 30.0


@dataclasses.dataclass
class _Injected:
    fault: Fault
    seen: int = 0
    applied: int = 0
    happened: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    released: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    held: list[web.Request] = dataclasses.field(default_factory=list)

    def concerns(self, method: str, path: str) -> bool:
        """True if the fault happens to this request; counts it."""
        fault = self.fault
        if fault.method not in {"", method} or fault.path not in path:
            return False
        self.seen += 1
        if self.seen <= fault.skip or (fault.count and self.applied >= fault.count):
            return False
        self.applied += 1
        self.happened.set()
        return True


class Front:
    """Listens on a port of its own, with a certificate of the bed; `close` it at the end."""

    def __init__(self, onward: str, tls: ssl.SSLContext, certificate: tuple[str, str]) -> None:
        self.port = ports.pick()
        self.calls: list[tuple[str, str]] = []
        """Method and path of each request so far."""
        self._onward = onward
        self._tls = tls
        self._certificate = certificate
        self._faults: dict[int, _Injected] = {}
        self._number = 0
        self._session: aiohttp.ClientSession
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """https URL of the front."""
        return f"https://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Begin to listen."""
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        application = web.Application(client_max_size=1 << 25)
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self._certificate)
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=context).start()

    async def close(self) -> None:
        """Release what is held, and stop listening."""
        self.release()
        if self._runner is not None:
            await self._runner.cleanup()
            await self._session.close()
        ports.release(self.port)

    def inject(self, fault: Fault) -> int:
        """Make requests fail; the number by which `release` knows the fault."""
        self._number += 1
        self._faults[self._number] = _Injected(fault)
        return self._number

    def applied(self, number: int) -> int:
        """Number of requests that a fault concerned so far."""
        return self._faults[number].applied

    async def happened(self, number: int) -> None:
        """Wait until a fault concerned a request."""
        await self._faults[number].happened.wait()

    async def deserted(self, number: int) -> None:
        """Wait until the clients of all requests that a fault holds are gone."""
        held = self._faults[number].held

        async def gone() -> bool:
            return not any(map(_waits, held))

        await waiting.until(gone, title="the end of the clients", seconds=_SECONDS)

    def release(self, number: int | None = None) -> None:
        """Remove a fault, or all; what is held goes on."""
        numbers = list(self._faults) if number is None else [number]
        for key in numbers:
            self._faults.pop(key).released.set()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.calls.append((request.method, request.path))
        injected = self._injected(request.method, request.path)
        if injected is None:
            return await self._pass(request)
        if injected.fault.when is When.BEFORE:
            await self._happen(injected, request)
            return await self._refusal(injected, request, None)
        answer = await self._pass(request)
        await self._happen(injected, request)
        return await self._refusal(injected, request, answer)

    def _injected(self, method: str, path: str) -> _Injected | None:
        for injected in self._faults.values():
            if injected.concerns(method, path):
                return injected
        return None

    async def _happen(self, injected: _Injected, request: web.Request) -> None:
        if injected.fault.action is Action.HOLD:
            injected.held.append(request)
            await injected.released.wait()
        if injected.fault.action is Action.CUT:
            _cut(request)

    async def _refusal(
        self, injected: _Injected, request: web.Request, answer: web.Response | None
    ) -> web.StreamResponse:
        """The answer of a request that a fault concerns."""
        fault = injected.fault
        if fault.action is Action.STATUS:
            return web.Response(
                status=fault.status,
                text=fault.body,
                content_type=fault.content_type,
                headers=fault.headers,
            )
        if answer is None:
            # A request whose client is gone before it was passed on has no effect any more.
            answer = await self._pass(request) if _waits(request) else web.Response()
        if fault.action is Action.TRUNCATE:
            return await _truncated(request, answer)
        return answer

    async def _pass(self, request: web.Request) -> web.Response:
        headers = {key: value for key, value in request.headers.items() if _kept(key)}
        try:
            async with self._session.request(
                request.method,
                f"{self._onward}{request.raw_path}",
                data=await request.read(),
                headers=headers,
                ssl=self._tls,
                allow_redirects=False,
            ) as onward:
                kept = {key: value for key, value in onward.headers.items() if _kept(key)}
                return web.Response(status=onward.status, body=await onward.read(), headers=kept)
        except (aiohttp.ClientError, TimeoutError):
            _cut(request)
            return web.Response()


def _kept(header: str) -> bool:
    return header.lower() not in _DROPPED


def _waits(request: web.Request) -> bool:
    """Its client still waits for the answer."""
    return request.transport is not None and not request.transport.is_closing()


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _truncated(request: web.Request, answer: web.Response) -> web.StreamResponse:
    body = answer.body if isinstance(answer.body, bytes) else b""
    headers = {**answer.headers, "Content-Length": str(len(body))}
    response = web.StreamResponse(status=answer.status, headers=headers)
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
    _cut(request)
    return response
