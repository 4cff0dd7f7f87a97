"""The brake on removals: a mistake in one selector must not take AKO from a whole fleet. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from akoo_core.api import record

WINDOW = datetime.timedelta(hours=1)
LEAST = 3
SHARE = 0.05


def removals(
    records: Iterable[record.Record], now: datetime.datetime
) -> tuple[datetime.datetime, ...]:
    """When the removals of the last hour began, oldest first. Cluster deletions are none.

    A move counts; of one that has ended, when it ended.
    """
    begun: list[datetime.datetime] = []
    for one in records:
        if one.spec.leaving is not None and one.spec.leaving.cause != "ClusterDeleted":
            begun.append(one.spec.leaving.started_at)
        begun += {ended.at for ended in one.spec.ended_placements}
    return tuple(sorted(at for at in begun if at > now - WINDOW))


def allowed(fleet: int) -> int:
    """How many removals may begin in an hour in a fleet of so many records."""
    return max(LEAST, int(fleet * SHARE))


def held_seconds(
    begun: tuple[datetime.datetime, ...], *, fleet: int, now: datetime.datetime
) -> float:
    """How long the next removal has to wait; 0.0 when it may begin."""
    over = len(begun) - allowed(fleet)
    if over < 0:
        return 0.0
    return max(1.0, (begun[over] + WINDOW - now).total_seconds())


class Brake:
    """Remembers, besides what the caches show of it, what this process has begun itself."""

    def __init__(self) -> None:
        self._begun: dict[str, datetime.datetime] = {}

    def ask(
        self, name: str, records: tuple[record.Record, ...], *, now: datetime.datetime
    ) -> float:
        """Seconds that a removal has to wait; 0.0 lets it begin, and counts it."""
        shown = {one.name: one for one in records}
        own = {
            other: at
            for other, at in self._begun.items()
            if at > now - WINDOW and other != name and not _shows(shown.get(other), at)
        }
        begun = tuple(sorted((*removals(records, now), *own.values())))
        fleet = sum(1 for one in records if one.spec.finished_at is None)
        seconds = held_seconds(begun, fleet=fleet, now=now)
        self._begun = own | ({name: now} if seconds == 0.0 else {})
        return seconds


def _shows(one: record.Record | None, at: datetime.datetime) -> bool:
    """Whether what began then is seen in the record."""
    if one is None:
        return False
    ended = any(found.at >= at for found in one.spec.ended_placements)
    return one.spec.leaving is not None or ended
