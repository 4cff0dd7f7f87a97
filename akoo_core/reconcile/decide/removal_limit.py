"""The brake on removals: a mistake in one selector must not take AKO from a whole fleet. Pure.

What it costs to ask does not grow with the fleet, since a mistake in a large fleet asks often.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Protocol

from akoo_core import structs

WINDOW = datetime.timedelta(hours=1)
LEAST = 3
SHARE = 0.05

Begun = Mapping[str, tuple[datetime.datetime, ...]]
"""By record, when removals began."""


class Ledger(Protocol):
    """What the caches know of removals; each question is answered by an index."""

    def fleet(self) -> int:
        """How many records are not finished."""
        ...

    def begun(self, now: datetime.datetime) -> Begun:
        """The removals of the last hour, perhaps some older ones."""
        ...

    def leaves(self, name: str) -> bool:
        """Whether the record leaves, for whatever cause."""
        ...


def moments(spec: structs.JSON) -> tuple[datetime.datetime, ...]:
    """When removals of a record with this ``spec`` began. Deletions of Clusters are none.

    A move counts; of one that has ended, when it ended.
    """
    leaving = spec.get("leaving") or {}
    ended = {_moment(place["at"]) for place in spec.get("endedPlacements") or ()}
    if not leaving or leaving["cause"] == "ClusterDeleted":
        return tuple(sorted(ended))
    return tuple(sorted({*ended, _moment(leaving["startedAt"])}))


def _moment(text: str) -> datetime.datetime:
    return structs.convert(text, datetime.datetime).astimezone(datetime.UTC)


def allowed(fleet: int) -> int:
    """How many removals may begin in an hour in a fleet of so many records."""
    return max(LEAST, int(fleet * SHARE))


def held_seconds(
    begun: Iterable[datetime.datetime], *, fleet: int, now: datetime.datetime
) -> float:
    """How long the next removal has to wait; 0.0 when it may begin."""
    recent = sorted(at for at in begun if at > now - WINDOW)
    over = len(recent) - allowed(fleet)
    if over < 0:
        return 0.0
    return max(1.0, (recent[over] + WINDOW - now).total_seconds())


class Brake:
    """Remembers, besides what the caches show of it, what this process has begun itself."""

    def __init__(self) -> None:
        self._own: dict[str, datetime.datetime] = {}

    def held(self, name: str, ledger: Ledger, *, now: datetime.datetime) -> float:
        """Seconds that a removal has to wait; 0.0 when it may begin."""
        begun = ledger.begun(now)
        self._own = {
            other: at
            for other, at in self._own.items()
            if at > now - WINDOW and not _shows(ledger, begun.get(other, ()), other, at)
        }
        known = [at for moments_ in begun.values() for at in moments_]
        own = [at for other, at in self._own.items() if other != name]
        return held_seconds((*known, *own), fleet=ledger.fleet(), now=now)

    def ask(self, name: str, ledger: Ledger, *, now: datetime.datetime) -> float:
        """Seconds that a removal has to wait; 0.0 lets it begin, and counts it."""
        seconds = self.held(name, ledger, now=now)
        if seconds == 0.0:
            self._own[name] = now
        return seconds


def _shows(
    ledger: Ledger, begun: tuple[datetime.datetime, ...], name: str, at: datetime.datetime
) -> bool:
    """Whether the caches show what this process began then."""
    return ledger.leaves(name) or any(moment >= at for moment in begun)
