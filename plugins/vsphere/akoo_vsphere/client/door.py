"""The opening of sessions with one vCenter, and the threads of their calls."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final, ParamSpec, Protocol, TypeVar

from akoo_core.plugin import threads
from akoo_core.plugin.errors import ThreadsClosedError, ThreadsExhaustedError
from akoo_core.plugin.structs import JSON
from akoo_vsphere.client import errors, wire
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.transport import Transport
from akoo_vsphere.client.wire import Exchange, LostError, Ref, SoapCall

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 4
"""Calls at the same time for one account; its waiting call has a thread of its own beside them."""
LOGOUT_SECONDS: Final = 2.0
_SERVICE: Final = Ref("ServiceInstance", "ServiceInstance")


class VCenterSession(Protocol):
    """A session that is logged in; good until vCenter ends it."""

    @property
    def content(self) -> JSON:
        """``ServiceContent``: references to managers, and ``about``."""
        ...

    @property
    def key(self) -> str:
        """Its key, which is no secret: it opens nothing."""
        ...

    @property
    def api_version(self) -> str:
        """The API version that client and server agreed on."""
        ...

    async def call(self, call: SoapCall, exchange: Exchange, *, waits: bool = False) -> Any:
        """The result. Raises Fault, LostError, StrangeAnswerError, TlsError,
        UnknownToReleaseError. ``waits``: it may take as long as it wants to."""
        ...


class Door(Protocol):
    """Opens sessions for one account."""

    async def login(self, exchange: Exchange) -> VCenterSession:
        """A session. Raises what ``VCenterSession.call`` raises, and NotVCenterError."""
        ...

    def close(self) -> None:
        """Open no more sessions, and close all connections."""
        ...


class ThreadedDoor:
    """The door of pyvmomi. A vCenter that hangs holds its own threads and nobody else's.

    For one event loop.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._transport = Transport(account, connections=THREADS + 1)
        self._threads = threads.PluginThreads(f"vsphere-{account.address}", size=THREADS)
        self._waiting = threads.PluginThreads(f"vsphere-wait-{account.address}", size=1)

    async def login(self, exchange: Exchange) -> VCenterSession:
        session, content, key = await self.run(
            self._threads, exchange, _log_in, self._transport, self._account, exchange
        )
        return _ThreadedSession(self, session, content, key)

    async def send(
        self, function: Callable[[SoapCall, Exchange], Any], call: SoapCall, exchange: Exchange
    ) -> Any:
        """Make a call in a thread."""
        return await self.run(self._threads, exchange, function, call, exchange)

    async def wait(
        self, function: Callable[[SoapCall, Exchange], Any], call: SoapCall, exchange: Exchange
    ) -> Any:
        """Make a call in the thread of the waiting call."""
        return await self.run(self._waiting, exchange, function, call, exchange)

    async def run(
        self,
        pool: threads.PluginThreads,
        exchange: Exchange,
        function: Callable[P, T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call ``function`` in a thread, which is free again when the caller waits no more."""
        try:
            return await pool.run(function, *args, **kwargs)
        except ThreadsExhaustedError:
            problem = "all connections wait for an answer"
            raise LostError(problem, sent=False, ours=True) from None
        except ThreadsClosedError:
            problem = "this process is closing its sessions"
            raise LostError(problem, sent=False, ours=True) from None
        except Exception as error:  # noqa: BLE001 - raised again
            # It holds the frames of pyvmomi: sockets, and requests with their bodies.
            error.__context__ = None
            raise error.with_traceback(None)  # noqa: B904 - it is the same error
        finally:
            exchange.abort()

    def close(self) -> None:
        self._threads.close()
        self._waiting.close()
        self._transport.close()


class _ThreadedSession:
    """A session of pyvmomi whose calls run in the threads of its door."""

    def __init__(self, door: ThreadedDoor, session: Any, content: JSON, key: str) -> None:
        self._door = door
        self._session = session
        self.content = content
        self.key = key

    @property
    def api_version(self) -> str:
        return str(self._session.api_version)

    async def call(self, call: SoapCall, exchange: Exchange, *, waits: bool = False) -> Any:
        send = self._door.wait if waits else self._door.send
        return await send(self._session.call, call, exchange)


def _log_in(transport: Transport, account: Account, exchange: Exchange) -> tuple[Any, JSON, str]:
    """A session with its content and key. Asks what answers there before it sends a password."""
    from akoo_vsphere.client import session as pyvmomi  # noqa: PLC0415 - see its docstring

    session = pyvmomi.PyvmomiSession.negotiated(transport, exchange)
    content = session.call(SoapCall(method="RetrieveServiceContent", target=_SERVICE), exchange)
    _check_vcenter(content, account)
    login = SoapCall(
        method="Login",
        target=content["sessionManager"],
        arguments={"userName": account.username, "password": account.password},
    )
    user = session.call(login, exchange)
    if exchange.aborted:
        with contextlib.suppress(Exception):
            session.call(logout(content), Exchange.lasting(LOGOUT_SECONDS))
    return session, content, str(user.get("key") or "") if isinstance(user, dict) else ""


def logout(content: JSON) -> SoapCall:
    """The end of a session."""
    return SoapCall(method="Logout", target=content["sessionManager"])


def _check_vcenter(content: Any, account: Account) -> None:
    about = content.get("about") if isinstance(content, dict) else None
    if not isinstance(about, dict) or about.get("apiType") != "VirtualCenter":
        raise errors.NotVCenterError(
            f"{account.address} is no vCenter. Correct spec.address: an ESXi host has no "
            "distributed switches of its own."
        )
    needed = ("sessionManager", "propertyCollector", "rootFolder", "viewManager", "searchIndex")
    if not about.get("instanceUuid") or any(
        not isinstance(content.get(name), wire.Ref) for name in needed
    ):
        raise errors.NotVCenterError(
            f"{account.address} answers as a vCenter, but says too little about itself."
        )
