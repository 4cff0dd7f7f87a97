"""The server of the fleet page: who is answered, with what, and how changes arrive."""

from __future__ import annotations

import asyncio
import html
import re
import signal
import subprocess
import sys

import aiohttp
import pytest
from aiohttp import web

from akoo_core.cache import store
from akoo_core.cli.ui import command, fleet_page, guard, histories, server
from akoo_core.cli.ui import sight as sights
from akoo_core.clock import ManualClock
from akoo_core.errors import InputError
from akoo_core.kube import resource
from tests.unit.cli.commands_world import NOW, CommandWorld
from tests.unit.cli.ui import ui_world

SECONDS = ui_world.SECONDS


async def test_the_address_opens_the_page_once_and_a_cookie_keeps_it_open() -> None:
    async with ui_world.opened() as world, aiohttp.ClientSession(trust_env=False) as session:
        async with session.get(world.pages.address, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        async with world.visitor() as visitor, visitor.get(f"{world.base}/") as answer:
            assert answer.status == 200
            assert "team-a/shop-2" in await answer.text()


@pytest.mark.parametrize(
    "path", ["/", "/cluster/team-a/shop-1", "/changes", "/static/live.js", "/x"]
)
async def test_without_cookie_nothing_is_answered(path: str) -> None:
    async with (
        ui_world.opened() as world,
        aiohttp.ClientSession(trust_env=False) as session,
        session.get(f"{world.base}{path}") as answer,
    ):
        text = await answer.text()
    assert (answer.status, text) == (403, "open the address that akoo-core ui printed\n")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_another_site_is_refused_with_the_cookie(headers: dict[str, str]) -> None:
    async with (
        ui_world.opened() as world,
        world.visitor() as visitor,
        visitor.get(f"{world.base}/", headers=headers) as answer,
    ):
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/?phase=x&page=0", 200),
        ("/cluster/team-a/shop-1", 200),
        ("/cluster/team-a/none", 404),
        ("/cluster/..%2F..%2Fetc/passwd", 404),
        ("/static/style.css", 200),
        ("/static/..%2Frender.py", 404),
        ("/static/base.html", 404),
        ("/nothing", 404),
    ],
)
async def test_every_answer_has_the_headers_that_protect_it(path: str, status: int) -> None:
    async with (
        ui_world.opened() as world,
        world.visitor() as visitor,
        visitor.get(f"{world.base}{path}") as answer,
    ):
        assert answer.status == status
        assert {name: answer.headers[name] for name in guard.HEADERS} == guard.HEADERS


async def test_nothing_but_reading_is_answered() -> None:
    async with ui_world.opened() as world, world.visitor() as visitor:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            async with visitor.request(method, f"{world.base}/") as answer:
                assert answer.status == 403


async def test_hostile_names_are_text() -> None:
    async with ui_world.opened() as world, world.visitor() as visitor:
        for path in ("/", "/cluster/team-a/shop-1", "/?q=%3Cscript%3Ealert(1)%3C/script%3E"):
            async with visitor.get(f"{world.base}{path}") as answer:
                page = await answer.text()
            assert "<script>alert" not in page
            assert "<img src=x" not in page
        async with visitor.get(f"{world.base}/cluster/team-a/shop-1") as answer:
            assert ui_world.HOSTILE in html.unescape(await answer.text())


async def test_a_page_holds_no_address_of_another_machine() -> None:
    async with ui_world.opened() as world, world.visitor() as visitor:
        for path in ("/", "/cluster/team-a/shop-1", "/static/style.css", "/static/live.js"):
            async with visitor.get(f"{world.base}{path}") as answer:
                text = await answer.text()
            assert re.findall(r"(?:src|href|url)\W{1,3}(?:https?:)?//", text) == []


async def test_a_change_arrives_within_a_second() -> None:
    async with ui_world.opened() as world, world.visitor() as visitor:
        version = world.sight.version
        async with visitor.get(f"{world.base}/changes?version={version}") as stream:
            loop = asyncio.get_running_loop()
            begin = loop.time()
            await world.set_status(0, phase="Sweeping", left=7)
            line = await asyncio.wait_for(stream.content.readline(), SECONDS)
            assert line.startswith(b"data: ")
            assert loop.time() - begin < SECONDS
        async with visitor.get(f"{world.base}/?phase=Sweeping") as answer:
            assert "team-a/shop-0" in await answer.text()
    assert sights.SETTLE_SECONDS < 0.5


async def test_an_old_version_is_answered_at_once() -> None:
    async with ui_world.opened() as world, world.visitor() as visitor:
        await world.sight.after(0)
        async with visitor.get(f"{world.base}/changes?version=0") as stream:
            line = await asyncio.wait_for(stream.content.readline(), SECONDS)
        assert line == f"data: {world.sight.version}\n".encode()


