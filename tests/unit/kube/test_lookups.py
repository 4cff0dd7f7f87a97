"""Names of one cluster that hang hold up no other cluster."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from akoo_core.kube import lookups

ADDRESS = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 6443))


class Names:
    """getaddrinfo of a test: names that begin with ``hang`` hang until ``release``."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._begun = threading.Semaphore(0)
        self._released = threading.Event()

    def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        self._begun.release()
        if host.startswith("hang"):
            self._released.wait(30)
        if host.startswith("no"):
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [ADDRESS, (socket.AF_UNIX, 1, 0, "", "/x")]

    async def begun(self, count: int) -> None:
        for _ in range(count):
            assert await asyncio.to_thread(self._begun.acquire, timeout=20)

    def release(self) -> None:
        self._released.set()


@pytest.fixture
async def names() -> AsyncIterator[Names]:
    made = Names()
    yield made
    made.release()
    for thread in threading.enumerate():
        if thread.name == "akoo-lookup":
            await asyncio.to_thread(thread.join, 20)


@contextlib.asynccontextmanager
async def pool(names: Names, **options: Any) -> AsyncIterator[lookups.Lookups]:
    made = lookups.Lookups(getaddrinfo=names.getaddrinfo, **options)
    try:
        yield made
    finally:
        await made.close()


async def asked(made: lookups.Lookups, owner: str, host: str) -> list[str]:
    resolver = made.of(owner)
    return [each["host"] for each in await resolver.resolve(host, 6443, socket.AF_INET)]


async def test_a_name_is_resolved(names: Names) -> None:
    async with pool(names) as made:
        assert await asked(made, "uid-1", "api.shop.example") == ["192.0.2.7"]
        with pytest.raises(OSError, match="not known"):
            await asked(made, "uid-1", "no.such.example")


async def test_one_lookup_in_flight_for_each_cluster(names: Names) -> None:
    async with pool(names) as made:
        first = asyncio.create_task(asked(made, "uid-1", "hang.example"))
        await names.begun(1)
        same = asyncio.create_task(asked(made, "uid-1", "hang.example"))
        other = asyncio.create_task(asked(made, "uid-1", "changed.example"))
        assert await asked(made, "uid-2", "good.example") == ["192.0.2.7"]
        assert names.asked == ["hang.example", "good.example"]
        names.release()
        assert [await first, await same, await other] == [["192.0.2.7"]] * 3
        assert names.asked == ["hang.example", "good.example", "changed.example"]


async def test_who_gives_up_does_not_free_the_cluster_for_another_lookup(names: Names) -> None:
    async with pool(names) as made:
        first = asyncio.create_task(asked(made, "uid-1", "hang.example"))
        await names.begun(1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        second = asyncio.create_task(asked(made, "uid-1", "hang-2.example"))
        assert await asked(made, "uid-2", "good.example") == ["192.0.2.7"]
        assert "hang-2.example" not in names.asked
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)


async def test_slow_clusters_hold_half_of_the_threads_at_most(names: Names) -> None:
    async with pool(names, threads=4, slow_seconds=0.0) as made:
        hostile = [f"uid-{number}" for number in range(12)]
        for owner in hostile:
            await asked(made, owner, "slow.example")
        await names.begun(12)
        hanging = [
            asyncio.create_task(asked(made, owner, f"hang-{owner}.example")) for owner in hostile
        ]
        await names.begun(2)
        for number in range(6):
            assert await asked(made, f"new-{number}", "good.example") == ["192.0.2.7"]
        assert len([host for host in names.asked if host.startswith("hang")]) == 2
        names.release()
        assert await asyncio.gather(*hanging) == [["192.0.2.7"]] * 12


async def test_a_cluster_is_slow_no_more_once_it_answers_soon(names: Names) -> None:
    async with pool(names, threads=2, slow_seconds=60.0) as made:
        made._slow.add("uid-1")
        await asked(made, "uid-1", "good.example")
        assert made._slow == set()
        made._slow.add("uid-1")
        made.forget("uid-1")
        assert made._slow == set()


async def test_a_lookup_that_is_left_behind_ends_alone(names: Names) -> None:
    async with pool(names) as made:
        task = asyncio.create_task(asked(made, "uid-1", "hang.example"))
        await names.begun(1)
        await made.close()
        with pytest.raises(asyncio.CancelledError):
            await task
        await made.close()
