"""A bed that runs on a loop of its own thread, as tests see it."""

import typing
from collections.abc import Coroutine, Iterable

from akoo_testbed import background, bare, bed, parts

T = typing.TypeVar("T")


class Running:
    """A running bed, callable from any loop or none.

    The coroutines of the bed's objects belong to the bed's loop: pass them to `run` or `call`.
    """

    def __init__(self, loop: background.LoopThread, server: parts.ApiServer) -> None:
        self._loop = loop
        self.server = server

    @property
    def url(self) -> str:
        """https URL of the (management) API server."""
        return self.server.url

    @property
    def kubeconfig(self) -> str:
        """Text of the administrator's kubeconfig for it; secret."""
        return self.server.kubeconfig

    def client_kubeconfig(self, user: str, groups: Iterable[str] = ()) -> str:
        """Text of another user's kubeconfig for it."""
        return self.server.base.client_kubeconfig(self.url, user, groups)

    def run(self, work: Coroutine[typing.Any, typing.Any, T]) -> T:
        """Run a coroutine on the bed's loop and wait for it: for sync tests."""
        return self._loop.run(work)

    async def call(self, work: Coroutine[typing.Any, typing.Any, T]) -> T:
        """Run a coroutine on the bed's loop and await it: for async tests."""
        return await self._loop.call(work)


class RunningServer(Running):
    """A bare API server."""

    def __init__(self, loop: background.LoopThread, running: bare.BareServer) -> None:
        super().__init__(loop, running.server)
        self.bare = running


class RunningBed(Running):
    """A whole bed."""

    def __init__(self, loop: background.LoopThread, running: bed.Bed) -> None:
        super().__init__(loop, running.management)
        self.bed = running
