"""The memory of an open TLS connection: asyncio's own size would be 256 KiB."""

from __future__ import annotations

import inspect
import ssl
from asyncio import sslproto

import pytest

from akoo_core.kube import connection, endpoint
from akoo_core.kube import errors as kube_errors


async def test_a_connection_holds_a_small_buffer() -> None:
    opened = connection.Connection(
        endpoint.Endpoint(
            server="https://127.0.0.1:1",
            tls=ssl.create_default_context(),
        )
    )
    try:
        with pytest.raises(kube_errors.UnreachableError):
            await opened.call("GET", "/", query={}, headers={}, body=None, request="get /")
    finally:
        await opened.close()
    assert sslproto.SSLProtocol.max_size == connection.TLS_BUFFER
    source = inspect.getsource(sslproto.SSLProtocol.__init__)
    assert "bytearray(self.max_size)" in source, "asyncio still asks for its size there"
