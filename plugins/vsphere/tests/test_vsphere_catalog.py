"""Shared readings: one for all callers, as old as it may be, and its failure for all of them."""

from __future__ import annotations

import asyncio

import pytest
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import About
from akoo_vsphere.connect.catalog import Catalogs
from akoo_vsphere.spec import connection as connections
from akoo_vsphere.testing.memory import MemoryVCenter

from akoo_core.testing import virtual_time
from tests.vsphere.vsphere_world import CONNECTION


class Source:
    """A reading that takes a second."""

    def __init__(self) -> None:
        self.count = 0
        self.fails = False

    async def read(self) -> int:
        self.count += 1
        number = self.count
        await asyncio.sleep(1.0)
        if self.fails:
            raise errors.UnreachableError(f"No answer to {number}.")
        return number


@virtual_time.test
async def test_callers_share_one_reading_while_it_is_young(clock: virtual_time.LoopClock) -> None:
    catalogs, source = Catalogs(), Source()

    async def get() -> int:
        return await catalogs.get("key", source.read, seconds=10.0, now=clock)

    assert await asyncio.gather(*(get() for _ in range(20))) == [1] * 20
    await asyncio.sleep(8.0)
    assert await get() == 1
    await asyncio.sleep(2.0)
    assert await get() == 2


@virtual_time.test
async def test_a_failure_is_for_all_who_waited_and_for_nobody_later(
    clock: virtual_time.LoopClock,
) -> None:
    """A vCenter that does not answer costs each caller one deadline, not one after the other."""
    catalogs, source = Catalogs(), Source()
    source.fails = True

    async def get() -> int:
        return await catalogs.get("key", source.read, seconds=10.0, now=clock)

    results = await asyncio.gather(*(get() for _ in range(20)), return_exceptions=True)
    assert source.count == 1
    assert {type(result) for result in results} == {errors.UnreachableError}
    source.fails = False
    assert await get() == 2


@virtual_time.test
async def test_without_age_callers_share_what_was_read_after_they_asked(
    clock: virtual_time.LoopClock,
) -> None:
    catalogs, source = Catalogs(), Source()

    async def get(at: float) -> int:
        await asyncio.sleep(at)
        return await catalogs.get("key", source.read, seconds=0.0, now=clock, alone=True)

    numbers = await asyncio.gather(get(0.0), get(0.2), get(0.4), get(1.5))
    assert list(numbers) == [1, 2, 2, 3]


@virtual_time.test
async def test_an_error_may_be_its_caller_s_own(clock: virtual_time.LoopClock) -> None:
    """A failure of before may be mended by the time of the call."""
    catalogs, source = Catalogs(), Source()
    source.fails = True

    async def get() -> int:
        return await catalogs.get("key", source.read, seconds=0.0, now=clock, alone=True)

    first = asyncio.create_task(get())
    await asyncio.sleep(0.5)
    second = asyncio.create_task(get())
    await asyncio.sleep(0.6)
    source.fails = False
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert isinstance(results[0], errors.UnreachableError)
    assert results[1] == 2


@virtual_time.test
async def test_a_cancelled_reading_is_read_by_the_next(clock: virtual_time.LoopClock) -> None:
    catalogs, source = Catalogs(), Source()

    async def get() -> int:
        return await catalogs.get("key", source.read, seconds=10.0, now=clock)

    first = asyncio.create_task(get())
    second = asyncio.create_task(get())
    await asyncio.sleep(0.5)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == 2


@virtual_time.test
async def test_without_patience_nothing_is_kept(clock: virtual_time.LoopClock) -> None:
    catalogs, source = Catalogs(0), Source()
    for number in (1, 2):
        assert await catalogs.get("key", source.read, seconds=10.0, now=clock) == number


@pytest.mark.parametrize("silent", [True, False])
def test_nobody_waits_for_the_probe_of_a_silent_vcenter(silent: bool) -> None:
    """It takes its whole deadline, and those who wait hold workers that others need."""

    class Client(MemoryVCenter):
        @property
        def silent(self) -> bool:
            return silent

        async def about(self) -> About:
            await asyncio.sleep(10.0)
            raise errors.UnreachableError("No answer.")

    async def main(clock: virtual_time.LoopClock) -> None:
        connection = connections.from_object(
            {**CONNECTION, "metadata": {"name": "vc", "uid": "u-1", "generation": 1}}
        )
        catalog = Catalogs().of(connection, Client(), clock)
        probe = asyncio.create_task(catalog.about())
        await asyncio.sleep(1.0)
        begun = clock.monotonic()
        with pytest.raises(errors.UnreachableError):
            await catalog.about()
        assert clock.monotonic() - begun == (0.0 if silent else 9.0)
        with pytest.raises(errors.UnreachableError, match="No answer"):
            await probe

    virtual_time.run(main)
