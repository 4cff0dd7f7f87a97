"""A circuit breaker for one server: a silent server is called rarely. Pure but for its clock."""

from __future__ import annotations

import math
import random

from akoo_core.clock import Clock

THRESHOLD = 2
"""Calls, one after the other and without any answer, that open the circuit."""
FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 60.0
PROBE_SECONDS = 30.0
"""Longest time that a probe without a result (cancelled) blocks the next one."""


class Circuit:
    """Closed: calls pass. Open: they fail at once. After a pause one call passes as a probe.

    Pauses double from 1 s to 60 s, each drawn from [half, whole], so that clusters that fell
    silent together are not asked together.
    """

    def __init__(self, clock: Clock, *, chance: random.Random | None = None) -> None:
        self._clock = clock
        self._chance = chance or random.Random()  # noqa: S311 jitter, not cryptography
        self._failures = 0
        self._silent_since: float | None = None
        self._next_try = 0.0
        self._answered_at = -math.inf
        self._failed_at = -math.inf

    @property
    def silent_seconds(self) -> float:
        """Seconds that calls have gone unanswered; 0.0 while the last one was answered."""
        if self._silent_since is None:
            return 0.0
        return max(0.0, self._clock.monotonic() - self._silent_since)

    @property
    def is_open(self) -> bool:
        """Calls are refused, or reduced to a probe."""
        return self._failures >= THRESHOLD

    def refused_seconds(self) -> float:
        """Seconds until a call may pass; 0.0 lets the caller's call pass (as the probe)."""
        if not self.is_open:
            return 0.0
        now = self._clock.monotonic()
        if now < self._next_try:
            return self._next_try - now
        self._next_try = now + PROBE_SECONDS
        return 0.0

    def answered(self) -> None:
        """The server answered, whatever it said."""
        self._failures = 0
        self._silent_since = None
        self._answered_at = self._clock.monotonic()

    def failed(self, begun: float | None = None) -> None:
        """No answer came to a call that was sent at ``begun`` (monotonic; None: just now).

        One silence counts once, however many calls meet it at the same time. It does not count if
        another call was answered meanwhile: then the server is slow, not silent.
        """
        now = self._clock.monotonic()
        begun = now if begun is None else begun
        if begun < max(self._answered_at, self._failed_at):
            return
        self._failed_at = now
        self._failures += 1
        if self._silent_since is None:
            self._silent_since = begun
        doublings = min(self._failures - THRESHOLD, 10)
        pause = min(FIRST_PAUSE_SECONDS * 2.0**doublings, MAX_PAUSE_SECONDS)
        self._next_try = now + pause * self._chance.uniform(0.5, 1.0)
