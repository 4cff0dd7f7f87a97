"""A connection through an HTTP proxy: the request CONNECT and its answer. It blocks."""

from __future__ import annotations

import re
import socket
import time
from typing import Final

from akoo_core.outside import failures, proxies

MAX_BYTES: Final = 8192
"""Longest head of an answer."""
SHARE = 0.8
"""Share of the time of a call that CONNECT may take: so its error comes before that of the call."""
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")


class TunnelError(OSError):
    """The proxy opened no connection; nothing was sent to the server. Its text is ours."""


def open_to(
    connection: socket.socket, host: str, port: int, *, proxy: proxies.HttpProxy, seconds: float
) -> None:
    """Let the proxy at the other end of ``connection`` connect it to ``host``.

    ``seconds`` are left for the call. The timeout of ``connection`` is changed. Raises TunnelError.
    """
    ends = time.monotonic() + seconds * SHARE
    place = proxies.place(host, port)
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}", "User-Agent: akoo-core"]
    lines += [f"{name}: {value}" for name, value in proxy.headers.items()]
    try:
        connection.settimeout(max(seconds * SHARE, 0.001))
        connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        status = _status(_head(connection, ends))
    except TimeoutError:
        raise TunnelError(failures.silent(proxy)) from None
    except (OSError, UnicodeError):
        raise TunnelError(failures.strange(proxy)) from None
    if status is None:
        raise TunnelError(failures.strange(proxy))
    if not 200 <= status < 300:
        raise TunnelError(failures.refused(proxy, status))


def _head(connection: socket.socket, ends: float) -> bytes:
    """The head of the answer, byte by byte: the bytes after it belong to TLS."""
    head = bytearray()
    while not head.endswith(b"\r\n\r\n") and len(head) < MAX_BYTES:
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        byte = connection.recv(1)
        if not byte:
            break
        head += byte
    return bytes(head)


def _status(head: bytes) -> int | None:
    """The status; None for a head that is cut, too long, or not of HTTP."""
    status = _STATUS.match(head)
    return int(status[1]) if status and head.endswith(b"\r\n\r\n") else None
