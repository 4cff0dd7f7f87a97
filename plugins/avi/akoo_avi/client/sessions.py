"""A registry: one session per controller and credential, for all callers."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Callable

from akoo_avi.client import (
    client,
    door,
    errors,
    listing,
    refusals,
    slots,
)
from akoo_avi.client.connection import AviConnection
from akoo_avi.client.credential import Credential
from akoo_core.plugin import clock, external

IDLE_SECONDS = 600.0
"""A session that was idle for this long is closed; controllers end it after 15 minutes."""
PER_CONTROLLER = 4
"""Sessions kept with one controller, and more while they are in use; the longest unused ends
first."""
IN_USE_SECONDS = 60.0
"""A session whose last request is younger may be in use by a piece of work."""
KEYS = 4096
"""Keys whose last good credential is remembered."""
CLOSE_SECONDS = 3.0

_Key = tuple[str, str]
"""Address, and the caller's name of the credential."""


class SessionRegistry:
    """The Controllers of one event loop.

    ``pool_size`` requests at the same time to each controller, and one more that reads; each takes
    a thread and a connection of its own, so that one that hangs delays no other controller.
    ``write_seconds`` is the deadline of a request that writes; one that reads has that of its seam.
    ``make_door`` makes the door of an address for so many requests at a time; tests pass one that
    needs no network.
    """

    def __init__(
        self,
        *,
        pool_size: int = slots.SIZE,
        page_size: int = listing.PAGE_SIZE,
        refused_seconds: float = refusals.REFUSED_SECONDS,
        write_seconds: float = external.MAX_DEADLINE_SECONDS,
        now: clock.Clock | None = None,
        make_door: Callable[[str, int], door.Door] | None = None,
    ) -> None:
        self._page_size = page_size
        self._pool_size = pool_size
        self._write_seconds = write_seconds
        self._clock = now or clock.SystemClock()
        self._make_door = make_door or door.threaded
        self._refused = refusals.Refusals(refused_seconds)
        self._controllers: dict[str, _Controller] = {}
        self._good: collections.OrderedDict[_Key, Credential] = collections.OrderedDict()
        self._closed = False
        self._ending: set[asyncio.Task[None]] = set()

    async def client(
        self,
        address: str,
        credential: Credential,
        *,
        external: external.External,
        key: str = "",
        memory: refusals.RefusalMemory | None = None,
        page_size: int | None = None,
    ) -> client.Client:
        """See Controllers. ``page_size``: that of this client's lists."""
        if self._closed:
            raise errors.SessionLostError(f"No session with {address}: this process ends.")
        self._give_back_idle()
        controller = self._controller(address, external)
        connection = controller.connections.get(credential.id)
        if connection is None:
            connection = self._connect(controller, credential)
            controller.connections[credential.id] = connection
        connection.remember_in(memory)
        self._make_room(controller, credential.id)
        held = client.Client(connection, external, page_size=page_size or self._page_size)
        await held.version()
        if key:
            self._remember(controller, key, credential)
        return held

    def last_good(self, address: str, key: str) -> Credential | None:
        """See Controllers."""
        return self._good.get((address, key))

    async def close(self) -> None:
        """See Controllers."""
        self._closed = True
        controllers = list(self._controllers.values())
        for controller in controllers:
            controller.leaving.update(dict.fromkeys(controller.connections.values(), False))
            controller.connections.clear()
            for connection in list(controller.leaving):
                self._finish(controller, connection)
        if self._ending:
            _, late = await asyncio.wait(self._ending, timeout=CLOSE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for controller in controllers:
            controller.door.close()

    def _controller(self, address: str, through: external.External) -> _Controller:
        controller = self._controllers.get(address)
        if controller is None:
            bound = slots.Slots(self._pool_size)
            width = self._pool_size + slots.FOR_READS
            opened = self._make_door(address, width)
            controller = _Controller(address, opened, through, bound)
            self._controllers[address] = controller
        controller.external = through
        return controller

    def _connect(self, controller: _Controller, credential: Credential) -> AviConnection:
        return AviConnection(
            controller.address,
            credential,
            controller.door,
            refused=self._refused,
            now=self._clock,
            bound=controller.slots,
            write_seconds=self._write_seconds,
        )

    def _remember(self, controller: _Controller, key: str, credential: Credential) -> None:
        before = self._good.get((controller.address, key))
        self._good[controller.address, key] = credential
        self._good.move_to_end((controller.address, key))
        if len(self._good) > KEYS:
            self._good.popitem(last=False)
        if before is not None and before != credential:
            others = (good for at, good in self._good.items() if at[0] == controller.address)
            if all(before != other for other in others):
                self._end(controller, before.id)

    def _make_room(self, controller: _Controller, wanted: str) -> None:
        """End surplus sessions that are not in use. Many credentials for one controller then cost
        many sessions; to end one in use would cost a login for it and for the next, without end."""
        since = self._clock.monotonic() - IN_USE_SECONDS
        unused = sorted(
            (connection.last_used, name)
            for name, connection in controller.connections.items()
            if name != wanted and not connection.active and connection.last_used < since
        )
        for _, name in unused[: max(0, len(controller.connections) - PER_CONTROLLER)]:
            self._end(controller, name)

    def _give_back_idle(self) -> None:
        since = self._clock.monotonic() - IDLE_SECONDS
        for controller in list(self._controllers.values()):
            for name, connection in list(controller.connections.items()):
                if not connection.active and connection.last_used < since:
                    self._end(controller, name)

    def _end(self, controller: _Controller, name: str) -> None:
        """Log out and close with the last call under way; new callers get another session."""
        connection = controller.connections.pop(name, None)
        if connection is not None:
            controller.leaving[connection] = False
            connection.when_idle(lambda: self._finish(controller, connection))

    def _finish(self, controller: _Controller, connection: AviConnection) -> None:
        if controller.leaving.get(connection, True):
            return
        controller.leaving[connection] = True
        task = asyncio.get_running_loop().create_task(self._log_out(controller, connection))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _log_out(self, controller: _Controller, connection: AviConnection) -> None:
        try:
            await connection.logout(controller.external)
        finally:
            connection.close()
            del controller.leaving[connection]
            if not controller.connections and not controller.leaving:
                controller.door.close()
                if self._controllers.get(controller.address) is controller:
                    del self._controllers[controller.address]


class _Controller:
    """A controller: its door, and the connections through it by credential."""

    def __init__(
        self, address: str, through: door.Door, seam: external.External, bound: slots.Slots
    ) -> None:
        self.address = address
        self.door = through
        self.slots = bound
        self.external = seam
        """The seam of the last caller: a logout uses it."""
        self.connections: dict[str, AviConnection] = {}
        self.leaving: dict[AviConnection, bool] = {}
        """Connections that take no new callers and are not closed yet; True: the logout has
        begun."""
