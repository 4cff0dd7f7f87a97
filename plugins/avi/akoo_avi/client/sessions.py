"""The registry of a process: one session per controller and credential, however many ask."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Callable

from akoo_avi.client import (
    client,
    connection,
    credential,
    door,
    errors,
    listing,
    refusals,
    slots,
)
from akoo_core.plugin import clock, external

IDLE_SECONDS = 600.0
"""A session that nobody used so long is given back; controllers end it after 15 minutes."""
PER_CONTROLLER = 4
"""Sessions kept with one controller, and more while they are in use; the longest unused goes first.
"""
IN_USE_SECONDS = 60.0
"""A session whose last request is no longer ago may be in the midst of somebody's work."""
KEYS = 4096
"""Keys whose last good credential is remembered."""
CLOSE_SECONDS = 3.0

_Key = tuple[str, str]
"""Address, and what the caller names the credential by."""


class Controllers:
    """Clients of all Avi Controllers. One per process and event loop.

    ``pool_size`` requests at the same time to each controller, and one more that reads; each takes
    a thread and a connection of its own, so that one that hangs delays no other controller.
    ``write_seconds`` is the deadline of a request that writes; one that reads has that of its seam.
    ``make_door`` is how sessions are opened; tests give one that needs no network.
    """

    def __init__(
        self,
        *,
        pool_size: int = slots.SIZE,
        page_size: int = listing.PAGE_SIZE,
        refused_seconds: float = refusals.REFUSED_SECONDS,
        write_seconds: float = external.MAX_DEADLINE_SECONDS,
        now: clock.Clock | None = None,
        make_door: Callable[[str], door.Door] | None = None,
    ) -> None:
        self._page_size = page_size
        self._pool_size = pool_size
        self._write_seconds = write_seconds
        self._clock = now or clock.SystemClock()
        width = pool_size + slots.FOR_READS
        self._make_door = make_door or (lambda at: door.ThreadedDoor(at, size=width))
        self._refused = refusals.Refusals(refused_seconds)
        self._places: dict[str, _Place] = {}
        self._good: collections.OrderedDict[_Key, credential.Credential] = collections.OrderedDict()
        self._closed = False
        self._ending: set[asyncio.Task[None]] = set()

    async def client(
        self,
        address: str,
        who: credential.Credential,
        *,
        external: external.External,
        key: str = "",
        memory: refusals.Memory | None = None,
    ) -> client.Client:
        """A client that is logged in. The session is shared by all who come with equal values.

        Ask for each piece of work: so a new password or CA is used as soon as it is read. ``key``
        (such as the Secret's ``namespace/name``) remembers ``who`` for :meth:`last_good`; when
        another credential takes its place there, the session of the former ends with its last call.
        ``memory`` knows the refusals of ``who`` that other processes met.

        Raises CredentialRefusedError (at once, without a login, for some minutes after the first),
        UnreachableError, TlsError and what else stands in the way of a login.
        """
        if self._closed:
            raise errors.SessionLostError(f"No session with {address}: this process ends.")
        self._give_back_idle()
        place = self._place(address, external)
        line = place.lines.get(who.id)
        if line is None:
            line = place.lines[who.id] = self._connect(place, who)
        line.remember_in(memory)
        self._make_room(place, who.id)
        held = client.Client(line, external, page_size=self._page_size)
        await held.version()
        if key:
            self._remember(place, key, who)
        return held

    def last_good(self, address: str, key: str) -> credential.Credential | None:
        """The last credential of ``key`` that could log in at ``address``; gone with the process.

        For work that must go on when the Secret is gone (a sweep). In memory only.
        """
        return self._good.get((address, key))

    async def close(self) -> None:
        """Log out everywhere and give all back, in three seconds at most."""
        self._closed = True
        places = list(self._places.values())
        for place in places:
            place.leaving.update(dict.fromkeys(place.lines.values(), False))
            place.lines.clear()
            for line in list(place.leaving):
                self._finish(place, line)
        if self._ending:
            _, late = await asyncio.wait(self._ending, timeout=CLOSE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for place in places:
            place.door.close()

    def _place(self, address: str, through: external.External) -> _Place:
        place = self._places.get(address)
        if place is None:
            bound = slots.Slots(self._pool_size)
            place = _Place(address, self._make_door(address), through, bound)
            self._places[address] = place
        place.external = through
        return place

    def _connect(self, place: _Place, who: credential.Credential) -> connection.Connection:
        return connection.Connection(
            place.address,
            who,
            place.door,
            refused=self._refused,
            now=self._clock,
            bound=place.slots,
            write_seconds=self._write_seconds,
        )

    def _remember(self, place: _Place, key: str, who: credential.Credential) -> None:
        before = self._good.get((place.address, key))
        self._good[place.address, key] = who
        self._good.move_to_end((place.address, key))
        if len(self._good) > KEYS:
            self._good.popitem(last=False)
        if before is not None and before != who:
            others = (one for at, one in self._good.items() if at[0] == place.address)
            if all(before != other for other in others):
                self._end(place, before.id)

    def _make_room(self, place: _Place, wanted: str) -> None:
        """End what is too much and not in use. Many credentials for one controller then cost many
        sessions; to end one that works would cost a login for it and for the next, without end."""
        since = self._clock.monotonic() - IN_USE_SECONDS
        unused = sorted(
            (line.last_used, name)
            for name, line in place.lines.items()
            if name != wanted and not line.active and line.last_used < since
        )
        for _, name in unused[: max(0, len(place.lines) - PER_CONTROLLER)]:
            self._end(place, name)

    def _give_back_idle(self) -> None:
        since = self._clock.monotonic() - IDLE_SECONDS
        for place in list(self._places.values()):
            for name, line in list(place.lines.items()):
                if not line.active and line.last_used < since:
                    self._end(place, name)

    def _end(self, place: _Place, name: str) -> None:
        """Log out and close with the last call under way; who comes now gets another."""
        line = place.lines.pop(name, None)
        if line is not None:
            place.leaving[line] = False
            line.when_idle(lambda: self._finish(place, line))

    def _finish(self, place: _Place, line: connection.Connection) -> None:
        if place.leaving.get(line, True):
            return
        place.leaving[line] = True
        task = asyncio.get_running_loop().create_task(self._log_out(place, line))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _log_out(self, place: _Place, line: connection.Connection) -> None:
        try:
            await line.logout(place.external)
        finally:
            line.close()
            del place.leaving[line]
            if not place.lines and not place.leaving:
                place.door.close()
                if self._places.get(place.address) is place:
                    del self._places[place.address]


class _Place:
    """One controller: its door, and the lines through it by credential."""

    def __init__(
        self, address: str, through: door.Door, seam: external.External, bound: slots.Slots
    ) -> None:
        self.address = address
        self.door = through
        self.slots = bound
        self.external = seam
        """Of who came last: a logout goes through it."""
        self.lines: dict[str, connection.Connection] = {}
        self.leaving: dict[connection.Connection, bool] = {}
        """Lines that take no newcomers and are not closed yet; whether their logout has begun."""
