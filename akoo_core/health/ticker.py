"""A task that ticks; late ticks show a blocked event loop."""

from __future__ import annotations

import asyncio

from akoo_core.clock import Clock
from akoo_core.telemetry import metrics

INTERVAL_SECONDS = 0.5
STALL_SECONDS = 10.0
"""After so many seconds without a tick the process counts as dead."""


class Ticker:
    """Ticks on the loop it was started on. Every tick's lateness is observed as blocked time."""

    def __init__(self, clock: Clock, *, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._last = clock.monotonic()
        self._task: asyncio.Task[None] | None = None

    @property
    def stalled_seconds(self) -> float:
        """Seconds since the next tick was due; 0.0 while ticks are in time."""
        return max(0.0, self._clock.monotonic() - self._last - self._interval_seconds)

    @property
    def alive(self) -> bool:
        """True if the last tick is recent enough."""
        return self.stalled_seconds <= STALL_SECONDS

    def tick(self) -> None:
        """One tick, now."""
        metrics.EVENT_LOOP_BLOCKED.observe(self.stalled_seconds)
        self._last = self._clock.monotonic()

    def start(self) -> None:
        """Tick from now on, until ``stop``."""
        self._last = self._clock.monotonic()
        self._task = asyncio.create_task(self._run(), name="event loop ticker")

    async def stop(self) -> None:
        """End the ticking. Safe to call twice."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_seconds)
            self.tick()
