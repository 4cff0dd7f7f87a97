"""Bytes to and from one endpoint, by aiohttp.

kubernetes_asyncio gives us configuration and credentials (:mod:`akoo_core.kube.access.config`),
not its transport: its ``call_api`` fixes ``trust_env=True`` (a proxy or a .netrc from the
environment), follows redirects with the Authorization header on, takes TLS material from files
only, and reads lines of a watch through a buffer of 2 MiB. None of that can be told otherwise
from outside.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from asyncio import sslproto
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import aiohttp

import akoo_core
from akoo_core import trust
from akoo_core.kube import dialing, errors
from akoo_core.kube.budget import MANAGEMENT, Budget
from akoo_core.kube.endpoint import Endpoint
from akoo_core.outside import failures
from akoo_core.outside.proxies import HttpProxy

USER_AGENT = f"akoo-core/{akoo_core.__version__}"
CONNECT_SECONDS = 5.0
CALLS_LIMIT = 64
"""Plain calls in flight to one server; more wait for their turn."""
TLS_BUFFER = 32 * 1024
"""Bytes of the read buffer of each TLS connection, held while it is open: two TLS records.
asyncio takes 256 KiB, which is 500 MiB for a watch of each of 2,000 clusters."""
PROXY_LOGIN = 407
"""Status of a proxy that asks for a credential."""

FAILURES = (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError, ValueError)
"""Errors of connections and answers. ValueError: names that IDNA refuses (UnicodeError), addresses
and headers that libraries refuse."""
UNTRUSTED = "no answer from it that can be trusted (server, certificate-authority-data; is it up?)"
"""The only message where a tenant chose the address; see dialing.Network.quiet."""


class HttpAnswer(NamedTuple):
    """One complete answer, whatever its status."""

    code: int
    body: bytes
    retry_after: str | None


class Connection:
    """The pools of one endpoint: one for calls, and one for watches, so that watches never block
    calls."""

    def __init__(
        self,
        endpoint: Endpoint,
        budget: Budget = MANAGEMENT,
        network: dialing.Network = dialing.OPEN,
    ) -> None:
        self.endpoint = endpoint
        self._budget = budget
        self._network = network
        self._calls: aiohttp.ClientSession | None = None
        self._watches: aiohttp.ClientSession | None = None
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.closed = False

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
        request: str,
        limit: int = MANAGEMENT.object_bytes,
    ) -> HttpAnswer:
        """Send and read to the end, at most ``limit`` bytes. The caller sets the deadline.

        Raises UnreachableError, and ServerError for an answer that is too long.
        """
        try:
            if self._calls is None:
                self._calls = self._session(CALLS_LIMIT)
            with self._used():
                async with self._calls.request(
                    method,
                    self.endpoint.server + path,
                    params=query,
                    data=body,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                    **await self._options(headers),
                ) as response:
                    text = await read_body(response, limit, request)
                    return HttpAnswer(response.status, text, response.headers.get("Retry-After"))
        except (*FAILURES, RuntimeError) as error:
            raise self.failure(error, request) from error

    def failure(self, error: Exception, request: str) -> Exception:
        """The error to raise for ``error``; a closed session of aiohttp raises RuntimeError."""
        if isinstance(error, RuntimeError) and not self.closed:
            return error
        return unreachable(error, self.endpoint, request, quiet=self._network.quiet)

    @contextlib.asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        inactivity_seconds: float,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An open answer; the caller reads it, and translates what goes wrong meanwhile."""
        if self._watches is None:
            self._watches = self._session(0)
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=inactivity_seconds
        )
        with self._used():
            async with self._watches.get(
                self.endpoint.server + path,
                params=query,
                timeout=timeout,
                **await self._options(headers),
            ) as response:
                try:
                    yield response
                finally:
                    _cut(response)

    async def close(self) -> None:
        """Close both pools now; what is in flight fails. Safe to call twice."""
        self.closed = True
        for session in (self._calls, self._watches):
            if session is not None:
                await session.close()
        await asyncio.sleep(0)  # What was cut closes its socket in the next turn of the loop.

    async def close_when_idle(self) -> None:
        """Close both pools once every call in flight has ended."""
        await self._idle.wait()
        await self.close()

    @contextlib.contextmanager
    def _used(self) -> Any:
        self._in_flight += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._idle.set()

    def _session(self, limit: int) -> aiohttp.ClientSession:
        if self.closed:
            raise RuntimeError("this client has been closed")
        # asyncio has no argument for it; where it is gone one day, this does nothing.
        sslproto.SSLProtocol.max_size = TLS_BUFFER
        connector = aiohttp.TCPConnector(
            limit=limit,
            ssl=self.endpoint.tls or True,
            resolver=self._network.resolver,
            socket_factory=None if self._open_to_all else dialing.remote_socket,
        )
        headers = {"User-Agent": USER_AGENT}
        if not self._budget.trusted:
            headers["Accept-Encoding"] = "identity"
        return aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=self._budget.trusted,
            headers=headers,
        )

    @property
    def _open_to_all(self) -> bool:
        """Connections may go to local addresses: they are allowed, or all go to our own proxy."""
        proxied = self.endpoint.through is not None and not self.endpoint.proxy
        return self._network.local or proxied

    async def _options(self, headers: Mapping[str, str]) -> dict[str, Any]:
        authorization = await self.endpoint.authorization.header()
        sent = dict(headers) | ({"Authorization": authorization} if authorization else {})
        options: dict[str, Any] = {"headers": sent, "allow_redirects": False}
        if self.endpoint.tls_server_name:
            options["server_hostname"] = self.endpoint.tls_server_name
        if self.endpoint.proxy:
            options["proxy"] = self.endpoint.proxy
        elif self.endpoint.through is not None:
            options["proxy"] = self.endpoint.through.url
            options["proxy_headers"] = self.endpoint.through.headers
        return options


