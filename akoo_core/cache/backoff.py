"""Pauses of a reflector after errors."""

from __future__ import annotations

BASE_SECONDS = 0.8
CAP_SECONDS = 30.0
RESET_AFTER_SECONDS = 120.0
"""After so many seconds without an error, the next pause is the shortest again."""


class ReflectorBackoff:
    """0.8 s, doubled with every error, each stretched at random up to twofold; never over 30 s.

    The figures are client-go's. ``chance`` is a number in [0, 1), ``now`` monotonic seconds.
    """

    def __init__(self) -> None:
        self._seconds = BASE_SECONDS
        self._last: float | None = None

    def next(self, now: float, chance: float) -> float:
        """Seconds to pause after one more error."""
        if self._last is not None and now - self._last > RESET_AFTER_SECONDS:
            self._seconds = BASE_SECONDS
        pause = min(self._seconds * (1.0 + chance), CAP_SECONDS)
        self._seconds = min(self._seconds * 2.0, CAP_SECONDS)
        self._last = now + pause
        return pause
