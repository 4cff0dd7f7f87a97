"""The opening of sessions with one controller, and the threads of their requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

from akoo_avi.client import calls, errors, logs, session
from akoo_avi.client.credential import Credential
from akoo_core.plugin import threads
from akoo_core.plugin.errors import ThreadsClosedError, ThreadsExhaustedError

P = ParamSpec("P")
T = TypeVar("T")


class AviSession(Protocol):
    """A session that is logged in; good until the controller refuses it."""

    @property
    def version(self) -> str:
        """The controller's release; empty if it is unknown."""
        ...

    async def send(
        self, call: calls.AviCall, progress: calls.RequestProgress, *, seconds: float
    ) -> calls.AviAnswer:
        """The answer, whatever its status; ``progress`` is kept. Raises LostError, TlsError."""
        ...

    def close(self) -> None:
        """Release everything. Does not wait, and does not log out."""
        ...


class Door(Protocol):
    """Opens sessions with one controller."""

    async def login(
        self, credential: Credential, *, seconds: float
    ) -> AviSession | calls.AviAnswer:
        """A session, or the answer that refused it. Raises LostError, TlsError, NotAviError."""
        ...

    def close(self) -> None:
        """Open no more sessions."""
        ...


class ThreadedDoor:
    """The door of avisdk: a few threads of its own for each controller.

    A controller that hangs holds its own threads and nobody else's. For one event loop.
    """

    def __init__(self, address: str, *, size: int) -> None:
        logs.install()
        self._address = address
        self._size = size
        self._threads = threads.PluginThreads(f"avi-{address}", size=size)

    async def login(
        self, credential: Credential, *, seconds: float
    ) -> AviSession | calls.AviAnswer:
        handover = _SessionHandover()
        deadline = time.monotonic() + seconds
        try:
            got = await self.run(handover.login, self._address, credential, deadline, self._size)
        except BaseException:
            handover.abandon()
            raise
        return (
            got
            if isinstance(got, calls.AviAnswer)
            else ThreadedSession(self, got, self._address, credential)
        )

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``function`` in a thread. Raises LostError when none is free."""
        try:
            return await self._threads.run(function, *args, **kwargs)
        except ThreadsExhaustedError:
            raise calls.LostError(
                f"all {self._size} connections wait for an answer", sent=False, ours=True
            ) from None
        except ThreadsClosedError:
            problem = "this process is closing its sessions"
            raise calls.LostError(problem, sent=False, ours=True) from None
        except (calls.LostError, errors.AviError) as error:
            # Both hold the frames of avisdk and requests: sockets, and requests with their bodies.
            error.__context__ = None
            raise error.with_traceback(None)  # noqa: B904 - it is the same error

    def close(self) -> None:
        self._threads.close()


def threaded(address: str, size: int) -> Door:
    """The door of a controller for ``size`` requests at a time."""
    return ThreadedDoor(address, size=size)


class _SessionHandover:
    """Brings a session out of its thread, or closes it there if nobody waits any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._abandoned = False
        self._made: session.SdkSession | None = None

    def login(
        self, address: str, credential: Credential, deadline: float, connections: int
    ) -> session.SdkSession | calls.AviAnswer:
        got = session.SdkSession.login(
            address, credential, deadline=deadline, connections=connections
        )
        if isinstance(got, session.SdkSession):
            with self._lock:
                self._made = got
                if self._abandoned:
                    got.close()
        return got

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            if self._made is not None:
                self._made.close()


class ThreadedSession:
    """A session of avisdk whose requests run in the threads of its door."""

    def __init__(
        self, door: ThreadedDoor, sdk: session.SdkSession, address: str, credential: Credential
    ) -> None:
        self._door = door
        self._sdk = sdk
        self._address = address
        self._anchors = credential.anchors

    @property
    def version(self) -> str:
        return self._sdk.version

    async def send(
        self, call: calls.AviCall, progress: calls.RequestProgress, *, seconds: float
    ) -> calls.AviAnswer:
        return await self._door.run(self._send, call, progress, time.monotonic() + seconds)

    def _send(
        self, call: calls.AviCall, progress: calls.RequestProgress, deadline: float
    ) -> calls.AviAnswer:
        progress.sent = True
        return self._sdk.send(call, address=self._address, anchors=self._anchors, deadline=deadline)

    def close(self) -> None:
        self._sdk.close()
