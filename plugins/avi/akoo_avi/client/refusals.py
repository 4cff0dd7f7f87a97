"""Remembers which credentials were refused, so that trying them again locks nobody out. Pure.

A controller locks an account after a few wrong passwords (three, unless it was told otherwise).
"""

from __future__ import annotations

import collections

REFUSED_SECONDS = 300.0
CAPACITY = 1024
"""Credentials; the oldest are forgotten."""

Key = tuple[str, str]
"""Address, and the credential's login id."""


class Refusals:
    """Until when which credential is not to be tried. Times are of one monotonic clock."""

    def __init__(self, seconds: float = REFUSED_SECONDS) -> None:
        self._seconds = seconds
        self._until: collections.OrderedDict[Key, float] = collections.OrderedDict()

    def note(self, key: Key, now: float) -> float:
        """It was refused now; the seconds until it may be tried again."""
        self._until[key] = now + self._seconds
        self._until.move_to_end(key)
        if len(self._until) > CAPACITY:
            self._until.popitem(last=False)
        return self._seconds

    def accept(self, key: Key) -> None:
        """It was accepted."""
        self._until.pop(key, None)

    def seconds_left(self, key: Key, now: float) -> float:
        """How long it is not to be tried yet; 0.0: try it."""
        return max(self._until.get(key, now) - now, 0.0)
