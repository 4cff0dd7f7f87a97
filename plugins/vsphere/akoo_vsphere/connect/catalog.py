"""Reads that all port groups of a vCenter share: one at a time for all, kept for seconds.

A decision to write does not rest on it alone: a name that was free a moment ago is refused by
vCenter, and everything about the port group itself is read anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Any, Final, NamedTuple, TypeVar, cast

from akoo_core.plugin import clock
from akoo_vsphere import marks
from akoo_vsphere.allocation import VlanUser
from akoo_vsphere.client import errors
from akoo_vsphere.client.account import VCenters
from akoo_vsphere.client.api import About, Inventory, Listed, VCenterClient
from akoo_vsphere.connect.marked import Marked
from akoo_vsphere.spec.connection import Connection

PLACES_SECONDS: Final = 10.0
"""Age of datacenters, switches, custom attributes, and of the answer to which vCenter this is."""
LISTS_SECONDS: Final = 2.0
"""Age of a list of the port groups of a switch."""
FOLLOWED_SECONDS: Final = 600.0
"""Age of such a list while a source reports what was marked since. See ``marked``."""
FRESH_SECONDS: Final = 1.0
"""Age of the answer to which vCenter this is, before a write: a vCenter is not replaced in less."""

T = TypeVar("T")


class Reach(NamedTuple):
    """The way to all vCenters of a process, what was read of them, and what sources report."""

    vcenters: VCenters
    catalogs: Catalogs
    marked: Marked
    by_command: bool = False
    """A person asked: refused logins count as they do for commands."""


class Neighbours(NamedTuple):
    """The port groups of a switch, as a list showed them."""

    names: dict[str, str]
    """Name to moRef; the first of several."""
    marks: dict[str, str]
    """moRef to the text of a mark."""


class _State:
    """The last reading of one key."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.value: Any = None
        self.at = float("-inf")
        self.begun = 0
        self.failed: tuple[int, Exception] | None = None


class Catalogs:
    """Readings of all vCenters. ``patience``: share of the ages above; 0: nothing is kept."""

    def __init__(self, patience: float = 1.0) -> None:
        self._patience = patience
        self._states: dict[Hashable, _State] = {}

    def of(self, connection: Connection, client: VCenterClient, now: clock.Clock) -> Catalog:
        """The readings of one vCenter, for one piece of work."""
        return Catalog(self, connection.identity, client, now)

    async def get(
        self,
        key: Hashable,
        read: Callable[[], Awaitable[T]],
        *,
        seconds: float,
        now: clock.Clock,
        alone: bool = False,
    ) -> T:
        """The last value if it is young enough or was read after the call, else a new one from
        ``read``.

        Callers during a reading wait for it, and then share the next one. If it fails, all of them
        get its error, so that a vCenter that does not answer costs each of them one deadline and
        not one after the other. ``alone``: an error is its caller's own.
        """
        state = self._states.setdefault(key, _State())
        # The reading that runs now, or else the next one, is the first that counts for us.
        first = state.begun if state.lock.locked() else state.begun + 1
        called_at = now.monotonic()
        async with state.lock:
            age = now.monotonic() - state.at
            if age < seconds * self._patience or state.at > called_at:
                return cast("T", state.value)
            if state.failed is not None and state.failed[0] >= first and not alone:
                raise state.failed[1]
            state.begun += 1
            number, started = state.begun, now.monotonic()
            try:
                value = await read()
            except Exception as error:
                state.failed = number, error
                raise
            state.value, state.at = value, started
            return value

    def reads(self, key: Hashable) -> bool:
        """True while a value is read."""
        state = self._states.get(key)
        return state is not None and state.lock.locked()

    def put(self, key: Hashable, value: Any, now: clock.Clock) -> None:
        """Replace a value by a newer one that was read otherwise."""
        state = self._states.setdefault(key, _State())
        state.value, state.at = value, now.monotonic()


class Catalog:
    """The readings of one vCenter."""

    def __init__(
        self, catalogs: Catalogs, key: Hashable, client: VCenterClient, now: clock.Clock
    ) -> None:
        self._catalogs = catalogs
        self._key = key
        self._client = client
        self._clock = now

    async def about(self, *, fresh: bool = False) -> About:
        """The vCenter that answers. ``fresh``: for a write."""
        seconds = FRESH_SECONDS if fresh else PLACES_SECONDS
        return await self._get("about", self._client.about, seconds)

    async def inventory(self) -> Inventory:
        """Datacenters and switches."""
        return await self._get("inventory", self._client.inventory, PLACES_SECONDS)

    async def attributes(self) -> dict[int, str]:
        """Custom attributes of port groups."""
        return await self._get("attributes", self._client.attributes, PLACES_SECONDS)

    async def neighbours(
        self, switch: str, instance: str, *, followed: bool, fresh: bool = False
    ) -> Neighbours:
        """The port groups of a switch of the vCenter ``instance``. ``followed``: a source reports
        what was marked since. ``fresh``: they are read now, unless they are followed."""

        async def read() -> Neighbours:
            return _neighbours(await self._client.port_groups(switch))

        seconds = FOLLOWED_SECONDS if followed else LISTS_SECONDS
        kind = f"{instance} {switch}"
        return await self._get(kind, read, seconds, fresh=fresh and not followed)

    async def vlans(self, switch: str) -> tuple[VlanUser, ...]:
        """The port groups of a switch that have a single VLAN."""
        return await self._get(f"vlans {switch}", lambda: self._client.vlans(switch), LISTS_SECONDS)

    async def define(self, name: str) -> dict[int, str]:
        """The custom attributes with ``name``, which is defined if need be."""

        async def define() -> int:
            return await self._client.define_attribute(name)

        key = await self._get(f"key of {name}", define, PLACES_SECONDS)
        known = {**await self.attributes(), key: name}
        self._catalogs.put((self._key, "attributes"), known, self._clock)
        return known

    async def _get(
        self,
        kind: str,
        read: Callable[[], Awaitable[T]],
        seconds: float,
        *,
        fresh: bool = False,
    ) -> T:
        if fresh:
            value = await read()
            self._catalogs.put((self._key, kind), value, self._clock)
            return value
        if self._client.silent and self._catalogs.reads((self._key, kind)):
            raise errors.UnreachableError(
                f"{self._client.address} does not answer, and is being asked again."
            )
        return await self._catalogs.get((self._key, kind), read, seconds=seconds, now=self._clock)


def _neighbours(listed: Iterable[Listed]) -> Neighbours:
    names: dict[str, str] = {}
    values: dict[str, str] = {}
    for entry in listed:
        names.setdefault(entry.name, entry.mo_ref)
        value = entry.values.get(marks.ATTRIBUTE, "")
        if value:
            values[entry.mo_ref] = value
    return Neighbours(names, values)
