"""HttpClient against servers that misbehave, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from akoo_core import clock, external
from akoo_core import errors as core_errors
from akoo_core.kube import circuit, client, endpoint, errors, transport
from akoo_core.kube.resource import CLUSTERS, CONFIG_MAPS, SECRETS
from akoo_core.telemetry import metrics

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CANARY = "hunter2-in-a-body"


class Misbehaving:
    """A server whose next answers are given, and which remembers what it was asked."""

    def __init__(self) -> None:
        self.handler: Handler = self.ok
        self.requests: list[web.Request] = []
        self.release = asyncio.Event()
        self.url = ""

    async def ok(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"kind": "Secret", "metadata": {"name": "s"}})

    async def hang(self, _: web.Request) -> web.StreamResponse:
        await self.release.wait()
        return web.json_response({"kind": "Secret", "metadata": {"name": "late"}})

    def say(self, status: int, body: str, **headers: str) -> None:
        async def handler(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, text=body, headers=headers)

        self.handler = handler

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self.handler(request)


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Misbehaving]:
    server = Misbehaving()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.release.set()
        await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Misbehaving]:
    async with serving() as running:
        yield running


class Token:
    """A credential that can be renewed."""

    def __init__(self) -> None:
        self.value, self.newer, self.renewals = "old-token", "", 0

    async def header(self) -> str | None:
        return f"Bearer {self.value}"

    async def renew(self) -> bool:
        self.renewals += 1
        self.value, changed = self.newer or self.value, bool(self.newer)
        return changed


@pytest.fixture
async def make(server: Misbehaving) -> AsyncIterator[Callable[..., transport.HttpClient]]:
    made: list[transport.HttpClient] = []

    def build(token: Token | None = None, **options: Any) -> transport.HttpClient:
        options.setdefault("external", external.External())
        target = endpoint.Endpoint(server=server.url, authorization=token or Token())
        made.append(transport.HttpClient(target, **options))
        return made[-1]

    yield build
    for made_client in made:
        await made_client.close()
        await made_client.close()


Make = Callable[..., transport.HttpClient]


def count(code: str, method: str = "GET", host: str = "management") -> float:
    labels = {"code": code, "method": method, "host": host}
    return metrics.REGISTRY.get_sample_value("rest_client_requests_total", labels) or 0.0


async def test_what_is_sent(server: Misbehaving, make: Make) -> None:
    before = count("200", "PATCH")
    await make().merge_patch(CONFIG_MAPS, "a b", {"data": {"k": None}}, "ns", subresource="status")
    (request,) = server.requests
    assert request.raw_path.startswith("/api/v1/namespaces/ns/configmaps/a%20b/status?")
    assert request.query == {"fieldManager": "akoo-core"}
    assert request.headers["Content-Type"] == "application/merge-patch+json"
    assert request.headers["User-Agent"].startswith("akoo-core/")
    assert request.headers["Authorization"] == "Bearer old-token"
    assert count("200", "PATCH") == before + 1


async def test_redirects_are_not_followed(server: Misbehaving, make: Make) -> None:
    async with serving() as other:
        server.say(302, "", Location=f"{other.url}/steal")
        with pytest.raises(errors.ServerError):
            await make().get(SECRETS, "s", "ns")
        assert other.requests == []


async def test_no_proxy_from_the_environment(
    server: Misbehaving, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        await make().get(SECRETS, "s", "ns")
        assert proxy.requests == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 403, 404, 409, 410, 422, 500, 503])
async def test_a_body_is_quoted_and_logged_by_nobody(
    server: Misbehaving, make: Make, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    server.say(status, f"<html>{CANARY}</html>")
    with caplog.at_level(logging.DEBUG), pytest.raises(errors.KubeError) as caught:
        await make().get(SECRETS, "s", "ns")
    assert CANARY not in str(caught.value)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("body", ["", "[]", '"x"', "null", '{"items": 7}', '{"items": {}}'])
async def test_a_list_that_is_none(server: Misbehaving, make: Make, body: str) -> None:
    server.say(200, body)
    with pytest.raises(errors.ServerError):
        await make().list(SECRETS)


async def test_silence_ends_with_the_deadline(server: Misbehaving, make: Make) -> None:
    server.handler = server.hang
    with pytest.raises(errors.UnreachableError, match="no answer within"):
        await make(deadline_seconds=0.2).get(SECRETS, "s", "ns")


async def test_a_client_without_a_deadline_has_that_of_its_seam(server: Misbehaving) -> None:
    server.handler = server.hang
    seam = external.External(deadline_seconds=0.2)
    kube = transport.HttpClient(endpoint.Endpoint(server=server.url), external=seam)
    try:
        with pytest.raises(errors.UnreachableError, match="no answer within"):
            await kube.get(SECRETS, "s", "ns")
    finally:
        await kube.close()


async def test_nobody_listens(make: Make) -> None:
    async with serving() as gone:
        url = gone.url
    target = endpoint.Endpoint(server=url)
    kube = transport.HttpClient(target, external=external.External())
    before = count("<error>")
    with pytest.raises(errors.UnreachableError, match="cannot be reached: no connection"):
        await kube.get(SECRETS, "s", "ns")
    assert count("<error>") == before + 1
    await kube.close()


async def test_a_401_is_tried_again_once_with_a_newer_credential(
    server: Misbehaving, make: Make
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.headers["Authorization"] == "Bearer new-token":
            return await server.ok(request)
        return web.Response(status=401)

    server.handler = handler
    token = Token()
    kube = make(token)
    with pytest.raises(errors.UnauthorizedError):
        await kube.get(SECRETS, "s", "ns")
    assert (len(server.requests), token.renewals) == (1, 1)
    token.newer = "new-token"
    answers = await asyncio.gather(*(kube.get(SECRETS, "s", "ns") for _ in range(5)))
    assert len(answers) == 5
    assert token.renewals == 2, "one renewal for all"


async def test_a_429_is_sent_again_when_the_server_says(server: Misbehaving, make: Make) -> None:
    """As while the cache of a new kind is filled: nothing was done, and it says how long."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if len(server.requests) < 3:
            return web.Response(status=429, headers={"Retry-After": "0.01"})
        return await server.ok(request)

    server.handler = handler
    await make().get(SECRETS, "s", "ns")
    assert len(server.requests) == 3


