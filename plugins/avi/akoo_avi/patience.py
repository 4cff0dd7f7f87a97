"""A controller that does not answer is asked rarely, so that it holds up no other's clusters.

Every request to it would otherwise wait for its whole deadline, and with it a worker of the
operator. After two in a row without an answer, requests fail at once; now and then one is let
through, and with its answer all are.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from akoo_avi.client import Controllers, Credential, UnreachableError, calls, door
from akoo_core import clock as clock_
from akoo_core.kube import circuit


def controllers(
    *, pool_size: int, page_size: int, clock: clock_.Clock | None = None
) -> Controllers:
    """The registry of a process, with patience."""
    now = clock or clock_.SystemClock()
    return Controllers(
        pool_size=pool_size,
        page_size=page_size,
        now=now,
        make_door=lambda at: PatientDoor(door.ThreadedDoor(at, size=pool_size), now),
    )


class PatientDoor:
    """A door that opens rarely while nobody answers behind it."""

    def __init__(self, inner: door.Door, clock: clock_.Clock) -> None:
        self._inner = inner
        self._circuit = circuit.Circuit(clock)

    async def login(self, who: Credential, *, seconds: float) -> door.Session | calls.Answer:
        """As the inner door's. Raises LostError at once while it is not to be asked."""
        with asked(self._circuit):
            found = await self._inner.login(who, seconds=seconds)
        return found if isinstance(found, calls.Answer) else _Session(found, self._circuit)

    def close(self) -> None:
        self._inner.close()


class _Session:
    """A session whose requests the circuit sees."""

    def __init__(self, inner: door.Session, seen: circuit.Circuit) -> None:
        self._inner = inner
        self._circuit = seen

    @property
    def version(self) -> str:
        return self._inner.version

    async def send(
        self, call: calls.Call, progress: calls.Progress, *, seconds: float
    ) -> calls.Answer:
        with asked(self._circuit):
            return await self._inner.send(call, progress, seconds=seconds)

    def close(self) -> None:
        self._inner.close()


@contextlib.contextmanager
def asked(seen: circuit.Circuit) -> Iterator[None]:
    """One request. Whatever is answered counts as an answer, an error of TLS as well; what is cut
    short (its deadline came) does not."""
    left = seen.refused_seconds()
    if left:
        problem = (
            f"it has not answered for {seen.silent_seconds:.0f} s, and is asked again in "
            f"{left:.0f} s"
        )
        raise calls.LostError(problem, sent=False)
    try:
        yield
    except (calls.LostError, UnreachableError, asyncio.CancelledError):
        seen.failed()
        raise
    except Exception:
        seen.answered()
        raise
    seen.answered()
