"""One reading at a time for all who ask, kept while it is fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Line(Generic[Value]):
    """Who asks for one key."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.values: list[Value] = []
        """The last one, or none."""
        self.begun = 0
        self.failed: tuple[int, Exception] | None = None
        """Number and error of the last reading that failed."""


class Readings(Generic[Key, Value]):
    """The last value of each key. For one event loop."""

    def __init__(self) -> None:
        self._lines: dict[Key, _Line[Value]] = {}

    async def get(
        self, key: Key, read: Callable[[], Awaitable[Value]], fresh: Callable[[Value], bool]
    ) -> Value:
        """The last value if it is ``fresh``, else what ``read`` gives.

        Whoever asks while it is read waits for that reading. If it fails, all of them get its error
        and none reads anew; if who reads is cancelled, the next one does. Raises what ``read``
        raises.
        """
        line = self._lines.setdefault(key, _Line())
        awaited = line.begun if line.lock.locked() else None
        async with line.lock:
            if line.failed is not None and line.failed[0] == awaited:
                raise line.failed[1].with_traceback(None)
            if line.values and fresh(line.values[0]):
                return line.values[0]
            line.begun += 1
            try:
                value = await read()
            except Exception as error:
                line.failed = (line.begun, error)
                raise
            line.values = [value]
            return value
