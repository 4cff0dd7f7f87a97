"""The times at which AKO calls Avi again after a call that failed. Pure: the clock is a parameter.

The real AKO has a fast queue, whose delays grow, and a slow one that it empties every 90 s. Here
one delay doubles until it is that of the slow queue. No queue needs anything of the cluster: an
AKO whose API server is gone calls Avi again all the same.
"""

import collections.abc

FIRST_RETRY_SECONDS = 0.25
SLOW_RETRY_SECONDS = 90.0
"""Period of AKO's slow retry queue (SLOW_SYNC_TIME in its internal/lib/constants.go)."""

_NEVER = float("inf")


class Retries:
    """The time of the next try, by `clock` (seconds)."""

    def __init__(self, clock: collections.abc.Callable[[], float]) -> None:
        self._clock = clock
        self._delay = FIRST_RETRY_SECONDS
        self._due = _NEVER

    def note(self, *, complete: bool) -> None:
        """Take in how the calls went: all done, or some to be tried again later."""
        if complete:
            self._delay, self._due = FIRST_RETRY_SECONDS, _NEVER
            return
        self._due = self._clock() + self._delay
        self._delay = min(2 * self._delay, SLOW_RETRY_SECONDS)

    @property
    def seconds(self) -> float:
        """Until the next try, not below 0; infinity: nothing failed."""
        return max(self._due - self._clock(), 0.0)

    @property
    def waits(self) -> bool:
        """Some call failed, and the time of its next try has not come."""
        return self.seconds > 0.0 and self._due != _NEVER
