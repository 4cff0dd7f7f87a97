"""The reflector against an API server in memory that ends, expires, refuses and fails."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from akoo_core.cache import reflector, store
from akoo_core.kube import errors
from akoo_core.kube.resource import CONFIG_MAPS
from akoo_core.telemetry import metrics
from akoo_core.testing import memory, virtual_time

Server = memory.MemoryServer


def _config_map(name: str, value: str = "1") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"v": value}}


class Follower:
    """A running reflector and its reports."""

    def __init__(
        self,
        server: Server,
        clock: virtual_time.LoopClock,
        *,
        watch_list: bool = True,
        on_change: Callable[[store.Change], None] | None = None,
    ) -> None:
        self.server = server
        self.client = server.client()
        self.reports: list[str] = []
        self.changes: list[store.Change] = []
        self.store = store.Store(CONFIG_MAPS)
        self.reflector = reflector.Reflector(
            self.client,
            CONFIG_MAPS,
            self.store,
            on_change or self._tell,
            clock=clock,
            watch_list=watch_list,
            uniform=lambda: 0.0,
        )

    def _tell(self, change: store.Change) -> None:
        self.changes.append(change)
        verb = "=" if change.old_item and change.new_item else "+" if change.new_item else "-"
        self.reports.append(verb + change.key.name + "!" * change.tombstone + "?" * change.initial)

    def error(self) -> Exception | None:
        return self.reflector.last_error

    async def write(self, name: str, value: str) -> None:
        patch = {"data": {"v": value}}
        await self.client.merge_patch(CONFIG_MAPS, name, patch, "default")
        await virtual_time.settle()

    async def delete(self, name: str) -> None:
        await self.client.delete(CONFIG_MAPS, name, "default")
        await virtual_time.settle()

    def calls(self, verb: str) -> int:
        return sum(1 for call in self.server.faults.calls if call.operation.startswith(verb))


@contextlib.asynccontextmanager
async def _following(follower: Follower, *, sync: bool = True) -> AsyncIterator[None]:
    task = asyncio.create_task(follower.reflector.run())
    try:
        if sync:
            async with asyncio.timeout(60.0):
                await follower.reflector.synced.wait()
        await virtual_time.settle()
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert follower.server.watches.open == 0, "the watch was left open"


@pytest.mark.parametrize("watch_list", [True, False])
def test_follows_from_the_first_list_on(watch_list: bool) -> None:
    async def scenario(clock: virtual_time.LoopClock) -> None:
        server = Server()
        server.seed(_config_map("a"), _config_map("b"))
        follower = Follower(server, clock, watch_list=watch_list)
        async with _following(follower):
            await follower.write("a", "2")
            server.seed(_config_map("c"))
            await virtual_time.settle()
            await follower.delete("b")
            kept = follower.store.get("a", "default")
        assert follower.reports == ["+a?", "+b?", "=a", "+c", "-b"]
        assert kept is not None
        assert kept["data"] == {"v": "2"}
        assert "managedFields" not in kept["metadata"]
        assert follower.calls("list") == (0 if watch_list else 1)
        update = follower.changes[2]
        assert update.old is not None
        assert update.old["data"] == {"v": "1"}

    virtual_time.run(scenario)


@virtual_time.test
async def test_pages(clock: virtual_time.LoopClock) -> None:
    server = Server()
    server.list_limit = 2
    server.seed(*[_config_map(f"n{number}") for number in range(5)])
    follower = Follower(server, clock, watch_list=False)
    async with _following(follower):
        assert len(follower.store) == 5
    assert follower.calls("list") == 3


@virtual_time.test
async def test_an_ended_watch_goes_on_where_it_was(clock: virtual_time.LoopClock) -> None:
    server = Server()
    server.seed(_config_map("a"))
    follower = Follower(server, clock)
    async with _following(follower):
        await asyncio.sleep(300.0)
        server.watches.end()
        await follower.write("a", "2")
        await follower.write("a", "3")
    assert follower.reports == ["+a?", "=a", "=a"]
    assert (follower.calls("list"), follower.calls("watch")) == (0, 2)


def _metric(name: str, **labels: str) -> float:
    sample = metrics.REGISTRY.get_sample_value(name, {"resource": "configmaps", **labels})
    return sample or 0.0


@virtual_time.test
async def test_what_was_deleted_while_history_was_lost_leaves_a_tombstone(
    clock: virtual_time.LoopClock,
) -> None:
    server = Server()
    server.seed(_config_map("a"), _config_map("b"), _config_map("c"))
    follower = Follower(server, clock)
    restarts = _metric("akoo_watch_restarts_total", reason="gone")
    async with _following(follower):
        server.watches.end(errors.UnreachableError("reset"))
        await follower.client.delete(CONFIG_MAPS, "a", "default")
        await follower.client.delete(CONFIG_MAPS, "b", "default")
        server.seed(_config_map("b", "again"))
        server.expire()
        await asyncio.sleep(10.0)
        assert follower.error() is None
    assert _metric("akoo_watch_restarts_total", reason="gone") == restarts + 1
    assert 0 < clock.now().timestamp() - _metric("akoo_reflector_last_sync_seconds") < 10
    assert follower.reports[3:] == ["-a!", "-b!", "+b"]
    (gone,) = [change for change in follower.changes if change.key.name == "a" and change.old]
    assert gone.old is not None
    assert gone.old["data"] == {"v": "1"}


@virtual_time.test
async def test_a_refused_kind_is_not_synced_until_it_is_allowed(
    clock: virtual_time.LoopClock,
) -> None:
    server = Server()
    server.seed(_config_map("a"))
    follower = Follower(server, clock)
    async with _following(follower):
        refusal = errors.ForbiddenError("not allowed to watch configmaps")
        server.faults.before("*", refusal, times=5)
        server.watches.end(refusal)
        await virtual_time.settle()
        assert not follower.reflector.synced.is_set()
        assert follower.error() is refusal
        assert _metric("akoo_watch_failing") == 1
        assert follower.store.get("a", "default") is not None, "absence is not deletion"
        async with asyncio.timeout(300.0):
            await follower.reflector.synced.wait()
        assert follower.error() is None
        assert _metric("akoo_watch_failing") == 0
    assert follower.reports == ["+a?"]


@virtual_time.test
async def test_a_list_that_keeps_failing_shows_in_readiness(clock: virtual_time.LoopClock) -> None:
    server = Server()
    server.seed(_config_map("a"))
    follower = Follower(server, clock, watch_list=False)
    async with _following(follower):
        failure = errors.ServerError("the answer is longer than 67108864 bytes; it was dropped")
        server.faults.before("list *", failure, times=10)
        server.watches.end(errors.GoneError("too old resource version"))
        await virtual_time.settle()
        assert follower.reflector.synced.is_set(), "not at the first failure"
        await asyncio.sleep(20.0)
        assert not follower.reflector.synced.is_set()
        assert follower.error() is failure
        assert follower.store.get("a", "default") is not None, "absence is not deletion"
        async with asyncio.timeout(600.0):
            await follower.reflector.synced.wait()
        assert follower.error() is None
    assert follower.reports == ["+a?"]


@virtual_time.test
async def test_a_missing_kind_is_asked_for_again_with_pauses(
    clock: virtual_time.LoopClock,
) -> None:
    server = Server()
    missing = errors.NotFoundError("no such kind", kind_missing=True)
    server.faults.before("*", missing, times=10_000)
    follower = Follower(server, clock)
    async with _following(follower, sync=False):
        await asyncio.sleep(300.0)
        assert follower.error() is missing
        assert _metric("akoo_watch_failing") == 1
    assert _metric("akoo_watch_failing") == 0, "one that was stopped fails no more"
    assert 5 < len(server.faults.calls) < 25


@virtual_time.test
async def test_an_unreachable_server_is_watched_again_without_a_list(
    clock: virtual_time.LoopClock,
) -> None:
    server = Server()
    server.seed(_config_map("a"))
    follower = Follower(server, clock)
    async with _following(follower):
        server.faults.before("watch *", errors.UnreachableError("refused"), times=3)
        server.watches.end(errors.UnreachableError("reset"))
        await virtual_time.settle()
        assert isinstance(follower.error(), errors.UnreachableError)
        assert follower.reflector.synced.is_set(), "what is known stays known"
        server.seed(_config_map("b"))
        await asyncio.sleep(30.0)
        assert follower.error() is None
    assert follower.reports == ["+a?", "+b"]
    assert follower.calls("list") == 0


@virtual_time.test
async def test_a_quiet_watch_is_well_again_without_a_line(clock: virtual_time.LoopClock) -> None:
    server = Server()
    follower = Follower(server, clock)
    async with _following(follower):
        server.watches.end(errors.UnreachableError("reset"))
        await virtual_time.settle()
        assert follower.error() is not None
        await asyncio.sleep(30.0)
        assert follower.error() is None


@virtual_time.test
async def test_too_many_requests_waits_as_told(clock: virtual_time.LoopClock) -> None:
    server = Server()
    busy = errors.TooManyRequestsError("slow down", retry_after_seconds=25.0)
    server.faults.before("watch *", busy)
    follower = Follower(server, clock)
    start = clock.monotonic()
    async with _following(follower):
        assert clock.monotonic() - start == pytest.approx(25.0)


def test_a_listener_that_fails_costs_only_that_report(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    def listen(change: store.Change) -> None:
        if change.key.name == "bad":
            raise RuntimeError("mistake")
        heard.append(change.key.name)

    async def scenario(clock: virtual_time.LoopClock) -> None:
        server = Server()
        server.seed(_config_map("bad"), _config_map("good"))
        async with _following(Follower(server, clock, on_change=listen)):
            pass

    with caplog.at_level(logging.ERROR):
        virtual_time.run(scenario)
    assert heard == ["good"]
    assert "ConfigMap default/bad was not handled" in caplog.text


def test_the_same_error_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(clock: virtual_time.LoopClock) -> None:
        server = Server()
        for _ in range(5):
            server.faults.before("*", errors.ForbiddenError("not allowed to list configmaps"))
        server.faults.before("*", RuntimeError("our own mistake"))
        async with _following(Follower(server, clock)):
            pass

    with caplog.at_level(logging.WARNING):
        virtual_time.run(scenario)
    logged = [record for record in caplog.records if record.name.endswith("reflector")]
    assert [bool(record.exc_info) for record in logged] == [False, True]
    assert "cannot follow configmaps for now: ForbiddenError: not allowed" in caplog.text


@virtual_time.test
async def test_initial_reports_let_others_run_and_come_before_synced(
    clock: virtual_time.LoopClock,
) -> None:
    server = Server()
    server.seed(*[_config_map(f"n{number}") for number in range(450)])
    turns = 0

    def listen(_: store.Change) -> None:
        heard.append(turns)
        assert not follower.reflector.synced.is_set()

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    heard: list[int] = []
    follower = Follower(server, clock, on_change=listen)
    busy = asyncio.create_task(others())
    async with _following(follower):
        busy.cancel()
        assert len(heard) == 450
        assert heard[-1] - heard[0] >= 4
    await asyncio.gather(busy, return_exceptions=True)
