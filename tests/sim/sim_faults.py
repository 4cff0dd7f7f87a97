"""Faults on the way: calls that fail or whose answer is lost, latency, late watches."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Unpack

from opentelemetry import trace

from akoo_core import external
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.testing.calls import Crash
from akoo_core.testing.memory import watch
from tests.sim.sim_laws import Laws


class Weather:
    """The rate of each fault, for everybody. All zero: nothing goes wrong any more."""

    def __init__(self) -> None:
        self.failing = 0.0
        """Share of calls that fail, half of them after they took effect."""
        self.latency = 0.0
        """The longest a call takes, seconds."""
        self.lag = 0.0
        """The longest a watch event takes, seconds."""

    def error(self, system: str, *, write: bool) -> Exception:
        if system not in ("kubernetes", "workload"):
            return ConnectionError("the outside does not answer")
        kinds: list[Exception] = [
            errors.UnreachableError("connection reset"),
            errors.ServerError("etcdserver: request timed out", status=500),
            errors.TooManyRequestsError("slow down", status=429),
            TimeoutError(),
        ]
        if write:
            kinds.append(errors.ConflictError("the object has been modified", status=409))
        return random.choice(kinds)


class LateWatches(watch.WatchFaults):
    """Watches whose events arrive late, in order: every cache lies behind."""

    weather: Weather

    async def read(self, *arguments: Any, **named: Any) -> AsyncGenerator[client_.WatchEvent, None]:
        async with contextlib.aclosing(super().read(*arguments, **named)) as events:
            async for event in events:
                if self.weather.lag:
                    await asyncio.sleep(random.random() ** 3 * self.weather.lag)
                yield event


class Seam(external.External):
    """The external calls of one process in this weather. ``dead``: it was killed, and can do
    nothing any more. ``cut``: it reaches nobody."""

    def __init__(
        self, weather: Weather, laws: Laws, identity: str, guard: external.Guard | None = None
    ) -> None:
        super().__init__(guard=guard)
        self._weather = weather
        self._laws = laws
        self._identity = identity
        self._elects = guard is None
        self.dead = False
        self.cut = False
        self.leads: Callable[[], bool] = lambda: True
        """Asked at the moment at which a write begins."""
        self.writing = 0
        """Writes under way: past the guard, not yet answered."""
        self.writes = 0
        """That took effect, the Lease apart."""

    @contextlib.asynccontextmanager
    async def call(
        self, system: str, operation: str, **options: Unpack[external.CallOptions]
    ) -> AsyncIterator[trace.Span]:
        """As :meth:`external.External.call`."""
        write = options["write"]
        async with super().call(system, operation, **options) as span:
            if write and not self._elects:
                self._laws.require(self.leads(), f"{self._identity} writes and does not lead")
            self.writing += write
            try:
                async with self._carried(system, write=write):
                    yield span
            finally:
                self.writing -= write

    @contextlib.asynccontextmanager
    async def _carried(self, system: str, *, write: bool) -> AsyncIterator[None]:
        """There and back again, as the weather has it."""
        await self._way()
        fails = random.random() < self._weather.failing
        late = fails and random.random() < 0.5
        if fails and not late:
            raise self._weather.error(system, write=write)
        if self.dead:
            raise Crash("killed")
        yield
        if write and not self._elects:
            self.writes += 1
            self._laws.leads(self._identity)
        if late:
            raise errors.UnreachableError("the answer was lost")
        await self._way()

    async def _way(self) -> None:
        if self.dead:
            raise Crash("killed")
        if self._weather.latency:
            await asyncio.sleep(random.random() ** 4 * self._weather.latency)
        if self.cut:
            await asyncio.sleep(random.random())
            raise errors.UnreachableError("no route to host")
        if self.dead:
            raise Crash("killed")
