"""Reads one's own writes: the cache may be behind what this process has just written."""

from __future__ import annotations

from akoo_core import clock as clock_
from akoo_core.api import record

KEPT_SECONDS = 120.0
"""Longer than a watch may be silent before it is given up. A cache that is further behind is
decided from as it is: writes to the record are guarded, but verbs may be called once more."""


class Written:
    """The last record written, by name, for a short while."""

    def __init__(self, clock: clock_.Clock) -> None:
        self._clock = clock
        self._last: dict[str, tuple[float, record.Record]] = {}

    def note(self, name: str, one: record.Record | None) -> None:
        """Remember what was written; None forgets nothing but what is too old."""
        now = self._clock.monotonic()
        if one is not None:
            self._last[name] = (now, one)
        elif name in self._last and now - self._last[name][0] > KEPT_SECONDS:
            del self._last[name]

    def drop(self, name: str) -> None:
        self._last.pop(name, None)

    def newest(self, name: str, cached: record.Record | None) -> record.Record | None:
        """The later of what the cache has and what was written here."""
        found = self._last.get(name)
        if found is None or self._clock.monotonic() - found[0] > KEPT_SECONDS:
            return cached
        written = found[1]
        if cached is None:
            return written
        if cached.uid != written.uid:
            return cached
        return written if newer(written.resource_version, than=cached.resource_version) else cached


def newer(one: str, *, than: str) -> bool:
    """Whether a resource version is of a later write. False where that cannot be told."""
    # Comparable as integers by KEP-5504; where they are not numbers, the cache is believed.
    return one.isdecimal() and than.isdecimal() and int(one) > int(than)