async def test_a_dead_api_is_shown_and_so_is_its_return() -> None:
    async with ui_world.opened() as world, world.visitor() as visitor:
        await world.die()
        async with visitor.get(f"{world.base}/") as answer:
            page = await answer.text()
        assert "The management cluster does not answer: " in page
        assert "team-a/shop-2" in page
        await world.recover()
        async with visitor.get(f"{world.base}/") as answer:
            assert "does not answer: " not in await answer.text()


async def test_streams_end_when_the_server_stops() -> None:
    async with (
        ui_world.opened() as world,
        world.visitor() as visitor,
        visitor.get(f"{world.base}/changes?version={world.sight.version}") as stream,
    ):
        await world.pages.stop()
        await asyncio.wait_for(stream.content.read(), SECONDS)


async def test_a_port_that_is_taken_is_an_input_error() -> None:
    async with ui_world.opened() as world:
        port = int(world.base.rpartition(":")[2])
        other = server.UiServer(world.sight, None, port=port)
        with pytest.raises(InputError, match="--port: cannot listen on 127"):
            await other.start()


async def test_the_first_page_of_a_large_fleet_is_small() -> None:
    async with ui_world.opened(2000) as world, world.visitor() as visitor:
        async with visitor.get(f"{world.base}/") as answer:
            page = await answer.read()
        assert page.count(b"<tr>") == fleet_page.ROWS + 1
        assert len(page) < 600_000


async def test_a_history_that_cannot_be_read_has_its_reason() -> None:
    async def strange(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"spans": [{"nonsense": 1}]}]})

    app = web.Application()
    app.router.add_get("/api/traces", strange)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        for url, reason in (
            ("http://127.0.0.1:9", "does not answer"),
            (f"http://127.0.0.1:{port}", "not that of Jaeger"),
        ):
            async with (
                ui_world.opened(source=ui_world.source(url)) as world,
                world.visitor() as visitor,
                visitor.get(f"{world.base}/cluster/team-a/shop-0") as answer,
            ):
                assert (answer.status, reason in await answer.text()) == (200, True)
    finally:
        await runner.cleanup()


async def test_a_silent_jaeger_delays_one_page_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    gate = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        asked.append(1)
        await gate.wait()
        return web.json_response({})

    monkeypatch.setattr(histories, "SECONDS", 0.05)
    app = web.Application()
    app.router.add_get("/api/traces", silent)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    now = ManualClock()
    traces = histories.Histories(ui_world.source(f"http://127.0.0.1:{runner.addresses[0][1]}"), now)
    try:
        reasons = [(await traces.of_cluster("team-a/shop", NOW)).problem for _ in range(2)]
        assert ["asked again" in reason for reason in reasons] == [False, True]
        assert len(asked) == 1
        now.advance(histories.REST_SECONDS)
        await traces.of_cluster("team-a/shop", NOW)
        assert len(asked) == 2
    finally:
        gate.set()
        await runner.cleanup()


class PaperSight(sights.Sight):
    """A state that changes when a test says so."""

    def __init__(self) -> None:
        super().__init__(*(store.Store(resource.AKO_DEPLOYMENTS) for _ in range(3)))


async def test_late_spans_are_shown_once_after_the_last_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "SPAN_SECONDS", 0.0)
    sight = PaperSight()
    pages = server.UiServer(sight, ui_world.source("http://127.0.0.1:9"), port=0)
    pages._show_late_spans()
    first = pages._late
    await sight.publish()
    pages._show_late_spans()
    last = pages._late
    assert first is not None
    assert last is not None
    await asyncio.gather(first, last, return_exceptions=True)
    assert (first.cancelled(), sight.version) == (True, 2)
    pages._show_late_spans()
    assert pages._late is last, "a page that is shown for late spans asks for no more"
    await sight.publish()
    pages._show_late_spans()
    assert pages._late is not last
    await pages.stop()


def test_it_ends_with_its_parent() -> None:
    """A parent that is killed leaves no server behind."""
    child = (
        "import asyncio, os, sys; from akoo_core.cli.ui import command; "
        "parent = os.getppid(); print(parent, flush=True); asyncio.run(command.ended(parent))"
    )
    parent = (
        f"import subprocess, sys, time; "
        f"subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert int(running.stdout.readline()) == running.pid
        running.send_signal(signal.SIGKILL)
        # The pipe ends when the last process that holds it has ended.
        running.communicate(timeout=6 * SECONDS)


def test_the_command_prints_the_address_and_ends_when_it_is_asked_to(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.record(uid=world.cluster())

    async def at_once(_: int) -> None:
        return

    monkeypatch.setattr(command, "ended", at_once)
    code, out, err = world("ui", "--plugins", "ako,avi")
    assert (code, err) == (0, "")
    assert re.fullmatch(
        r"fleet page: http://127\.0\.0\.1:\d+/\?token=\S{43}\nCtrl-C ends it\.\n", out
    )
