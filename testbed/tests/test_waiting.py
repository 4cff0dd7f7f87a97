"""Waiting on conditions, and several things at once."""

import asyncio

import pytest
from akoo_testbed import background, waiting


async def test_until_gives_the_first_true_answer() -> None:
    answers = iter([None, 0, "", 7, 8])

    async def check() -> object:
        return next(answers)

    assert await waiting.until(check, title="seven", seconds=5, every=0) == 7


async def test_until_names_what_it_waited_for() -> None:
    async def never() -> None:
        return None

    with pytest.raises(TimeoutError, match=r"waited 0\.01 s for rain"):
        await waiting.until(never, title="rain", seconds=0.01, every=0.001)


async def test_together_raises_the_failure_itself_and_cancels_the_rest() -> None:
    cancelled = asyncio.Event()

    async def fail() -> None:
        raise KeyError("this")

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(KeyError, match="this"):
        await waiting.together(wait(), fail())
    assert cancelled.is_set()


async def test_a_loop_thread_serves_callers_with_and_without_a_loop() -> None:
    async def whereabouts() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    loop = background.LoopThread()
    loop.start()
    try:
        there = await loop.call(whereabouts())
        assert there is not asyncio.get_running_loop()
        assert await asyncio.to_thread(loop.run, whereabouts()) is there
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(loop.run, asyncio.sleep(60), 0.01)
    finally:
        loop.stop()
    assert there.is_closed()
