"""The ends of certificates that this process uses or trusts, for `akoo_certificate_expiry_seconds`.

A certificate belongs to a use, which is the label, and to a holder, which only the log names. Of
each use the metric shows the certificate that expires first.
"""

from __future__ import annotations

import datetime
import logging
import math
import threading
from collections.abc import Callable
from typing import Literal, NamedTuple

from akoo_core import clock as clocks
from akoo_core.telemetry import metrics

Use = Literal["avi", "vault", "vcenter", "workload", "workload-client"]
"""The servers of a kind; ``workload-client``: our own in kubeconfigs of workload clusters."""

REMEMBERED_SECONDS = 48 * 3600.0
"""A server that no connection was opened to for so long is no longer in use."""
SOON = datetime.timedelta(days=14)
"""The log names certificates that end within this time."""

_log = logging.getLogger(__name__)


class Held(NamedTuple):
    """A certificate. ``until``: monotonic time at which it is forgotten."""

    ends: float
    until: float


class Expiries:
    """The certificates of this process. Safe to use from many threads."""

    def __init__(self, clock: clocks.Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[Use, dict[str, Held]] = {}

    def note(self, use: Use, holder: str, ends: float, *, stays: bool = False) -> None:
        """Take a certificate in place of the holder's last one. ``ends``: Unix time.

        ``stays``: it is in use until it is forgotten; else it is noted again from time to time.
        """
        until = math.inf if stays else self._clock.monotonic() + REMEMBERED_SECONDS
        with self._lock:
            held = self._held.setdefault(use, {})
            before = held.get(holder)
            held[holder] = Held(ends, until)
            if len(held) == 1:
                metrics.CERTIFICATE_EXPIRY.labels(use).set_function(lambda: self.first(use))
        if before is None or before.ends != ends:
            self._warn(use, holder, ends)

    def forget(self, use: Use, holder: str) -> None:
        """The holder has no certificate any more."""
        with self._lock:
            self._forget(use, holder)

    def first(self, use: Use) -> float:
        """The Unix time at which the first one ends; infinite where none is known."""
        now = self._clock.monotonic()
        with self._lock:
            held = self._held.get(use, {})
            for holder in [holder for holder, known in held.items() if known.until <= now]:
                del held[holder]
            return min((known.ends for known in held.values()), default=math.inf)

    def _forget(self, use: Use, holder: str) -> None:
        held = self._held.get(use, {})
        if held.pop(holder, None) is not None and not held:
            metrics.CERTIFICATE_EXPIRY.remove(use)

    def _warn(self, use: Use, holder: str, ends: float) -> None:
        at = datetime.datetime.fromtimestamp(min(ends, 253370764800.0), datetime.UTC)
        if at - self._clock.now() < SOON:
            _log.warning(
                "the certificate of %s (%s) ends at %s: renew it",
                holder,
                use,
                f"{at:%Y-%m-%d %H:%M} UTC",
            )


EXPIRIES = Expiries(clocks.SystemClock())
"""Those of this process."""


def of_server(use: Use) -> Callable[[str, float], None]:
    """A function that takes the end of a server's certificate after each handshake."""
    return lambda host, ends: EXPIRIES.note(use, host, ends)
