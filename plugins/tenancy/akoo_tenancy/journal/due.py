"""The time of planned rotations: by age, spread by name, in a window, few at once. Pure."""

from __future__ import annotations

import datetime
import hashlib
from typing import Final

from akoo_core.plugin import structs
from akoo_tenancy.journal.record import Reason
from akoo_tenancy.spec.config import DAYS, Window

SPREAD: Final = 0.1
"""Accounts that were made together rotate up to a tenth of their age earlier, by name."""
URGENT: Final[frozenset[Reason]] = frozenset({"Compromised"})
"""Reasons that wait for no window and no limit."""
UNPLANNED: Final[frozenset[Reason]] = frozenset({"Compromised", "Requested", "Regressed"})
"""Reasons that wait for no window."""


class Obstacles(structs.Struct, frozen=True, kw_only=True):
    """Reasons for which no rotation starts now: it would stop half-way, or restart AKO in vain."""

    leaving: bool = False
    upgrading: bool = False
    """The Avi Controller is being upgraded."""
    silent: bool = False
    """The workload cluster does not answer."""


def due_at(name: str, since: datetime.datetime, every: datetime.timedelta) -> datetime.datetime:
    """The time at which an account gets too old, without regard to a window."""
    digest = hashlib.sha256(name.encode()).digest()
    share = int.from_bytes(digest[:4], "big") / 2**32
    return since + every * (1.0 - SPREAD * share)


def opens_at(window: Window | None, now: datetime.datetime) -> datetime.datetime:
    """The first time from ``now`` on that is in the window: ``now`` itself, or its next start."""
    if window is None or is_open(window, now):
        return now
    midnight = now.astimezone(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = (
        midnight + datetime.timedelta(days=day) + _time(window.start)
        for day in range(9)
        if _on(window, midnight + datetime.timedelta(days=day))
    )
    return next(start for start in starts if start > now)


def is_open(window: Window, now: datetime.datetime) -> bool:
    """``now`` is in the window."""
    now = now.astimezone(datetime.UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (midnight, midnight - datetime.timedelta(days=1)):
        start, end = day + _time(window.start), day + _time(window.end)
        if end <= start:
            end += datetime.timedelta(days=1)
        if _on(window, day) and start <= now < end:
            return True
    return False


def _time(text: str) -> datetime.timedelta:
    hours, _, minutes = text.partition(":")
    return datetime.timedelta(hours=int(hours), minutes=int(minutes))


def _on(window: Window, day: datetime.datetime) -> bool:
    return not window.days or DAYS[day.weekday()] in window.days


def may_start(
    reason: Reason,
    now: datetime.datetime,
    *,
    window: Window | None,
    obstacles: Obstacles,
    free: bool,
) -> bool:
    """A rotation for that reason may start now. ``free``: fewer than the limit run in the fleet.

    A first account is no rotation: it restarts nothing, so only leaving holds it up.
    """
    if obstacles.leaving:
        return False
    if reason == "First":
        return True
    if obstacles.upgrading or obstacles.silent:
        return False
    if reason in URGENT:
        return True
    return free and (reason in UNPLANNED or window is None or is_open(window, now))
