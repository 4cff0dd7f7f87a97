"""HTTPS to one vCenter: a few connections that are kept, and bounded answers.

pyvmomi's own transport reads answers of any size, takes an HTML page for an answer without a value,
checks a pinned certificate on its first connection only, and cannot be stopped. Everything here
blocks.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from akoo_core.plugin import accounts
from akoo_vsphere.client import trust
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.opening import TlsOpener
from akoo_vsphere.client.wire import Exchange, LostError, StrangeAnswerError

MAX_BYTES: Final = 64 * 1024 * 1024
"""Largest answer. A page of properties of 10,000 port groups has 5 MiB."""
MAX_ERROR_BYTES: Final = 64 * 1024
"""Largest answer that is not read as one of vCenter (an HTML page)."""
IDLE_SECONDS: Final = 30.0
"""A connection that was idle for this long is not used again: servers close them unasked."""
_CHUNK: Final = 256 * 1024
_READ: Final = frozenset({200, 500})
"""States of HTTP that SOAP uses."""


class HttpAnswer(NamedTuple):
    """An answer with status 200 or 500."""

    status: int
    body: bytes
    cookies: tuple[str, ...]
    """Values of ``Set-Cookie``."""


class _Http(http.client.HTTPConnection):
    """HTTP over a socket that is there already. It never opens one, least of all in the clear."""

    default_port = accounts.HTTPS_PORT

    def __init__(self, host: str, port: int, connection: ssl.SSLSocket) -> None:
        super().__init__(host, port)
        self.sock: ssl.SSLSocket = connection
        self.used_at = time.monotonic()

    def connect(self) -> None:
        raise http.client.NotConnected

    @property
    def stale(self) -> bool:
        """The server has closed it, or it was idle for too long."""
        if time.monotonic() - self.used_at > IDLE_SECONDS:
            return True
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))


class Transport:
    """Connections to the vCenter of one account. Used from several threads.

    Each connection is checked against CA or pin before anything is sent on it.
    """

    def __init__(self, account: Account, *, connections: int, max_bytes: int = MAX_BYTES) -> None:
        self._account = account
        self._connections = connections
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._idle: list[_Http] = []
        self._opener = TlsOpener(account)
        self._closed = False

    def request(
        self,
        method: str,
        path: str,
        exchange: Exchange,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """The answer. Raises LostError, TlsError, StrangeAnswerError (another HTTP status)."""
        exchange.begun = True
        with self._translated(exchange):
            connection = self._take() or self._open(exchange)
            kept = False
            try:
                exchange.attach(connection.sock)
                connection.sock.settimeout(exchange.left())
                exchange.sent = True
                connection.request(method, path, body, dict(headers or {}))
                response = connection.getresponse()
                answer = self._read(response, exchange)
                kept = not response.will_close
                return answer
            finally:
                exchange.detach()
                self._give_back(connection, kept=kept)

    def close(self) -> None:
        """Close idle connections; others are closed with their request. Does not wait."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _read(self, response: http.client.HTTPResponse, exchange: Exchange) -> HttpAnswer:
        bounded = response.status in _READ
        limit = self._max_bytes if bounded else MAX_ERROR_BYTES
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise StrangeAnswerError(
                    f"its answer is larger than {limit // 1024} KiB", status=response.status
                )
            chunks.append(chunk)
            exchange.left()
        if response.length:
            raise LostError("the connection was cut", sent=True)
        if not bounded:
            raise StrangeAnswerError(f"HTTP {response.status}", status=response.status)
        if response.getheader("Content-Encoding", "identity").lower() != "identity":
            raise StrangeAnswerError("its answer is compressed", status=response.status)
        cookies = tuple(response.headers.get_all("Set-Cookie") or ())
        return HttpAnswer(response.status, b"".join(chunks), cookies)

    def _take(self) -> _Http | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if not connection.stale:
                return connection
            connection.close()

    def _open(self, exchange: Exchange) -> _Http:
        host, port = self._opener.where()
        return _Http(host, port, self._opener.open(exchange))

    def _give_back(self, connection: _Http, *, kept: bool) -> None:
        connection.used_at = time.monotonic()
        if kept:
            with self._lock:
                if not self._closed and len(self._idle) < self._connections:
                    self._idle.append(connection)
                    return
        connection.close()

    @contextlib.contextmanager
    def _translated(self, exchange: Exchange) -> Iterator[None]:
        """Translate errors of sockets and HTTP: their texts may hold what was sent."""
        try:
            yield
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            raise LostError("the connection was cut", sent=exchange.sent) from None
        except ssl.SSLError as error:
            if exchange.sent:
                raise LostError("the connection was damaged", sent=True) from None
            raise trust.refused(error, self._account) from None
        except TimeoutError:
            problem = "it did not answer in time" if exchange.sent else "it did not accept in time"
            raise LostError(problem, sent=exchange.sent) from None
        except (OSError, http.client.HTTPException, ValueError):
            problem = "the connection was cut" if exchange.sent else "nobody accepts connections"
            raise LostError(problem, sent=exchange.sent) from None
