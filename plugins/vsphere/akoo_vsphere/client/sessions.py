"""The registry of a process: one session per vCenter and account, for all callers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from akoo_core.plugin import accounts, clock, external
from akoo_vsphere.client import door, errors
from akoo_vsphere.client.account import Account, RefusalMemory
from akoo_vsphere.client.client import SoapClient
from akoo_vsphere.client.connection import VCenterConnection
from akoo_vsphere.client.patience import Patience
from akoo_vsphere.client.refusals import Refusals
from akoo_vsphere.client.watch import Watch
from akoo_vsphere.client.writes import Sleep

IDLE_SECONDS: Final = 600.0
"""A session that was idle for this long is closed; vCenter ends it after 30 minutes."""
CLOSE_SECONDS: Final = 3.0


class SharedVCenters:
    """Clients of all vCenters (a ``VCenters``). One per process and event loop.

    ``make_door`` opens sessions; tests pass a door that needs no network.
    """

    def __init__(
        self,
        *,
        now: clock.Clock | None = None,
        sleep: Sleep = asyncio.sleep,
        make_door: Callable[[Account], door.Door] = door.ThreadedDoor,
    ) -> None:
        self._clock = now or clock.SystemClock()
        self._sleep = sleep
        self._make_door = make_door
        self._refusals = Refusals()
        self._patience: dict[object, Patience] = {}
        self._held: dict[str, _Held] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def client(
        self,
        account: Account,
        *,
        external: external.External,
        memory: RefusalMemory | None = None,
    ) -> SoapClient:
        """See ``VCenters.client``."""
        if self._closed:
            raise errors.SessionLostError(f"No session with {account.address}: this process ends.")
        self._give_back_idle()
        held = self._held.get(account.id)
        if held is None:
            held = _Held(self._connect(account))
            self._held[account.id] = held
        held.external = external
        held.connection.log_in_as(account, memory)
        return SoapClient(held.connection, external, held.watch, now=self._clock, sleep=self._sleep)

    async def close(self) -> None:
        """Log out everywhere and close everything, in three seconds at most."""
        self._closed = True
        for name in list(self._held):
            self._end(name)
        if self._ending:
            _, late = await asyncio.wait(self._ending, timeout=CLOSE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _connect(self, account: Account) -> VCenterConnection:
        parsed = accounts.parse(account.address)
        where = parsed.endpoint if parsed is not None else account.address
        patience = self._patience.setdefault(where, Patience(self._clock))
        return VCenterConnection(
            account,
            self._make_door(account),
            refusals=self._refusals,
            patience=patience,
            now=self._clock,
        )

    def _give_back_idle(self) -> None:
        """End sessions that nobody uses: their account was replaced, or their work is done."""
        since = self._clock.monotonic() - IDLE_SECONDS
        for name, held in list(self._held.items()):
            if not held.connection.active and held.connection.last_used < since:
                self._end(name)

    def _end(self, name: str) -> None:
        """Log out and close; new callers get another session."""
        held = self._held.pop(name)
        task = asyncio.get_running_loop().create_task(_log_out(held))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


class _Held:
    """A connection, its waiting call, and the seam of its last caller, which a logout uses."""

    def __init__(self, connection: VCenterConnection) -> None:
        self.connection = connection
        self.watch = Watch(connection)
        self.external: external.External = external.External()


async def _log_out(held: _Held) -> None:
    try:
        await held.connection.logout(held.external)
    finally:
        held.connection.close()
