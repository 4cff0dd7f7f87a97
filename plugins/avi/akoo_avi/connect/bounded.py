"""Several things at once, but not too many; the first error ends them all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def run(functions: Sequence[Callable[[], Awaitable[T]]], *, width: int) -> list[T]:
    """All results, in the order of ``functions``; at most ``width`` run at a time.

    Raises the first error as it is, once nothing runs any more.
    """
    results: dict[int, T] = {}
    waiting = iter(enumerate(functions))

    async def worker() -> None:
        for index, function in waiting:
            results[index] = await function()

    tasks = [asyncio.ensure_future(worker()) for _ in range(min(width, len(functions)))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [results[index] for index in range(len(functions))]
