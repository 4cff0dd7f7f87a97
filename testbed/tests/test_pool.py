"""Servers of the pool and their users, over time; the servers here are not real."""

import asyncio
import typing

import pytest
from akoo_testbed import base, errors, parts
from akoo_testbed.workload import pool, poolserver

SECONDS = 5.0


class FakePart:
    port = 1  # nobody listens there, and nobody asks


class FakeServer:
    """Starts when it is told, or fails."""

    made: typing.ClassVar[list["FakeServer"]] = []

    def __init__(self, base: object, store: object, number: int) -> None:
        self.number = number
        self.server = FakePart()
        self.may_start = asyncio.Event()
        self.error: errors.PartError | None = None
        self.restarts = 0
        self.stopped = False
        FakeServer.made.append(self)

    async def start(self) -> None:
        await self.may_start.wait()
        if self.error:
            raise self.error

    async def empty(self) -> None:
        self.may_start.clear()
        self.restarts += 1
        await self.start()

    async def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeServer]:
    monkeypatch.setattr(poolserver, "PoolServer", FakeServer)
    monkeypatch.setattr(FakeServer, "made", [])
    return FakeServer.made


def new_pool(size: int = 1, limit: int = 3) -> pool.WorkloadPool:
    nothing = typing.cast("parts.Etcd", None)
    return pool.WorkloadPool(base.BedBase(), nothing, size=size, limit=limit)


async def settle() -> None:
    """Let all tasks run until they wait."""
    for _ in range(10):
        await asyncio.sleep(0)


async def finish(task: "asyncio.Task[typing.Any]") -> typing.Any:
    return await asyncio.wait_for(task, SECONDS)


def opening(servers: pool.WorkloadPool, name: str) -> "asyncio.Task[typing.Any]":
    return asyncio.create_task(servers.open("ns", name))


async def test_open_waits_for_the_server_that_is_starting(made: list[FakeServer]) -> None:
    servers = new_pool()
    await servers.start()
    task = opening(servers, "a")
    await settle()
    assert not task.done()
    made[0].may_start.set()
    api = await finish(task)
    assert await servers.open("ns", "a") == api  # the same until it is closed
    assert len(made) == 1
    await servers.stop()


async def test_a_second_cluster_gets_a_second_server(made: list[FakeServer]) -> None:
    servers = new_pool()
    await servers.start()
    tasks = [opening(servers, name) for name in ("a", "b")]
    await settle()
    assert len(made) == 2
    for server in made:
        server.may_start.set()
    first, second = [await finish(task) for task in tasks]
    assert first.port != second.port
    assert first.kubeconfig != second.kubeconfig
    await servers.stop()


@pytest.mark.parametrize("steps", range(5))
@pytest.mark.parametrize("ready_first", [True, False])
async def test_a_second_cluster_that_comes_while_a_server_becomes_ready(
    made: list[FakeServer], ready_first: bool, steps: int
) -> None:
    """In whichever step of the event loop: a server counts once."""
    servers = new_pool(size=0)
    first = opening(servers, "first")
    await settle()
    if ready_first:
        made[0].may_start.set()
    else:
        second = opening(servers, "second")
    for _ in range(steps):
        await asyncio.sleep(0)
    if ready_first:
        second = opening(servers, "second")
    else:
        made[0].may_start.set()
    await settle()
    assert len(made) == 2
    made[1].may_start.set()
    assert await finish(first) != await finish(second)
    await servers.stop()


async def test_a_closed_server_starts_anew_for_the_next_taker(made: list[FakeServer]) -> None:
    servers = new_pool()
    await servers.start()
    made[0].may_start.set()
    await finish(opening(servers, "a"))
    await servers.close("ns", "a")
    await servers.close("ns", "a")  # nothing more happens
    task = opening(servers, "b")
    await settle()
    assert not task.done()  # it waits for the restart, rather than start another one
    assert (len(made), made[0].restarts) == (1, 1)
    made[0].may_start.set()
    await finish(task)
    await servers.stop()


async def test_beyond_the_limit_open_waits_for_a_close(made: list[FakeServer]) -> None:
    servers = new_pool(limit=1)
    await servers.start()
    made[0].may_start.set()
    await finish(opening(servers, "a"))
    task = opening(servers, "b")
    await settle()
    assert (task.done(), len(made)) == (False, 1)
    await servers.close("ns", "a")
    await settle()
    made[0].may_start.set()
    await finish(task)
    await servers.stop()


async def test_who_waits_too_long_is_told_who_has_the_servers(
    made: list[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "OPEN_SECONDS", 0.01)
    servers = new_pool(limit=1)
    await servers.start()
    made[0].may_start.set()
    await finish(opening(servers, "a"))
    with pytest.raises(errors.PartError, match="at most 1, taken by ns/a"):
        await servers.open("ns", "b")
    await servers.stop()


async def test_a_server_that_does_not_start_fails_one_open_and_is_replaced(
    made: list[FakeServer],
) -> None:
    servers = new_pool()
    await servers.start()
    task = opening(servers, "a")
    made[0].error = errors.PartError("no")
    made[0].may_start.set()
    with pytest.raises(errors.PartError, match="no"):
        await finish(task)
    assert made[0].stopped
    task = opening(servers, "a")
    await settle()
    made[1].may_start.set()
    await finish(task)
    await servers.stop()


async def test_close_while_open_waits_gives_nothing_away(made: list[FakeServer]) -> None:
    servers = new_pool()
    await servers.start()
    task = opening(servers, "a")
    await settle()
    await servers.close("ns", "a")
    with pytest.raises(errors.PartError, match="ns/a was closed while it opened"):
        await finish(task)
    made[0].may_start.set()
    await finish(opening(servers, "b"))
    assert len(made) == 1
    await servers.stop()


async def test_stop_ends_what_starts_and_what_runs(made: list[FakeServer]) -> None:
    servers = new_pool(size=2)
    await servers.start()
    made[0].may_start.set()
    await finish(opening(servers, "a"))
    await servers.stop()
    assert [server.stopped for server in made] == [True, True]
    with pytest.raises(KeyError):
        servers.listener("ns", "a")


async def test_ready_raises_if_nothing_started(made: list[FakeServer]) -> None:
    servers = new_pool()
    await servers.start()
    made[0].error = errors.PartError("port taken")
    made[0].may_start.set()
    with pytest.raises(errors.PartError, match="port taken"):
        await servers.ready()
    await servers.stop()
