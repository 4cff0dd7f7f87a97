"""Remembers which credentials were refused, so that trying them again locks nobody out. Pure.

A controller locks an account for half an hour after a few wrong passwords (three, unless it was
told otherwise), and nobody outside knows over what time it counts them. So the second refusal of
the same credential is followed by an hour of rest, and each later one, too: two tries in an hour.
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
    """What has to happen before the next login; "" for the usual: wait, or change the Secret."""


class Memory(Protocol):
    """The refusals of one credential, remembered beyond this process."""

    async def refused(self) -> Remembered | None:
        """The refusal because of which no login is to be tried now."""
        ...

    async def note(self) -> float:
        """It was refused now; the seconds until it may be tried again."""
        ...

    async def accept(self) -> None:
        """It was accepted."""
        ...


class Refusals:
    """Until when which credential is not to be tried. Times are of one monotonic clock."""

    def __init__(self, seconds: float = REFUSED_SECONDS) -> None:
        self._seconds = seconds
        self._until: collections.OrderedDict[Key, float] = collections.OrderedDict()
        """Also of those that may be tried again: they were refused before."""

    def note(self, key: Key, now: float) -> float:
        """It was refused now; the seconds until it may be tried again."""
        seconds = max(AGAIN_SECONDS, self._seconds) if key in self._until else self._seconds
        self._until[key] = now + seconds
        self._until.move_to_end(key)
        if len(self._until) > CAPACITY:
            self._until.popitem(last=False)
        return seconds

    def accept(self, key: Key) -> None:
        """It was accepted."""
        self._until.pop(key, None)

    def seconds_left(self, key: Key, now: float) -> float:
        """How long it is not to be tried yet; 0.0: try it."""
        return max(self._until.get(key, now) - now, 0.0)