def _cut(response: aiohttp.ClientResponse) -> None:
    """End the connection of an answer that was not read to its end; others are in their pool.

    An orderly close waits for the server's TLS farewell, up to half a minute, while nothing holds
    the socket: a loop that ends meanwhile would leave it open.
    """
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()


def unreachable(
    error: BaseException, endpoint: Endpoint, request: str, *, quiet: bool = False
) -> errors.UnreachableError:
    """The UnreachableError for ``error``; its message holds nothing that the other side has sent.

    ``quiet``: only the error's detail says how the connection failed.
    """
    detail = _detail(error)
    closed = isinstance(error, RuntimeError)
    local = isinstance(getattr(error, "os_error", None), dialing.LocalAddressError)
    open_to_all = closed or local
    if endpoint.through is not None and not closed:
        failed = _failure_of(endpoint.through, error)
        detail = failed or f"{detail} (through proxy {endpoint.through})"
        # These failures are the same for every address.
        open_to_all |= bool(failed) and getattr(error, "status", PROXY_LOGIN) == PROXY_LOGIN
    message = untrusted(endpoint) if quiet and not open_to_all else detail
    return errors.UnreachableError(
        f"{endpoint.server} cannot be reached: {message}", request=request, detail=detail
    )


def untrusted(endpoint: Endpoint) -> str:
    """The message that does not say how the connection failed."""
    return f"{UNTRUSTED}, through proxy {endpoint.through}" if endpoint.through else UNTRUSTED


def _failure_of(proxy: HttpProxy, error: BaseException) -> str:
    """The problem of a proxy that opened no connection; "" for all other errors."""
    match error:
        case aiohttp.ClientProxyConnectionError():
            return failures.unreachable(proxy)
        case aiohttp.ClientHttpProxyError():
            return failures.refused(proxy, error.status)
    return ""


def _detail(error: BaseException) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError(
            certificate_error=ssl.SSLCertVerificationError() as refused
        ):
            advice = trust.advice(refused, anchors="certificate-authority-data of the kubeconfig")
            return f"its certificate is not trusted: {advice}"
        case aiohttp.ClientSSLError():
            return "the TLS handshake failed (is the client certificate still valid?)"
        case aiohttp.ClientConnectorError(os_error=dialing.LocalAddressError()):
            return dialing.REFUSED + " (setting workloadClusters.allowLocalAddresses)"
        case aiohttp.ClientConnectorError():
            return f"no connection ({error.os_error.strerror or type(error.os_error).__name__})"
        case RuntimeError():
            return "this client has been closed"
        case TimeoutError():
            return "no answer in time"
        case _:
            return f"the connection broke ({type(error).__name__})"


async def read_body(response: aiohttp.ClientResponse, limit: int, request: str) -> bytes:
    """The whole body. Raises ServerError past ``limit`` bytes."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > limit:
            message = f"the answer is longer than {limit} bytes; it was dropped"
            raise errors.ServerError(message, status=response.status, request=request)
        parts.append(part)
    return b"".join(parts)
