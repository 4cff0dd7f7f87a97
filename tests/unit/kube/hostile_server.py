"""A workload API server that answers whatever a test wants, over plain HTTP on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from akoo_core import clock, external
from akoo_core.kube import circuit, endpoint, transport

Answer = Callable[[str], bytes]
"""From the request's path to all bytes of an answer."""


class HostileServer:
    """``requests`` are the request lines so far, with the headers of each."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.requests: list[list[str]] = []
        self.url = ""

    @property
    def paths(self) -> list[str]:
        return [lines[0].split(" ")[1] for lines in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                self.requests.append(head)
                writer.write(self._answer(head[0].split(" ")[1]))
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def running(answer: Answer) -> AsyncIterator[HostileServer]:
    """The server while the body runs."""
    hostile = HostileServer(answer)
    server = await asyncio.start_server(hostile.serve, "127.0.0.1", 0)
    hostile.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield hostile
    finally:
        server.close()
        await server.wait_closed()


@contextlib.asynccontextmanager
async def client_of(
    hostile: HostileServer, breaker: circuit.Circuit | None = None
) -> AsyncIterator[transport.HttpClient]:
    """The product's client of that server, as of a workload cluster."""
    kube = transport.HttpClient(
        endpoint.Endpoint(server=hostile.url),
        external=external.External(),
        system="workload",
        circuit=breaker or circuit.Circuit(clock.SystemClock()),
        deadline_seconds=5.0,
    )
    try:
        yield kube
    finally:
        await kube.close()


def http(body: bytes | str = b"", code: str = "200 OK", **headers: str) -> bytes:
    """One complete HTTP answer; ``_`` in names of headers stands for ``-``."""
    content = body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {code}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join((*lines, "", "")).encode() + content