async def test_a_429_for_longer_than_a_call_may_take_is_an_error(
    server: Misbehaving, make: Make
) -> None:
    server.say(429, "", **{"Retry-After": "60"})
    with pytest.raises(errors.TooManyRequestsError) as caught:
        await make(deadline_seconds=5.0).get(SECRETS, "s", "ns")
    assert caught.value.retry_after_seconds == 60
    assert len(server.requests) == 1


async def test_a_write_asks_the_guard_first(server: Misbehaving, make: Make) -> None:
    class Lost:
        def check(self) -> None:
            raise core_errors.LeadershipLostError("lost")

    kube = make(external=external.External(guard=Lost()))
    await kube.get(SECRETS, "s", "ns")
    with pytest.raises(core_errors.LeadershipLostError):
        await kube.delete(SECRETS, "s", "ns")
    assert len(server.requests) == 1


async def test_every_call_goes_through_the_seam(server: Misbehaving, make: Make) -> None:
    sites: list[tuple[str, bool]] = []

    class Interceptor:
        def before(self, site: str, *, write: bool) -> None:
            sites.append((site, write))

        def after(self, site: str, *, write: bool) -> None:
            pass

    kube = make(external=external.External(interceptor=Interceptor()), system="workload")
    server.say(200, '{"items": [], "metadata": {"name": "x"}}')
    obj: client.Object = {"metadata": {"name": "x", "namespace": "ns", "resourceVersion": "1"}}
    await kube.get(SECRETS, "x", "ns")
    await kube.list(SECRETS)
    await kube.create(SECRETS, obj)
    await kube.replace(SECRETS, obj)
    await kube.merge_patch(CLUSTERS, "x", {}, "ns", subresource="status")
    await kube.json_patch(CLUSTERS, "x", [], "ns")
    await kube.apply(SECRETS, obj)
    await kube.delete(SECRETS, "x", "ns")
    await kube.raw("/version")
    async with contextlib.aclosing(kube.watch(SECRETS)) as events:
        with pytest.raises(errors.KubeError):
            await anext(events)
    assert sites == [
        ("workload get secrets", False),
        ("workload list secrets", False),
        ("workload create secrets", True),
        ("workload update secrets", True),
        ("workload patch clusters/status", True),
        ("workload patch clusters", True),
        ("workload apply secrets", True),
        ("workload delete secrets", True),
        ("workload get raw", False),
        ("workload watch secrets", False),
    ]


# Watches.


def streams(*chunks: bytes, then: Callable[[], Awaitable[object]] | None = None) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if then is not None:
            await then()
        return response

    return handler


def event(name: str, **extra: Any) -> bytes:
    obj = {"metadata": {"name": name}, **extra}
    return json.dumps({"type": "ADDED", "object": obj}).encode() + b"\n"


