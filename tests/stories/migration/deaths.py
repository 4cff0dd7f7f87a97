"""Deaths of commands and of the operator, after writes of theirs."""

from __future__ import annotations

import asyncio
import collections
import os
import signal
from collections.abc import Awaitable, Callable, Collection
from typing import Final, NamedTuple

from akoo_core.sandbox import process
from tests.stories.migration.fronts import Write

JOURNAL: Final = ("configmaps",)
NO_STEP: Final = ("leases", "events", "selfsubjectaccessreviews")
"""Kinds whose writes are no step of anything."""


class CommandKiller:
    """Kills a command after writes with these numbers, counted for each kind, and after each write
    of the journal."""

    def __init__(self, after: Collection[int]) -> None:
        self._after = after
        self._writes: collections.Counter[Write] = collections.Counter()
        self.process: asyncio.subprocess.Process | None = None

    async def written(self, write: Write) -> None:
        """Kill the command, if it is due."""
        self._writes[write] += 1
        if write.kind == JOURNAL or self._writes[write] in self._after:
            assert self.process is not None
            self.process.kill()
            await self.process.wait()


class ServerWrite(NamedTuple):
    """A write of the operator."""

    server: str
    """management, or workload"""
    method: str
    kind: tuple[str, ...]


class OperatorKiller:
    """Kills the operator after the first write of each kind, and starts it again.

    ``meanwhile`` is called while it is dead.
    """

    def __init__(
        self, operator: process.OperatorProcess, meanwhile: Callable[[], Awaitable[None]]
    ) -> None:
        self._operator = operator
        self._meanwhile = meanwhile
        self._due = asyncio.Event()
        self.seen: set[ServerWrite] = set()
        self.deaths: set[ServerWrite] = set()
        """Those that it did not survive. A write that comes while it dies is not among them."""

    async def written(self, server: str, write: Write) -> None:
        """Kill the operator, if it lives and has survived all such writes."""
        seen = ServerWrite(server, *write)
        self.seen.add(seen)
        dead = self._due.is_set() or not self._operator.running
        if dead or write.kind[0] in NO_STEP or seen in self.deaths:
            return
        self.deaths.add(seen)
        self._due.set()
        os.kill(self._operator.pid, signal.SIGKILL)

    async def revive(self) -> None:
        """Start it again after each death, until cancelled."""
        while True:
            await self._due.wait()
            await self._operator.stop(signal.SIGKILL)
            await self._meanwhile()
            await self._operator.start()
            self._due.clear()
