"""The way to one server: sends a call, with a token, and gives back the answer."""

from __future__ import annotations

import pathlib
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from akoo_core.plugin import errors as core_errors
from akoo_core.plugin import threads
from akoo_tenancy.spec import settings
from akoo_tenancy.store import errors, lanes
from akoo_tenancy.store.calls import LostError, Secret, VaultAnswer, VaultCall

if TYPE_CHECKING:
    from akoo_tenancy.store.session import HvacSession

SECONDS: Final = 8.0
"""Longest time of a call: 2 s to connect, 5 s for each part of the answer."""
SIZE: Final = lanes.SIZE
"""Threads, and connections."""


class Wire(Protocol):
    """Sends calls. For one event loop."""

    async def send(
        self, call: VaultCall, *, token: Secret, headers: Mapping[str, str]
    ) -> VaultAnswer:
        """The answer, whatever its status; ``NO_TOKEN``: without. Raises LostError,
        MisconfiguredError."""
        ...

    def read_file(self, path: str) -> str:
        """The text of a file of the login, without white space around it. Raises OSError,
        ValueError."""
        ...

    def close(self) -> None:
        """Release everything. Does not wait."""
        ...


class ThreadedWire:
    """hvac in threads of its own: a server that hangs takes these and no others."""

    def __init__(self, vault: settings.Vault) -> None:
        self._vault = vault
        self._threads = threads.PluginThreads("vault", size=SIZE, deadline_seconds=SECONDS)
        self._lock = threading.Lock()
        self._session: HvacSession | None = None
        self._closed = False

    async def send(
        self, call: VaultCall, *, token: Secret, headers: Mapping[str, str]
    ) -> VaultAnswer:
        """As :meth:`Wire.send`."""
        try:
            return await self._threads.run(self._send, call, token, headers)
        except TimeoutError:
            raise LostError(f"no answer came within {SECONDS:g} s", sent=True) from None
        except core_errors.ThreadsExhaustedError:
            raise LostError("all connections wait for an answer", sent=False) from None
        except core_errors.ThreadsClosedError:
            raise LostError("this process closes its connections", sent=False) from None
        except (LostError, errors.StoreError) as error:
            # It holds the frames of hvac and requests, and so tokens and bodies.
            error.__context__ = None
            raise error.with_traceback(None)  # noqa: B904 - it is the same error

    def read_file(self, path: str) -> str:
        """As :meth:`Wire.read_file`."""
        return pathlib.Path(path).read_text(encoding="ascii").strip()

    def close(self) -> None:
        """As :meth:`Wire.close`."""
        self._threads.close()
        with self._lock:
            self._closed = True
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _send(self, call: VaultCall, token: Secret, headers: Mapping[str, str]) -> VaultAnswer:
        session = self._open()
        try:
            return session.send(call, token=token, headers=headers)
        except errors.MisconfiguredError:
            self._forget(session)  # the CA is read anew: it may have been renewed
            raise

    def _open(self) -> HvacSession:
        from akoo_tenancy.store.session import HvacSession  # noqa: PLC0415 - it takes 0.1 s

        with self._lock:
            if self._closed:
                raise LostError("this process closes its connections", sent=False)
            if self._session is None:
                self._session = HvacSession(
                    self._vault.address,
                    namespace=self._vault.namespace,
                    ca_pem=self._ca(),
                    ca_source=self._vault.ca_file,
                    connections=SIZE,
                )
            return self._session

    def _ca(self) -> bytes:
        if not self._vault.ca_file:
            return b""
        try:
            return pathlib.Path(self._vault.ca_file).read_bytes()
        except OSError as error:
            raise errors.MisconfiguredError(
                f"{self._vault.ca_file} cannot be read ({error.strerror}). Correct "
                "plugins.tenancy.vault.caFile, or mount the file."
            ) from None

    def _forget(self, session: HvacSession) -> None:
        with self._lock:
            if self._session is session:
                self._session = None
        session.close()
