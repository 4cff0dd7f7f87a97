"""Wait of a key after failures."""

from __future__ import annotations

from akoo_core import structs


class Backoff(structs.Struct, frozen=True, kw_only=True):
    """Exponential per key: ``base_seconds`` doubled with every failure, at most ``cap_seconds``.

    The defaults are those of client-go's per-item limiter. ``jitter`` is the share added at
    random, so that keys which failed together do not come back together.
    """

    base_seconds: float = 0.005
    cap_seconds: float = 1000.0
    jitter: float = 0.1

    def seconds(self, failures: int, chance: float) -> float:
        """The wait after the ``failures``-th failure in a row (1 is the first).

        ``chance`` is a number in [0, 1).
        """
        # Beyond 2**64 every sensible cap is long reached, and floats would overflow at 2**1024.
        grown = self.base_seconds * 2.0 ** min(max(failures, 1) - 1, 64)
        return min(grown, self.cap_seconds) * (1.0 + self.jitter * chance)
