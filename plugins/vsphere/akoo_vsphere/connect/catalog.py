"""Reads that all port groups of a vCenter share: one at a time for all, kept for seconds.

A decision to write does not rest on it alone: a name that was free a moment ago is refused by
vCenter, and everything about the port group itself is read anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, NamedTuple, TypeVar, cast

from akoo_core.plugin import clock
from akoo_vsphere.client.account import VCenters
from akoo_vsphere.client.api import About, Inventory, Listed, VCenterClient
from akoo_vsphere.spec.connection import Connection

PLACES_SECONDS: Final = 10.0
"""Age of datacenters, switches, custom attributes, and of the answer to which vCenter this is."""
LISTS_SECONDS: Final = 2.0
"""Age of a list of port groups."""
FRESH_SECONDS: Final = 1.0
"""Age of the answer to which vCenter this is, before a write: a vCenter is not replaced in less."""

T = TypeVar("T")


class Reach(NamedTuple):
    """The way to all vCenters of a process, and what was read of them."""

    vcenters: VCenters
    catalogs: Catalogs


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
        return Catalog(self, (connection.uid, connection.generation), client, now)

    async def get(
        self, key: Hashable, read: Callable[[], Awaitable[T]], *, seconds: float, now: clock.Clock
    ) -> T:
        """The last value if it is young enough, else a new one from ``read``.

        Callers during a reading wait for it. If it fails, all of them get its error, so that a
        vCenter that does not answer costs each of them one deadline and not one after the other.
        """
        state = self._states.setdefault(key, _State())
        # The reading that runs now, or else the next one, is the first that counts for us.
        first = state.begun if state.lock.locked() else state.begun + 1
        async with state.lock:
            age = now.monotonic() - state.at
            if age < seconds * self._patience:
                return cast("T", state.value)
            if state.failed is not None and state.failed[0] >= first:
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

    async def port_groups(self, switch: str, *, fresh: bool = False) -> tuple[Listed, ...]:
        """The port groups of a switch."""
        return await self._get(
            switch, lambda: self._client.port_groups(switch), LISTS_SECONDS, fresh=fresh
        )

    async def define(self, name: str) -> dict[int, str]:
        """The custom attributes with ``name``, which is defined if need be."""
        key = await self._client.define_attribute(name)
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
        return await self._catalogs.get((self._key, kind), read, seconds=seconds, now=self._clock)
