"""Waits on a condition that can only be asked for, with a deadline."""

import asyncio
import time
import typing
from collections.abc import Awaitable, Callable, Coroutine

POLL_SECONDS = 0.05

T = typing.TypeVar("T")


async def until(
    check: Callable[[], Awaitable[T | None]],
    *,
    title: str,
    seconds: float,
    every: float = POLL_SECONDS,
) -> T:
    """The first answer of `check` that is true, asked for every `every` seconds.

    Raises TimeoutError, naming `title`, after `seconds`. Exceptions of `check` pass.
    """
    deadline = time.monotonic() + seconds
    while True:
        if answer := await check():
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {title}")
        await asyncio.sleep(every)


async def together(*work: Coroutine[typing.Any, typing.Any, object]) -> None:
    """Run all at once; the first failure cancels the others and is raised, as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
