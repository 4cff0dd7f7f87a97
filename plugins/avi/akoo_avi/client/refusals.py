"""A memory of refused credentials, so that trying them again locks nobody out. Pure.

A controller locks an account for half an hour after a few wrong passwords (three by default). The
period over which it counts them is unknown. So after the second refusal of the same credential, and
after each later one, an hour passes without a try: two tries in an hour.
"""

from __future__ import annotations

import collections
import datetime
from typing import NamedTuple, Protocol

REFUSED_SECONDS = 300.0
"""After the first refusal: a password that was being changed is right soon."""
AGAIN_SECONDS = 3600.0
"""After each further one."""
CAPACITY = 1024
"""Credentials; the oldest are forgotten."""

Key = tuple[str, str]
"""Address, and the credential's login id."""


class Remembered(NamedTuple):
    """A refusal that another process met."""

    at: datetime.datetime
    retry_seconds: float
    advice: str
    """The condition for the next login; "" for the usual: wait, or change the Secret."""


class RefusalMemory(Protocol):
    """The refusals of one credential, remembered beyond this process."""

    async def refused(self) -> Remembered | None:
        """The refusal that forbids a login now; None: try it."""
        ...

    async def note(self) -> float:
        """Record a refusal now; the seconds until the next try."""
        ...

    async def accept(self) -> None:
        """Record a success."""
        ...


class Refusals:
    """The time of the next try for each refused credential. Times are of one monotonic clock."""

    def __init__(self, seconds: float = REFUSED_SECONDS) -> None:
        self._seconds = seconds
        self._until: collections.OrderedDict[Key, float] = collections.OrderedDict()
        """Includes credentials that may be tried again: they were refused before."""

    def note(self, key: Key, now: float) -> float:
        """Record a refusal now; the seconds until the next try."""
        seconds = max(AGAIN_SECONDS, self._seconds) if key in self._until else self._seconds
        self._until[key] = now + seconds
        self._until.move_to_end(key)
        if len(self._until) > CAPACITY:
            self._until.popitem(last=False)
        return seconds

    def accept(self, key: Key) -> None:
        """Record a success."""
        self._until.pop(key, None)

    def seconds_left(self, key: Key, now: float) -> float:
        """Seconds until the next try; 0.0: try it."""
        return max(self._until.get(key, now) - now, 0.0)
