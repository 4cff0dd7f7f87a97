"""The fleet page in a real browser: what a person sees, and what the browser complains of."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shutil
from collections.abc import AsyncGenerator

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright import async_api

from tests.unit.cli.ui import ui_world

CHROMIUM = os.environ.get("AKOO_CHROMIUM") or shutil.which("chromium") or ""
PROOF = os.environ.get("AKOO_PROOF") == "1"
SECOND = 1000.0
"""Playwright's unit is the millisecond."""
TRACES = pathlib.Path(__file__).with_name("traces.json")

pytestmark = [
    pytest.mark.skipif(
        not CHROMIUM, reason="needs a browser: apt-get install chromium, or AKOO_CHROMIUM=PATH"
    ),
]


class Visit:
    """A page of a browser, and everything that went wrong in it."""

    def __init__(self, page: async_api.Page, world: ui_world.UiWorld) -> None:
        self.page = page
        self.world = world
        self.problems: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: self.problems.append(f"dialog: {dialog.message}"))
        page.on("request", self._asked)

    def _heard(self, message: async_api.ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def _asked(self, request: async_api.Request) -> None:
        if not request.url.startswith(f"{self.world.base}/"):
            self.problems.append(f"request to {request.url}")

    async def serious(self) -> list[str]:
        """The serious findings of axe."""
        results = await Axe().run(self.page)
        return [
            f"{finding['id']}: {finding['nodes'][0]['html']}"
            for finding in results.response["violations"]
            if finding["impact"] in ("serious", "critical")
        ]


@contextlib.asynccontextmanager
async def visit(
    world: ui_world.UiWorld, *, width: int = 1280, scheme: str = "light"
) -> AsyncGenerator[Visit, None]:
    """A browser that has opened the address with the token."""
    async with async_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        try:
            context = await browser.new_context(
                viewport={"width": width, "height": 800},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            page = await context.new_page()
            shown = Visit(page, world)
            await page.goto(world.pages.address)
            yield shown
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def jaeger() -> AsyncGenerator[str, None]:
    """A query API that gives the traces of a recorded life to everybody."""

    async def traces(_: web.Request) -> web.Response:
        return web.json_response(json.loads(TRACES.read_text()))

    app = web.Application()
    app.router.add_get("/api/traces", traces)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_person_filters_sorts_and_sees_a_change_without_reloading() -> None:
    async with ui_world.opened(10) as world, visit(world) as shown:
        page = shown.page
        expect = async_api.expect
        await expect(page.locator("tbody tr")).to_have_count(10)
        await page.get_by_role("link", name=re.compile("^NoSight")).click()
        await expect(page.locator("tbody tr")).to_have_count(3)
        await page.get_by_role("columnheader", name="Age").get_by_role("link").click()
        await expect(page.locator("th[aria-sort=ascending]")).to_have_text("Age")
        assert page.url == f"{world.base}/?reason=NoSight&sort=age"
        await page.get_by_role("searchbox").fill("shop-5")
        await page.keyboard.press("Enter")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.get_by_role("link", name="Fleet").click()
        await expect(page.locator("tbody tr")).to_have_count(10)
        await page.get_by_role("searchbox").fill("half a wo")
        await world.set_status(4, phase="Sweeping", left=7)
        row = page.locator("tbody tr", has_text="shop-4")
        await expect(row).to_contain_text("Sweeping", timeout=10 * SECOND)
        await expect(page.get_by_role("searchbox")).to_have_value("half a wo")
        await expect(page.get_by_role("searchbox")).to_be_focused()
        assert shown.problems == []


async def test_a_dead_api_is_announced_and_the_page_recovers_by_itself() -> None:
    async with ui_world.opened(3) as world, visit(world) as shown:
        expect = async_api.expect
        alert = shown.page.get_by_role("alert").filter(has_text="management cluster")
        await expect(alert).to_have_count(0)
        await world.die()
        await expect(alert).to_be_visible(timeout=10 * SECOND)
        await expect(shown.page.locator("tbody tr")).to_have_count(3)
        await world.recover()
        await expect(alert).to_have_count(0, timeout=10 * SECOND)
        assert shown.problems == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
async def test_pages_are_usable_by_everybody(width: int, scheme: str) -> None:
    """Axe finds nothing serious, nothing is wider than the screen, and hostile text is text."""
    async with (
        jaeger() as url,
        ui_world.opened(10, ui_world.source(url, url)) as world,
        visit(world, width=width, scheme=scheme) as shown,
    ):
        for path in ("/", "/cluster/team-a/shop-1", "/?q=nothing-like-this"):
            await shown.page.goto(f"{world.base}{path}")
            assert await shown.serious() == []
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert await shown.page.evaluate(wide) == 0, path
        await shown.page.goto(f"{world.base}/cluster/team-a/shop-1")
        await async_api.expect(shown.page.locator("svg.life g.row").first).to_be_visible()
        longest = "Longest wait: 977 ms for AkoStopping, after fence of ako at 19:50:30.411."
        await async_api.expect(shown.page.get_by_text(longest)).to_be_visible()
        await async_api.expect(shown.page.locator("svg.life g.longest")).to_have_count(1)
        await async_api.expect(shown.page.locator("td.message").first).to_have_text(
            ui_world.HOSTILE
        )
        assert shown.problems == []


async def test_the_keyboard_alone_opens_a_cluster() -> None:
    async with ui_world.opened(3) as world, visit(world) as shown:
        page = shown.page
        await page.keyboard.press("Tab")
        await async_api.expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await page.get_by_role("link", name="team-a/shop-1").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{world.base}/cluster/team-a/shop-1")
        await async_api.expect(page.get_by_role("heading", level=1)).to_have_text("team-a/shop-1")
        assert shown.problems == []


@pytest.mark.skipif(not PROOF, reason="thousands of records are for make proof")
async def test_a_fleet_of_two_thousand_is_shown_soon() -> None:
    async with ui_world.opened(2000) as world, visit(world) as shown:
        timing = "performance.getEntriesByType('navigation')[0]"
        await shown.page.goto(f"{world.base}/")
        assert await shown.page.evaluate(f"{timing}.transferSize") < 600_000
        assert await shown.page.evaluate(f"{timing}.responseEnd - {timing}.requestStart") < 300
        assert shown.problems == []


@pytest.mark.skipif(
    "AKOO_PICTURES" not in os.environ, reason="AKOO_PICTURES=docs/images draws the picture of docs"
)
async def test_the_fleet_as_a_picture() -> None:
    async with ui_world.opened(0) as world:
        ui_world.seed_story(world.kube)
        async with visit(world) as shown:
            await async_api.expect(shown.page.locator("tbody tr")).to_have_count(10)
            target = pathlib.Path(os.environ["AKOO_PICTURES"]) / "fleet.png"
            await shown.page.screenshot(path=target, full_page=True)


async def test_focus_stays_on_its_cluster_when_rows_come_above_it() -> None:
    async with ui_world.opened(3) as world, visit(world) as shown:
        link = shown.page.get_by_role("link", name="team-a/shop-2")
        await link.focus()
        ui_world.seed(world.kube, 10)
        await async_api.expect(shown.page.locator("tbody tr")).to_have_count(4)
        await async_api.expect(link).to_be_focused()
        assert shown.problems == []


async def test_a_page_that_nobody_sees_keeps_no_connection_and_is_up_to_date_when_it_is_seen() -> (
    None
):
    """A browser opens six connections to a server: the seventh page would wait for ever."""
    turned = "document.dispatchEvent(new Event('visibilitychange'))"
    hide = "Object.defineProperty(document, 'visibilityState', {value: %r, configurable: true});"
    async with ui_world.opened(3) as world, visit(world) as shown:
        pages = [shown.page]
        for _ in range(7):
            await pages[-1].evaluate(hide % "hidden" + turned)
            pages.append(await shown.page.context.new_page())
            await pages[-1].goto(f"{world.base}/")
        await world.set_status(1, phase="Sweeping", left=7)
        await async_api.expect(pages[-1].locator("tbody")).to_contain_text("Sweeping")
        await async_api.expect(pages[0].locator("tbody")).not_to_contain_text("Sweeping")
        await pages[0].evaluate(hide % "visible" + turned)
        await async_api.expect(pages[0].locator("tbody")).to_contain_text("Sweeping")
        assert shown.problems == []
