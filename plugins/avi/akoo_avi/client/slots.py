"""The bound on requests to one controller, and the order of waiting requests.

A request that waits for its slot has sent nothing, so its time does not run yet: the wait says
nothing about the controller.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import AsyncIterator
from typing import TypeAlias

SIZE = 8
FOR_READS = 1
"""Further slots that only reads take. A DELETE may last for half a minute, and a read of another
cluster on that controller need not wait for it."""
READS_IN_A_ROW = 3
"""A read goes before waiting writes, which are slower; after so many reads, one write goes."""

Turn: TypeAlias = asyncio.Future[bool]
"""The result is True for a slot that only reads take."""


class Slots:
    """At most ``size`` bodies of :meth:`slot` run at the same time, and one more that reads.

    For one event loop. A wait has no deadline of its own: each slot comes back after the deadline
    of its request.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._free = {False: size, True: FOR_READS}
        """Free slots; True: only reads take them."""
        self._reads: collections.deque[Turn] = collections.deque()
        self._writes: collections.deque[Turn] = collections.deque()
        self._reads_in_a_row = 0

    @contextlib.asynccontextmanager
    async def slot(self, *, write: bool) -> AsyncIterator[None]:
        """Run the body in a slot, as soon as one is free."""
        for_reads = await self._take(write=write)
        try:
            yield
        finally:
            self._hand_on(for_reads=for_reads)

    async def _take(self, *, write: bool) -> bool:
        for for_reads in (False,) if write else (True, False):
            if self._free[for_reads]:
                self._free[for_reads] -= 1
                return for_reads
        turn: Turn = asyncio.get_running_loop().create_future()
        (self._writes if write else self._reads).append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._hand_on(for_reads=turn.result())
            raise

    def _hand_on(self, *, for_reads: bool) -> None:
        """Give a slot to a waiting request, or keep it."""
        for queue in (self._reads, self._writes):
            while queue and queue[0].done():  # its task was cancelled
                queue.popleft()
        turn = self._next(for_reads=for_reads)
        if turn is None:
            self._free[for_reads] += 1
        else:
            turn.set_result(for_reads)

    def _next(self, *, for_reads: bool) -> Turn | None:
        if for_reads:
            return self._reads.popleft() if self._reads else None
        if self._reads and not (self._writes and self._reads_in_a_row >= READS_IN_A_ROW):
            self._reads_in_a_row += 1
            return self._reads.popleft()
        self._reads_in_a_row = 0
        return self._writes.popleft() if self._writes else None
