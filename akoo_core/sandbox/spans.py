"""Spans that come before Jaeger does: its first build takes minutes, and the story does not wait.

A server takes them at the address at which Jaeger will be, and passes them on when it is there.
"""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from akoo_testbed.bed import Bed
from akoo_testbed.building import build

from akoo_core.sandbox import display

MOST_BYTES = 64 * 1024 * 1024
"""Kept at most; a story has some hundred KiB."""
PATH = "/v1/traces"
SECONDS = 10.0
"""For one request to Jaeger."""


class SpanBuffer:
    """An OTLP receiver over HTTP that keeps what it gets."""

    def __init__(self, otlp_url: str) -> None:
        self._url = otlp_url
        self._requests: list[tuple[str, bytes]] = []
        self._bytes = 0
        application = web.Application(client_max_size=MOST_BYTES)
        application.router.add_post(PATH, self._take)
        self._runner = web.AppRunner(application, access_log=None)

    async def open(self) -> None:
        """Listen at the address."""
        await self._runner.setup()
        parts = urlsplit(self._url)
        await web.TCPSite(self._runner, parts.hostname, parts.port).start()

    async def close(self) -> None:
        """Leave the address. Safe to call twice."""
        await self._runner.cleanup()

    async def pass_on(self) -> None:
        """Send what was kept to the one that is at the address now. Raises ClientError."""
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with aiohttp.ClientSession(
            timeout=timeout, trust_env=False, raise_for_status=True
        ) as session:
            while self._requests:
                kind, body = self._requests[0]
                headers = {"Content-Type": kind}
                async with session.post(f"{self._url}{PATH}", data=body, headers=headers):
                    del self._requests[0]

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()  # aiohttp has unpacked gzip
        if self._bytes + len(body) > MOST_BYTES:
            return web.Response(status=429)
        self._bytes += len(body)
        self._requests.append((request.content_type, body))
        return web.Response(content_type=request.content_type)


class LateJaeger:
    """Jaeger of a bed that started without it. Use as ``async with``; then `arrive`."""

    def __init__(self, bed: Bed) -> None:
        if bed.jaeger is None:
            raise RuntimeError("the sandbox's bed has a Jaeger")
        self._bed = bed
        self._jaeger = bed.jaeger
        self._buffer = SpanBuffer(bed.jaeger.otlp_url)

    async def __aenter__(self) -> LateJaeger:
        await self._buffer.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._buffer.close()

    async def arrive(self, show: display.Display) -> None:
        """Build Jaeger, start it, and give it the spans so far. Raises BuildError or PartError."""
        started = time.monotonic()
        built = await asyncio.to_thread(build.ensure, ("jaeger",))
        self._bed.base.built = self._bed.base.built.with_(built)
        await self._buffer.close()
        await self._jaeger.start()
        await self._jaeger.ready()
        await self._buffer.pass_on()
        show.line()
        show.heading("jaeger", "built, started, has the spans so far", time.monotonic() - started)
