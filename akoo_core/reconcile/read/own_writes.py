"""Reads one's own writes: the cache may be behind what this process has just written."""

from __future__ import annotations

from akoo_core import clock as clock_
from akoo_core.objects import record

KEPT_SECONDS = 120.0
"""Longer than a watch may be silent before it is given up."""


class Written:
    """The last record written, by name, for a short while.

    What the cache does not show after that is in doubt: it is far behind, or etcd was restored and
    what was written is lost. Only the API server can tell.
    """

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
        return written if _behind(cached, written) else cached

    def doubtful(self, name: str, cached: record.Record | None) -> bool:
        """Whether the cache has been behind for too long, so that the record must be read."""
        found = self._last.get(name)
        if found is None or cached is None or not _behind(cached, found[1]):
            return False
        return self._clock.monotonic() - found[0] > KEPT_SECONDS


def _behind(cached: record.Record, written: record.Record) -> bool:
    same = cached.uid == written.uid
    return same and newer(written.resource_version, than=cached.resource_version)


def newer(one: str, *, than: str) -> bool:
    """Whether a resource version is of a later write. False where that cannot be told."""
    # Comparable as integers by KEP-5504; where they are not numbers, the cache is believed.
    return one.isdecimal() and than.isdecimal() and int(one) > int(than)
