"""The calls of one server that may run at the same time.

A call waits for its turn only while the others are answered. A server that hangs holds a few
attempts and no more: the workers of the operator are for all clusters.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

SIZE: Final = 4
"""Calls at the same time."""
PATIENCE_SECONDS: Final = 1.0
"""Age of the oldest call from which on no other waits behind it."""


class BusyError(Exception):
    """All calls that may run wait for an answer."""


class Lanes:
    """For one event loop."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(SIZE)
        self._begun: dict[object, float] = {}

    @contextlib.asynccontextmanager
    async def lane(self) -> AsyncIterator[None]:
        """Run one call. Raises BusyError before it begins."""
        await self._wait()
        call = object()
        self._begun[call] = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            del self._begun[call]
            self._free.release()

    async def _wait(self) -> None:
        while True:
            left = self._left()
            if left <= 0:
                raise BusyError
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._free.acquire()
                    return

    def _left(self) -> float:
        """Seconds until the oldest call is too old to wait behind it."""
        now = asyncio.get_running_loop().time()
        if len(self._begun) < SIZE:
            return PATIENCE_SECONDS
        return min(self._begun.values()) + PATIENCE_SECONDS - now
