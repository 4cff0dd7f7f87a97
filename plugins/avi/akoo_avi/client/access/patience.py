"""Backoff for a controller that does not answer, so that it delays no other's clusters.

Otherwise every request to it would wait for its whole deadline, and with it a worker of the
operator. After two failures in a row, requests fail at once. Now and then one request passes, and
with its answer all pass. A slow controller is not silent: while it answers anything, requests pass,
and waiting in this process is not its fault.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from akoo_avi.client import Credential, SessionRegistry, UnreachableError, calls, door
from akoo_core.plugin import circuit
from akoo_core.plugin.clock import Clock, SystemClock

PATIENT = 0.9
"""The share of its deadline after which a request that is cut short counts as unanswered."""


def registry(*, pool_size: int, page_size: int, clock: Clock | None = None) -> SessionRegistry:
    """A registry with backoff."""
    now = clock or SystemClock()
    return SessionRegistry(
        pool_size=pool_size,
        page_size=page_size,
        now=now,
        make_door=lambda address, size: PatientDoor(door.threaded(address, size), now),
    )


class Patience:
    """The state of one controller by its answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._circuit = circuit.Circuit(clock)

    @contextlib.contextmanager
    def request(
        self, seconds: float, progress: calls.RequestProgress | None = None
    ) -> Iterator[None]:
        """Run one request. Raises LostError at once while no request may pass.

        Every answer counts, an error of TLS as well. A request that is cut short counts as
        unanswered only at its deadline: others are cancelled because a request beside them failed.
        A request that never left this process (``progress``, LostError.ours) says nothing.
        """
        left = self._circuit.refused_seconds()
        if left:
            problem = (
                f"it has not answered for {self._circuit.silent_seconds:.0f} s, and is asked again "
                f"in {left:.0f} s"
            )
            raise calls.LostError(problem, sent=False, ours=True)
        begun = self._clock.monotonic()
        try:
            yield
        except calls.LostError as lost:
            if not lost.ours:
                self._circuit.failed(begun)
            raise
        except (UnreachableError, TimeoutError):
            self._circuit.failed(begun)
            raise
        except asyncio.CancelledError:
            late = self._clock.monotonic() - begun >= PATIENT * seconds
            if late and (progress is None or progress.sent):
                self._circuit.failed(begun)
            raise
        except Exception:
            self._circuit.answered()
            raise
        self._circuit.answered()


class PatientDoor:
    """A door that opens rarely while nobody answers behind it."""

    def __init__(self, inner: door.Door, clock: Clock) -> None:
        self._inner = inner
        self._patience = Patience(clock)

    async def login(
        self, credential: Credential, *, seconds: float
    ) -> door.AviSession | calls.AviAnswer:
        """See the inner door. Raises LostError at once while no request may pass."""
        with self._patience.request(seconds):
            opened = await self._inner.login(credential, seconds=seconds)
        return (
            opened
            if isinstance(opened, calls.AviAnswer)
            else _PatientSession(opened, self._patience)
        )

    def close(self) -> None:
        self._inner.close()


class _PatientSession:
    """A session whose requests are counted."""

    def __init__(self, inner: door.AviSession, patience: Patience) -> None:
        self._inner = inner
        self._patience = patience

    @property
    def version(self) -> str:
        return self._inner.version

    async def send(
        self, call: calls.AviCall, progress: calls.RequestProgress, *, seconds: float
    ) -> calls.AviAnswer:
        with self._patience.request(seconds, progress):
            return await self._inner.send(call, progress, seconds=seconds)

    def close(self) -> None:
        self._inner.close()