async def read(kube: transport.HttpClient, **options: Any) -> list[str]:
    async with contextlib.aclosing(kube.watch(SECRETS, **options)) as events:
        return [event.object["metadata"]["name"] async for event in events]


async def test_a_watch_ends_normally(server: Misbehaving, make: Make) -> None:
    whole = event("a") + b"\n" + event("b")
    server.handler = streams(whole[:7], whole[7:60], whole[60:])
    assert await read(make(), resource_version="5", timeout_seconds=7) == ["a", "b"]
    assert server.requests[0].query == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "5",
        "timeoutSeconds": "7",
    }


async def test_a_line_of_megabytes(server: Misbehaving, make: Make) -> None:
    server.handler = streams(event("big", data="x" * 5_000_000), event("small"))
    assert await read(make()) == ["big", "small"]


async def test_a_cut_line_is_an_error(server: Misbehaving, make: Make) -> None:
    server.handler = streams(event("a"), event("b")[:-9])
    with pytest.raises(errors.UnreachableError, match="middle of a line"):
        await read(make())


async def test_a_broken_connection_is_an_error(server: Misbehaving, make: Make) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await streams(event("a"))(request)
        assert request.transport is not None
        request.transport.abort()
        return response

    server.handler = handler
    with pytest.raises(errors.UnreachableError):
        await read(make())


async def test_silence_is_an_error(server: Misbehaving, make: Make) -> None:
    server.handler = streams(event("a"), then=server.release.wait)
    with pytest.raises(errors.UnreachableError, match="silent for"):
        await read(make(), inactivity_seconds=0.2)


async def test_an_error_event_is_raised(server: Misbehaving, make: Make) -> None:
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    server.handler = streams(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
    with pytest.raises(errors.GoneError, match="too old"):
        await read(make())


async def test_a_watch_that_is_refused(server: Misbehaving, make: Make) -> None:
    server.say(429, json.dumps({"kind": "Status", "code": 429}), **{"Retry-After": "9"})
    with pytest.raises(errors.TooManyRequestsError) as caught:
        await read(make())
    assert caught.value.retry_after_seconds == 9.0


async def test_watches_never_starve_calls(server: Misbehaving, make: Make) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            return await streams(event("a"), then=server.release.wait)(request)
        return await server.ok(request)

    server.handler = handler
    kube = make()
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(110):
            events = await stack.enter_async_context(contextlib.aclosing(kube.watch(SECRETS)))
            await anext(events)
        await asyncio.wait_for(kube.get(SECRETS, "s", "ns"), 5)


# Circuit and swap.


async def test_the_circuit_spares_a_silent_server(server: Misbehaving, make: Make) -> None:
    now = clock.ManualClock()
    breaker = circuit.Circuit(now, chance=random.Random(1))
    kube = make(circuit=breaker, deadline_seconds=0.1, system="workload")
    server.handler = server.hang
    for _ in range(circuit.THRESHOLD):
        with pytest.raises(errors.UnreachableError):
            await kube.get(SECRETS, "s", "ns")
    with pytest.raises(errors.CircuitOpenError) as caught:
        await kube.get(SECRETS, "s", "ns")
    with pytest.raises(errors.CircuitOpenError):
        await read(kube)
    assert len(server.requests) == circuit.THRESHOLD
    now.advance(caught.value.retry_after_seconds)
    assert breaker.silent_seconds > 0
    server.say(500, "")  # an answer is an answer
    with pytest.raises(errors.ServerError):
        await kube.get(SECRETS, "s", "ns")
    assert breaker.silent_seconds == 0
    server.handler = server.ok
    await kube.get(SECRETS, "s", "ns")


async def test_a_swap_lets_calls_in_flight_end(server: Misbehaving, make: Make) -> None:
    entered = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        entered.set()
        return await server.hang(request)

    server.handler = hang
    kube = make()
    async with serving() as other:
        late = asyncio.create_task(kube.get(SECRETS, "s", "ns"))
        await entered.wait()
        await kube.swap(endpoint.Endpoint(server=other.url))
        assert (await kube.get(SECRETS, "s", "ns"))["metadata"]["name"] == "s"
        server.release.set()
        assert (await late)["metadata"]["name"] == "late"
        assert len(other.requests) == 1
        await kube.close()


async def test_closing_ends_old_connections_too(server: Misbehaving, make: Make) -> None:
    server.handler = streams(event("a"), then=server.release.wait)
    kube = make()
    async with contextlib.aclosing(kube.watch(SECRETS)) as events:
        await anext(events)
        await kube.swap(endpoint.Endpoint(server=server.url))
        await kube.close()
        with pytest.raises(errors.UnreachableError):
            await anext(events)
