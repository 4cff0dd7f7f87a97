"""The seam of external calls: every request that leaves this process goes through it.

One call of :meth:`External.call` is one span, one increment of ``akoo_external_requests_total``
and one deadline, and, when it writes, one question to the leadership guard before it starts. Tests
put an interceptor here to raise a crash before or after any call, and to prove that every place
that was traced was also covered.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from opentelemetry import trace

from akoo_core import errors
from akoo_core.telemetry import metrics

DEFAULT_DEADLINE_SECONDS = 10.0
MAX_DEADLINE_SECONDS = 30.0
"""No external call may last longer: a leader must be able to stop before its lease runs out."""

_tracer = trace.get_tracer("akoo_core")
_noted: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("noted", default=None)


@contextlib.contextmanager
def noted_writes() -> Iterator[list[str]]:
    """The sites of all writes that the body, its tasks and its threads start, in order.

    Tells an attempt that did something from one that only looked.
    """
    sites: list[str] = []
    token = _noted.set(sites)
    try:
        yield sites
    finally:
        _noted.reset(token)


class Guard(Protocol):
    """Says whether this process may still write."""

    def check(self) -> None:
        """Return, or raise LeadershipLostError, or ReadOnlyError."""
        ...


class AlwaysLeader:
    """The guard of a process that does not share its work (tools and tests)."""

    def check(self) -> None:
        return


class ReadOnly:
    """The guard of what only looks (``akoo-core plan``, ``akoo-core audit``)."""

    def check(self) -> None:
        """Raises ReadOnlyError."""
        raise errors.ReadOnlyError(
            "it tried to write, but is only asked to look. Nothing was changed"
        )


class Interceptor(Protocol):
    """What tests hang into the seam. ``site`` is ``system operation``; both may raise."""

    def before(self, site: str, *, write: bool) -> None: ...

    def after(self, site: str, *, write: bool) -> None: ...


class External:
    """Opens external calls; one per process (or per test), handed to every client."""

    def __init__(
        self,
        *,
        guard: Guard | None = None,
        interceptor: Interceptor | None = None,
        deadline_seconds: float = DEFAULT_DEADLINE_SECONDS,
    ) -> None:
        self._guard: Guard = guard or AlwaysLeader()
        self._interceptor = interceptor
        self.deadline_seconds = min(deadline_seconds, MAX_DEADLINE_SECONDS)
        """Of a call that names none."""

    @contextlib.asynccontextmanager
    async def call(
        self,
        system: str,
        operation: str,
        *,
        write: bool,
        target: str = "",
        deadline_seconds: float | None = None,
    ) -> AsyncIterator[trace.Span]:
        """Run the body as one external call.

        ``system`` is what is called (``kubernetes``, ``workload``, ``avi``), ``operation`` a name
        of low cardinality (``GET cloud``, ``apply configmaps``), ``target`` the object, for the
        span only. Raises LeadershipLostError before a write that is not ours to make, and
        TimeoutError after ``deadline_seconds`` (at most 30; None: the default of this seam).
        """
        deadline = self.deadline_seconds if deadline_seconds is None else deadline_seconds
        if write:
            self._guard.check()
        site = f"{system} {operation}"
        noted = _noted.get()
        if write and noted is not None:
            noted.append(site)
        if self._interceptor is not None:
            self._interceptor.before(site, write=write)
        outcome = "cancelled"
        attributes: dict[str, str | bool] = {
            "akoo.system": system,
            "akoo.write": write,
            "akoo.target": target,
        }
        with _tracer.start_as_current_span(
            site, kind=trace.SpanKind.CLIENT, attributes=attributes, record_exception=False
        ) as span:
            try:
                async with asyncio.timeout(min(deadline, MAX_DEADLINE_SECONDS)):
                    yield span
                outcome = "ok"
            except Exception as error:
                outcome = type(error).__name__
                span.set_attribute("error.type", outcome)
                raise
            finally:
                metrics.EXTERNAL_REQUESTS.labels(system, operation, outcome).inc()
        if self._interceptor is not None:
            self._interceptor.after(site, write=write)
