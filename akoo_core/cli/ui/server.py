"""The HTTP server of the fleet page: on loopback, for one person, read-only."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web

from akoo_core import errors
from akoo_core.cli import fleet
from akoo_core.cli.explain import command as explain
from akoo_core.cli.ui import cluster_page, fleet_page, guard, histories, outside_page, render
from akoo_core.cli.ui import outside as outsides
from akoo_core.cli.ui import sight as sights
from akoo_core.clock import SystemClock

HOST = "127.0.0.1"
BEAT_SECONDS = 15.0
"""Longest silence on a stream of changes."""

SPAN_SECONDS = 4.0
"""Time after a change in which its spans come to Jaeger. The operator sends them every second."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class UiServer:
    """Serves the pages from ``start`` to ``stop``. ``port`` 0 picks a free port."""

    def __init__(
        self,
        sight: sights.Sight,
        source: histories.Source | None,
        *,
        port: int,
        outside: outsides.Outside | None = None,
    ) -> None:
        self._sight = sight
        self._histories = histories.Histories(source, SystemClock()) if source else None
        self._late: asyncio.Task[None] | None = None
        self._late_version = -1
        self._outside = outside
        self._port = port
        self._token = secrets.token_urlsafe(32)
        self._runner: web.AppRunner | None = None
        self._ending = asyncio.Event()
        self._keys = guard.Keys(port, self._token)

    @property
    def address(self) -> str:
        """The address to open; it holds the token."""
        return f"http://{HOST}:{self._keys.port}/?token={self._token}"

    async def start(self) -> None:
        """Listen. Raises InputError when the port is not available."""
        app = web.Application(middlewares=[self._guarded])
        app.router.add_get("/", self._fleet)
        app.router.add_get("/cluster/{namespace}/{name}", self._cluster)
        app.router.add_get("/changes", self._changes)
        app.router.add_get("/static/{name}", self._static)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            listening = socket.create_server((HOST, self._port))
        except OSError as error:
            await self.stop()
            raise errors.InputError(
                f"--port: cannot listen on {HOST}:{self._port} ({error.strerror}). Choose another"
            ) from error
        self._keys = guard.Keys(listening.getsockname()[1], self._token)
        await web.SockSite(self._runner, listening).start()

    async def stop(self) -> None:
        """End streams and stop listening. Safe to call twice."""
        self._ending.set()
        if self._late is not None:
            self._late.cancel()
            await asyncio.gather(self._late, return_exceptions=True)
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = guard.Asked(
            method=request.method,
            host=request.headers.get("Host", ""),
            origin=request.headers.get("Origin", ""),
            token=request.query.get("token", ""),
            cookie=request.cookies.get(self._keys.cookie, ""),
            site=request.headers.get("Sec-Fetch-Site", ""),
        )
        refused = guard.refusal(asked, self._keys)
        if refused:
            return web.Response(text=f"{refused}\n", status=403, headers=guard.HEADERS)
        if asked.token:
            return self._entered(request)
        try:
            return await handler(request)
        except web.HTTPException as answer:
            text = f"{answer.status} {answer.reason}\n"
            return web.Response(text=text, status=answer.status, headers=guard.HEADERS)

    def _entered(self, request: web.Request) -> web.Response:
        """The same address without the token, which a cookie holds from now on."""
        rest = request.rel_url.without_query_params("token")
        answer = web.Response(status=303, headers={**guard.HEADERS, "Location": str(rest)})
        answer.set_cookie(
            self._keys.cookie, self._token, httponly=True, samesite="Strict", path="/"
        )
        return answer

    async def _fleet(self, request: web.Request) -> web.Response:
        query = fleet_page.query_of(request.query)
        page = fleet_page.page_of(self._sight.records(), query, fleet.now())
        return self._page("fleet.html", page=page)

    async def _cluster(self, request: web.Request) -> web.Response:
        namespace, name = request.match_info["namespace"], request.match_info["name"]
        facts = self._sight.facts(namespace, name)
        if facts is None:
            raise web.HTTPNotFound(reason="There is no such cluster")
        page = cluster_page.page_of(facts, fleet.now())
        traces = self._histories
        history = histories.ShownHistory(problem="No Jaeger was named: akoo-core ui --jaeger URL")
        if traces is not None:
            self._show_late_spans()
            history = await traces.of_cluster(facts.key, fleet.now())
        link = traces.source.link if traces is not None else (lambda _: "")
        return self._page(
            "cluster.html", page=page, history=history, link=link, outside=self._seen(facts)
        )

    def _show_late_spans(self) -> None:
        """Show the page again some seconds after a change: spans come to Jaeger in batches."""
        version = self._sight.version
        if version == self._late_version:
            return
        if self._late is not None:
            self._late.cancel()
        self._late_version = version
        self._late = asyncio.create_task(self._again(), name="fleet page: late spans")

    async def _again(self) -> None:
        await asyncio.sleep(SPAN_SECONDS)
        await self._sight.publish()
        self._late_version = self._sight.version

    def _seen(self, facts: explain.Facts) -> outside_page.ShownOutside | None:
        """The systems outside, as plugins saw them last; None where nobody asks them."""
        outside, record = self._outside, facts.current
        if outside is None or record is None:
            return None
        sight = self._sight
        return outside_page.page_of(
            record,
            outside.objects(facts, record),
            outside.systems(sight.configs(), sight.records().known),
        )

    def _page(self, template: str, **values: object) -> web.Response:
        sight = self._sight
        seen = "" if sight.seen is None else cluster_page.stamp(sight.seen)
        text = render.page(
            template, version=sight.version, problem=sight.problem, seen=seen, **values
        )
        return web.Response(text=text, content_type="text/html", headers=guard.HEADERS)

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        kind = render.STATIC.get(name)
        if kind is None:
            raise web.HTTPNotFound
        return web.Response(body=render.static(name), content_type=kind, headers=guard.HEADERS)

    async def _changes(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the version of the state, after each change."""
        stream = web.StreamResponse(
            headers={
                **guard.HEADERS,
                "Content-Type": "text/event-stream",
                "X-Accel-Buffering": "no",
            }
        )
        await stream.prepare(request)
        shown = request.query.get("version", "")
        version = int(shown) if shown.isdecimal() and shown.isascii() else -1
        ending = asyncio.create_task(self._ending.wait(), name="fleet page: end")
        try:
            while not self._ending.is_set():
                change = asyncio.create_task(self._sight.after(version), name="fleet page: change")
                await asyncio.wait(
                    {change, ending}, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                if change.done():
                    version = change.result()
                    await stream.write(f"data: {version}\n\n".encode())
                    continue
                change.cancel()
                await asyncio.gather(change, return_exceptions=True)
                await stream.write(b": no change\n\n")
        except ConnectionError:
            pass  # the page was closed
        finally:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)
        return stream
