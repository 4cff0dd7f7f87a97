"""Backoff for a vCenter that does not answer, so that it delays no other's work.

After two requests in a row without any answer, requests fail at once. Now and then one passes, and
with its answer all pass. Every answer counts, also a refusal or one that is none of vCenter's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from akoo_core.plugin import circuit
from akoo_core.plugin.clock import Clock
from akoo_vsphere.client.wire import Exchange, LostError

PATIENT: Final = 0.9
"""The share of its deadline after which a request that is cut short counts as unanswered."""


class Patience:
    """The state of one vCenter by its answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._circuit = circuit.Circuit(clock)

    @property
    def silent(self) -> bool:
        """True while no request but one passes."""
        return self._circuit.is_open

    @contextlib.contextmanager
    def request(self, seconds: float, exchange: Exchange) -> Iterator[None]:
        """Run one request of at most ``seconds``. Raises LostError at once while none may pass."""
        left = self._circuit.refused_seconds()
        if left:
            raise LostError(
                f"it has not answered for {self._circuit.silent_seconds:.0f} s, and is asked again "
                f"in {left:.0f} s",
                sent=False,
                ours=True,
            )
        begun = self._clock.monotonic()
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENT * seconds  # deadlines of calls are by this clock
        try:
            yield
        except LostError as lost:
            if not lost.ours:
                self._circuit.failed(begun)
            raise
        except TimeoutError:
            self._circuit.failed(begun)
            raise
        except asyncio.CancelledError:
            if loop.time() >= until and exchange.begun:
                self._circuit.failed(begun)
            raise
        except Exception:
            self._circuit.answered()
            raise
        self._circuit.answered()
