"""A controller that does not answer is asked rarely, so that it holds up no other's clusters.

Every request to it would otherwise wait for its whole deadline, and with it a worker of the
operator. After two in a row without an answer, requests fail at once; now and then one is let
through, and with its answer all are. A controller that is slow is not silent: while it answers
anything, it is asked, and what waits in this process is not its fault.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from akoo_avi.client import Controllers, Credential, UnreachableError, calls, door, slots
from akoo_core.plugin import circuit
from akoo_core.plugin import clock as clock_

PATIENT = 0.9
"""The share of its deadline after which a request that is cut short was not answered."""


def controllers(
    *, pool_size: int, page_size: int, clock: clock_.Clock | None = None
) -> Controllers:
    """The registry of a process, with patience."""
    now = clock or clock_.SystemClock()
    width = pool_size + slots.FOR_READS
    return Controllers(
        pool_size=pool_size,
        page_size=page_size,
        now=now,
        make_door=lambda at: PatientDoor(door.ThreadedDoor(at, size=width), now),
    )


class Patience:
    """What one controller's answers say of it."""

    def __init__(self, clock: clock_.Clock) -> None:
        self._clock = clock
        self._circuit = circuit.Circuit(clock)

    @contextlib.contextmanager
    def asked(self, seconds: float, progress: calls.Progress | None = None) -> Iterator[None]:
        """One request. Raises LostError at once while none is to be made.

        Whatever is answered counts as an answer, an error of TLS as well. What is cut short counts
        as silence only at its deadline: others are cancelled because a request beside them failed.
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

    def __init__(self, inner: door.Door, clock: clock_.Clock) -> None:
        self._inner = inner
        self._patience = Patience(clock)

    async def login(self, who: Credential, *, seconds: float) -> door.AviSession | calls.AviAnswer:
        """As the inner door's. Raises LostError at once while it is not to be asked."""
        with self._patience.asked(seconds):
            found = await self._inner.login(who, seconds=seconds)
        return found if isinstance(found, calls.AviAnswer) else _Session(found, self._patience)

    def close(self) -> None:
        self._inner.close()


class _Session:
    """A session whose requests are seen."""

    def __init__(self, inner: door.AviSession, seen: Patience) -> None:
        self._inner = inner
        self._patience = seen

    @property
    def version(self) -> str:
        return self._inner.version

    async def send(
        self, call: calls.AviCall, progress: calls.Progress, *, seconds: float
    ) -> calls.AviAnswer:
        with self._patience.asked(seconds, progress):
            return await self._inner.send(call, progress, seconds=seconds)

    def close(self) -> None:
        self._inner.close()
