"""Clocks; tests pass one that moves only when they advance it."""

from __future__ import annotations

import contextlib
import datetime
import time
from typing import Protocol


class Clock(Protocol):
    """The time of day, and time that never goes back."""

    def now(self) -> datetime.datetime:
        """The wall clock, in UTC with a time zone. For people and records."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back. For every deadline and interval inside one process."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class LeaseClock(SystemClock):
    """The clock of the machine, which goes on while the machine is suspended.

    Linux stops CLOCK_MONOTONIC then: the leader on a suspended virtual machine would wake up and
    trust its Lease long after another has taken it. Event loops wait by CLOCK_MONOTONIC, so this
    clock is for times that are *compared*, not for waiting.
    """

    def monotonic(self) -> float:
        # Absent on other systems; sandboxed kernels may refuse it.
        if hasattr(time, "CLOCK_BOOTTIME"):
            with contextlib.suppress(OSError):
                return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()


class ManualClock:
    """A clock that only ``advance`` moves. For tests and simulations."""

    def __init__(self, start: datetime.datetime | None = None) -> None:
        self._now = start or datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime.datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by ``seconds`` (never back)."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._now += datetime.timedelta(seconds=seconds)
        self._monotonic += seconds
