"""A watch that is left leaves no socket, also where the server says no farewell."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pathlib
import ssl
from collections.abc import AsyncIterator

import pytest
from akoo_testbed.kube import kubeconfig
from akoo_testbed.trust import certificates

from akoo_core import external
from akoo_core.kube import transport
from akoo_core.kube.access import config
from akoo_core.kube.resource import SECRETS

EVENT = {"type": "ADDED", "object": {"metadata": {"name": "a", "resourceVersion": "1"}}}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


class Deaf:
    """An API server over TLS that answers every watch with one event, then hears nothing more."""

    def __init__(self) -> None:
        self.authority = certificates.Authority("farewell")
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    @contextlib.asynccontextmanager
    async def serving(self, folder: pathlib.Path) -> AsyncIterator[Deaf]:
        self.authority.server().write(folder, "tls")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        server = await asyncio.start_server(self._serve, "127.0.0.1", ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            for writer in self._writers:
                writer.transport.abort()
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        line = json.dumps(EVENT).encode() + b"\n"
        writer.write(ANSWER + b"%x\r\n%s\r\n" % (len(line), line))
        await writer.drain()
        # From now on TLS does not see the farewell of the other side, nor answer it.
        writer.transport.pause_reading()  # type: ignore[attr-defined]


def sockets_to(port: int) -> set[str]:
    """The sockets of this process that are connected to a port, by inode."""
    sockets = set()
    for line in pathlib.Path("/proc/self/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[2].rpartition(":")[2], 16) == port:
            sockets.add(f"socket:[{fields[9]}]")
    held = set()
    for path in pathlib.Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            held.add(str(path.readlink()))
    return sockets & held


@pytest.mark.parametrize("way", ["left", "cancelled"])
async def test_a_watch_that_is_left_holds_no_socket(tmp_path: pathlib.Path, way: str) -> None:
    async with Deaf().serving(tmp_path) as server:
        file = tmp_path / "kubeconfig"
        url = f"https://127.0.0.1:{server.port}"
        file.write_text(kubeconfig.with_token(url, server.authority.pem, "t"))
        endpoint = await config.endpoint_of(str(file))
        kube = transport.HttpClient(endpoint, external=external.External())
        seen = asyncio.Event()

        async def follow() -> None:
            async with contextlib.aclosing(kube.watch(SECRETS)) as events:
                async for _ in events:
                    assert len(sockets_to(server.port)) == 1
                    seen.set()
                    if way == "left":
                        return

        following = asyncio.create_task(follow())
        await asyncio.wait_for(seen.wait(), 10)
        if way == "cancelled":
            following.cancel()
        await asyncio.wait({following})
        assert following.cancelled() == (way == "cancelled")
        await kube.close()
        assert sockets_to(server.port) == set()
