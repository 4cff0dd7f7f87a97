"""The limit on removals: a mistake in one selector must not take AKO from a whole fleet. Pure.

The cost of a question does not grow with the fleet, since a mistake in a large fleet asks often.
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
"""The times at which removals began, by record."""


class Ledger(Protocol):
    """Removals as the caches show them; an index answers each question."""

    def fleet(self) -> int:
        """Number of records that are not finished."""
        ...

    def begun(self, now: datetime.datetime) -> Begun:
        """The removals of the last hour, perhaps some older ones."""
        ...

    def leaves(self, name: str) -> bool:
        """True if the record leaves, for any cause."""
        ...


def moments(spec: structs.JSON) -> tuple[datetime.datetime, ...]:
    """The times at which removals of a record with this ``spec`` began.

    Deletions of Clusters do not count. A relocation counts; one that has ended, by its end.
    """
    leaving = spec.get("leaving") or {}
    ended = {_moment(placement["at"]) for placement in spec.get("endedPlacements") or ()}
    if not leaving or leaving["cause"] == "ClusterDeleted":
        return tuple(sorted(ended))
    return tuple(sorted({*ended, _moment(leaving["startedAt"])}))


def _moment(text: str) -> datetime.datetime:
    return structs.convert(text, datetime.datetime).astimezone(datetime.UTC)


def allowed(fleet: int) -> int:
    """Number of removals that may begin in an hour in a fleet of so many records."""
    return max(LEAST, int(fleet * SHARE))


def held_seconds(
    begun: Iterable[datetime.datetime], *, fleet: int, now: datetime.datetime
) -> float:
    """Seconds until the next removal may begin; 0.0 for now."""
    recent = sorted(at for at in begun if at > now - WINDOW)
    over = len(recent) - allowed(fleet)
    if over < 0:
        return 0.0
    return max(1.0, (recent[over] + WINDOW - now).total_seconds())


class Brake:
    """The limit, with the memory of removals that this process began and the caches do not show."""

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
        known = [at for times in begun.values() for at in times]
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
    """True if the caches show the removal that this process began then."""
    return ledger.leaves(name) or any(moment >= at for moment in begun)
