"""An event loop whose time jumps: a test of an hour's backoff takes no time and always ends alike.

::

    @virtual_time.test
    async def test_it(clock: virtual_time.LoopClock) -> None: ...
"""

from __future__ import annotations

import asyncio
import datetime
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_LOOK_EVERY = 16
"""Rounds of callbacks between two system calls."""
_EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class DeadlockError(AssertionError):
    """Nothing is ready and no timer is set: the test would wait for ever."""


class _JumpingSelector(selectors.SelectSelector):
    """A selector that moves the time to the next timer, instead of sleeping until then."""

    now = 1000.0
    _asked = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0:
            self._asked += 1
            if self._asked % _LOOK_EVERY:
                return []  # Callbacks wait: threads and sockets can, too.
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise DeadlockError("every task waits and no timer is set: nothing will ever happen")
        self.now += max(timeout, 0.0)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Time stands still while callbacks run and jumps to the next timer when none is ready.

    For code without threads and sockets: it does not wait for them.
    """

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class LoopClock:
    """The clock of a VirtualTimeLoop: wall clock and monotonic clock move with it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._start = loop.time()

    def now(self) -> datetime.datetime:
        return _EPOCH + datetime.timedelta(seconds=self._loop.time() - self._start)

    def monotonic(self) -> float:
        return self._loop.time()


def run(main: Callable[[LoopClock], Coroutine[Any, Any, T]]) -> T:
    """Run ``main`` to its end in virtual time. A task that it leaves behind is an error."""

    async def checked() -> T:
        result = await main(LoopClock(asyncio.get_running_loop()))
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:
            raise AssertionError(f"tasks left behind: {sorted(task.get_name() for task in left)}")
        return result

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(checked())


def test(function: Callable[[LoopClock], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Make a plain test of a coroutine function that takes the clock."""

    # Not functools.wraps: pytest would follow __wrapped__ and look for a fixture named clock.
    @functools.wraps(function, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
    def wrapper() -> None:
        run(function)

    del wrapper.__wrapped__
    return wrapper


test.__test__ = False  # type: ignore[attr-defined]


async def settle() -> None:
    """Let every task that can run do so, without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)
