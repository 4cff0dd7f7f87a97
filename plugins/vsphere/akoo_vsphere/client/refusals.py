"""A memory of refused logins, per vCenter and user, so that trying again locks nobody out. Pure.

Directories lock an account after a few wrong passwords, whatever Secret they came from. So the time
of the next attempt belongs to vCenter and user. A password that was not refused yet is tried at
once; all that were refused share one pause, which grows with each refusal.
"""

from __future__ import annotations

import collections
from typing import Final

FIRST_SECONDS: Final = 300.0
"""Pause after the first refusal."""
MAX_SECONDS: Final = 14_400.0
CAPACITY: Final = 1024
"""Pairs of vCenter and user; the oldest are forgotten."""
ATTEMPTS: Final = 64
"""Refused attempts that are told apart for one user; the oldest are forgotten."""

Key = tuple[str, str]
"""Address and user."""


def pause(count: int) -> float:
    """Seconds until the next attempt after ``count`` refusals in a row: 5 min, doubling to 4 h."""
    return min(FIRST_SECONDS * 2.0 ** min(max(count - 1, 0), 16), MAX_SECONDS)


class _User:
    def __init__(self) -> None:
        self.count = 0
        self.until = 0.0
        self.refused: collections.OrderedDict[str, None] = collections.OrderedDict()


class Refusals:
    """Refusals of this process. Times are of one monotonic clock."""

    def __init__(self) -> None:
        self._users: collections.OrderedDict[Key, _User] = collections.OrderedDict()

    def seconds_left(self, key: Key, attempt: str, now: float) -> float:
        """Seconds until ``attempt`` (a digest of password and Secret version) may be tried."""
        user = self._users.get(key)
        if user is None or attempt not in user.refused:
            return 0.0
        return max(user.until - now, 0.0)

    def note(self, key: Key, attempt: str, now: float) -> float:
        """Record a refusal; seconds until the next attempt."""
        user = self._users.setdefault(key, _User())
        self._users.move_to_end(key)
        if len(self._users) > CAPACITY:
            self._users.popitem(last=False)
        user.count += 1
        user.until = now + pause(user.count)
        user.refused[attempt] = None
        if len(user.refused) > ATTEMPTS:
            user.refused.popitem(last=False)
        return pause(user.count)

    def accept(self, key: Key) -> None:
        """Forget the refusals: a login was accepted."""
        self._users.pop(key, None)
