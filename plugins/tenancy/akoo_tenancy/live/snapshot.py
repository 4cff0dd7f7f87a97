"""Users, roles, logins and tenants on one controller, read once for all its clusters.

A look at rest compares a cluster with the snapshot, so that a thousand clusters cost a few pages
every some minutes. One reading runs at a time; the others wait for it.
"""

from __future__ import annotations

import asyncio
import datetime
from typing import Final, NamedTuple

from akoo_avi.client import AviClient, ForbiddenError, InvalidError, NotFoundError

from akoo_core.plugin import clock, structs
from akoo_tenancy.users import logins

FRESH_SECONDS: Final = 300.0


class Snapshot(NamedTuple):
    """One reading."""

    at: float
    taken_at: datetime.datetime
    """Begin of the reading: accounts that were made later are not in it."""
    version: str
    controller_uuid: str
    tenants: dict[str, structs.JSON]
    """By name."""
    users: tuple[structs.JSON, ...]
    roles: tuple[structs.JSON, ...]
    activity: dict[str, logins.Activity] | None
    """By user name; None: our account may not read it."""


class Snapshots:
    """The last reading of each controller."""

    def __init__(self) -> None:
        self._last: dict[str, Snapshot] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, avi: AviClient, now: clock.Clock) -> Snapshot:
        """A reading that is at most five minutes old. Raises AviErrors."""
        lock = self._locks.setdefault(avi.address, asyncio.Lock())
        async with lock:
            last = self._last.get(avi.address)
            if last is None or now.monotonic() - last.at > FRESH_SECONDS:
                last = self._last[avi.address] = await _read(avi, now)
            return last

    def forget(self, address: str) -> None:
        """Read it anew next time: something was repaired."""
        self._last.pop(address, None)


async def _read(avi: AviClient, now: clock.Clock) -> Snapshot:
    at, taken_at = now.monotonic(), now.now()
    params = {"include_service_accounts": "true"}
    users = await avi.list("user", tenant="admin", params=params)
    roles = await avi.list("role")
    cluster = await avi.get("cluster")
    tenants = await avi.list("tenant", tenant="admin")
    try:
        activity = await logins.everybody(avi)
    except (ForbiddenError, InvalidError, NotFoundError):
        activity = None
    return Snapshot(
        at=at,
        taken_at=taken_at,
        version=await avi.version(),
        controller_uuid=str(cluster["uuid"]),
        tenants={str(row["name"]): row for row in tenants},
        users=tuple(users),
        roles=tuple(roles),
        activity=activity,
    )
