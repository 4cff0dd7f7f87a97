"""One reading at a time for all callers, kept while it is fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _KeyState(Generic[Value]):
    """The state of one key."""

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
        self._states: dict[Key, _KeyState[Value]] = {}

    async def get(
        self, key: Key, read: Callable[[], Awaitable[Value]], fresh: Callable[[Value], bool]
    ) -> Value:
        """The last value if it is ``fresh``, else a new one from ``read``.

        Callers during a reading wait for it. If it fails, all of them get its error and none reads
        anew. If the reading caller is cancelled, the next one reads. Raises the errors of ``read``.
        """
        state = self._states.setdefault(key, _KeyState())
        awaited = state.begun if state.lock.locked() else None
        async with state.lock:
            if state.failed is not None and state.failed[0] == awaited:
                raise state.failed[1].with_traceback(None)
            if state.values and fresh(state.values[0]):
                return state.values[0]
            state.begun += 1
            try:
                value = await read()
            except Exception as error:
                state.failed = (state.begun, error)
                raise
            state.values = [value]
            return value
