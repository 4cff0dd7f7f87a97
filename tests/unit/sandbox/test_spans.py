"""Spans that come before Jaeger: kept at its address, and passed on when it is there."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from akoo_testbed.process import ports

from akoo_core.sandbox import spans

PROTOBUF = "application/x-protobuf"


@contextlib.asynccontextmanager
async def jaeger(url: str, *, refusing: int = 0) -> AsyncIterator[list[tuple[str, bytes]]]:
    """A Jaeger that remembers what it gets; it refuses so many requests first."""
    received: list[tuple[str, bytes]] = []
    refusals = iter(range(refusing))

    async def take(request: web.Request) -> web.Response:
        if next(refusals, None) is not None:
            return web.Response(status=503)
        received.append((request.content_type, await request.read()))
        return web.Response()

    application = web.Application()
    application.router.add_post("/v1/traces", take)
    runner = web.AppRunner(application)
    await runner.setup()
    parts = urlsplit(url)
    await web.TCPSite(runner, parts.hostname, parts.port).start()
    try:
        yield received
    finally:
        await runner.cleanup()


async def send(url: str, body: bytes, *, packed: bool = False) -> int:
    """Send spans as an exporter does; the status of the answer."""
    headers = {"Content-Type": PROTOBUF, **({"Content-Encoding": "gzip"} if packed else {})}
    data = gzip.compress(body) if packed else body
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/v1/traces", data=data, headers=headers) as answer,
    ):
        await answer.read()
        return answer.status


@pytest.fixture
def url() -> str:
    return f"http://127.0.0.1:{ports.pick()}"


async def test_they_are_kept_and_passed_on_in_order(url: str) -> None:
    buffer = spans.SpanBuffer(url)
    await buffer.open()
    assert [await send(url, b"one"), await send(url, b"two", packed=True)] == [200, 200]
    await buffer.close()
    async with jaeger(url) as received:
        await buffer.pass_on()
        assert received == [(PROTOBUF, b"one"), (PROTOBUF, b"two")]
        await buffer.pass_on()
        assert len(received) == 2, "each once"


async def test_what_jaeger_refuses_is_kept(url: str) -> None:
    buffer = spans.SpanBuffer(url)
    await buffer.open()
    await send(url, b"one")
    await buffer.close()
    async with jaeger(url, refusing=1) as received:
        with pytest.raises(aiohttp.ClientResponseError):
            await buffer.pass_on()
        await buffer.pass_on()
        assert received == [(PROTOBUF, b"one")]


async def test_more_than_it_keeps_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "MOST_BYTES", 5)
    buffer = spans.SpanBuffer(url)
    await buffer.open()
    assert [await send(url, b"one"), await send(url, b"two")] == [200, 429]
    await buffer.close()
