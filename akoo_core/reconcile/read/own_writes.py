"""Reads this process's own writes: the cache may be older than a record it has just written."""

from __future__ import annotations

from akoo_core.clock import Clock
from akoo_core.objects.record import Record

KEPT_SECONDS = 120.0
"""Longer than a watch may be silent before it is given up."""


class Written:
    """The last record written, by name, for a short while.

    A write that the cache does not show after that is doubtful: the cache is far behind, or etcd
    was restored and the write is lost. Only the API server knows.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, tuple[float, Record]] = {}

    def note(self, name: str, record: Record | None) -> None:
        """Remember the written ``record``; None only drops a record that is too old."""
        now = self._clock.monotonic()
        if record is not None:
            self._last[name] = (now, record)
        elif name in self._last and now - self._last[name][0] > KEPT_SECONDS:
            del self._last[name]

    def drop(self, name: str) -> None:
        self._last.pop(name, None)

    def newest(self, name: str, cached: Record | None) -> Record | None:
        """The newer of the cached record and the one written here."""
        last = self._last.get(name)
        if last is None or self._clock.monotonic() - last[0] > KEPT_SECONDS:
            return cached
        written = last[1]
        if cached is None:
            return written
        return written if _behind(cached, written) else cached

    def doubtful(self, name: str, cached: Record | None) -> bool:
        """True if the cache has been behind for too long, so that the record must be read."""
        last = self._last.get(name)
        if last is None or cached is None or not _behind(cached, last[1]):
            return False
        return self._clock.monotonic() - last[0] > KEPT_SECONDS


def _behind(cached: Record, written: Record) -> bool:
    same = cached.uid == written.uid
    return same and newer(written.resource_version, than=cached.resource_version)


def newer(version: str, *, than: str) -> bool:
    """True if a resource version is of a later write. False where the two do not compare."""
    # Comparable as integers by KEP-5504; where they are not numbers, the cache is believed.
    return version.isdecimal() and than.isdecimal() and int(version) > int(than)
