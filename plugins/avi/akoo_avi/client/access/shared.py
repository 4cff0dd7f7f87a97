"""The registry that all plugins of a process share: a session per credential, and one count of
refused logins.

An account is locked after a few refused logins, whichever plugin tried them. A controller ends its
oldest sessions when a user has too many. So nobody makes a registry of its own: each plugin makes
a SharedControllers and closes it.
"""

from __future__ import annotations

import asyncio
import weakref

from akoo_avi.client import (
    AviClient,
    Credential,
    SessionLostError,
    SessionRegistry,
    listing,
    refusals,
    slots,
)
from akoo_avi.client.access import patience
from akoo_core.plugin import external as seams


class _LoopRegistry:
    """The registry of one event loop, and the open parts in it."""

    def __init__(self, pool_size: int) -> None:
        self.registry: SessionRegistry = patience.registry(
            pool_size=pool_size, page_size=listing.PAGE_SIZE
        )
        self.parts: set[SharedControllers] = set()


class _Process:
    """The registries of this process."""

    def __init__(self) -> None:
        self.of_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopRegistry] = (
            weakref.WeakKeyDictionary()
        )
        self.pool_size = slots.SIZE


_PROCESS = _Process()


class SharedControllers:
    """The part of one plugin in the shared registry: a Controllers of :mod:`akoo_avi.client`.

    May be made before there is an event loop. ``page_size`` is that of this plugin's lists.
    ``pool_size`` bounds the requests of all plugins to one controller; the size that was named last
    before the first client counts. The avi plugin names both by its settings.
    """

    def __init__(self, *, pool_size: int | None = None, page_size: int | None = None) -> None:
        self._page_size = page_size
        self._closed = False
        self._joined: _LoopRegistry | None = None
        if pool_size is not None:
            _PROCESS.pool_size = pool_size

    async def client(
        self,
        address: str,
        credential: Credential,
        *,
        external: seams.External,
        key: str = "",
        memory: refusals.RefusalMemory | None = None,
    ) -> AviClient:
        """See Controllers."""
        if self._closed:
            raise SessionLostError(f"No session with {address}: this plugin is closed.")
        return await self._join().registry.client(
            address,
            credential,
            external=external,
            key=key,
            memory=memory,
            page_size=self._page_size,
        )

    def last_good(self, address: str, key: str) -> Credential | None:
        """See Controllers. A credential that any plugin logged in with."""
        return None if self._closed else self._join().registry.last_good(address, key)

    async def close(self) -> None:
        """Leave the registry. The last one to leave logs out everywhere."""
        self._closed = True
        joined, self._joined = self._joined, None
        if joined is None:
            return
        joined.parts.discard(self)
        if not joined.parts:
            loop = asyncio.get_running_loop()
            if _PROCESS.of_loops.get(loop) is joined:
                del _PROCESS.of_loops[loop]
            await joined.registry.close()

    def _join(self) -> _LoopRegistry:
        if self._joined is None:
            loop = asyncio.get_running_loop()
            shared = _PROCESS.of_loops.get(loop)
            if shared is None:
                shared = _PROCESS.of_loops[loop] = _LoopRegistry(_PROCESS.pool_size)
            shared.parts.add(self)
            self._joined = shared
        return self._joined
