"""The seam of external calls: every request that leaves this process goes through it.

Each :meth:`External.call` has one span, one increment of ``akoo_external_requests_total`` and one
deadline. A write asks the leadership guard before it starts. Tests put an interceptor here to raise
a crash before or after any call, and to prove that every traced call was also covered.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import types
from collections.abc import Iterator
from typing import NamedTuple, NotRequired, Protocol, TypedDict

from opentelemetry import trace

from akoo_core import errors
from akoo_core.outside import bundle, proxies
from akoo_core.telemetry import metrics, tracing

DEFAULT_DEADLINE_SECONDS = 10.0
MAX_DEADLINE_SECONDS = 30.0
"""No external call may last longer: a leader must be able to stop before its lease runs out."""

_tracer = trace.get_tracer("akoo_core")
_count = functools.lru_cache(maxsize=1024)(metrics.EXTERNAL_REQUESTS.labels)
"""Counters cached by their labels: the lookup takes a lock, and longer than counting."""
_noted: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("noted", default=None)


class _Outside(NamedTuple):
    """The way to systems outside."""

    proxies: proxies.Proxies = proxies.NONE
    bundle: bundle.CaBundle | None = None


_DIRECT = _Outside()
_outside: contextvars.ContextVar[_Outside] = contextvars.ContextVar("outside", default=_DIRECT)
_permit: contextvars.ContextVar[Permit | None] = contextvars.ContextVar("permit", default=None)

REFUSED_SECONDS = 1.0
"""Seconds that a refused call takes: a loop of such calls must not keep the event loop busy."""


class Permit:
    """Permission to start external calls, until it is revoked."""

    __slots__ = ("revoked",)

    def __init__(self) -> None:
        self.revoked = False


@contextlib.contextmanager
def permitted() -> Iterator[None]:
    """The body, its tasks and its threads may start external calls until the body ends.

    Code that runs on after that, although it was cancelled, gets a CallRefusedError for each call:
    its input may be out of date.
    """
    permit = Permit()
    token = _permit.set(permit)
    try:
        yield
    finally:
        _permit.reset(token)
        permit.revoked = True


@contextlib.contextmanager
def noted_writes() -> Iterator[list[str]]:
    """The sites of all writes that the body, its tasks and its threads start, in order.

    They distinguish an attempt that wrote from one that only read.
    """
    sites: list[str] = []
    token = _noted.set(sites)
    try:
        yield sites
    finally:
        _noted.reset(token)


def proxy_for(host: str, port: int) -> proxies.HttpProxy | None:
    """The proxy for a connection of the external call around; None to connect directly.

    For the body of a call, its tasks and its threads.
    """
    return _outside.get().proxies.proxy_for(host, port)


def ca_bundle() -> bundle.CaBundle | None:
    """The CAs of the setting ``caBundle``, within an external call; None without it."""
    return _outside.get().bundle


class Guard(Protocol):
    """Refuses writes that this process may not make."""

    def check(self) -> None:
        """Return, or raise LeadershipLostError, or ReadOnlyError."""
        ...


class AlwaysLeader:
    """The guard of a process that does not share its work (tools and tests)."""

    def check(self) -> None:
        return


class ReadOnly:
    """The guard of commands that only read (``akoo-core plan``, ``akoo-core audit``)."""

    def check(self) -> None:
        """Raises ReadOnlyError."""
        raise errors.ReadOnlyError("it tried to write in a read-only call. Nothing was changed")


class Interceptor(Protocol):
    """Hooks of tests around each call. ``site`` is ``system operation``; both may raise."""

    def before(self, site: str, *, write: bool) -> None: ...

    def after(self, site: str, *, write: bool) -> None: ...


class CallOptions(TypedDict):
    """The keywords of :meth:`External.call`, for classes that wrap it."""

    write: bool
    subject: NotRequired[str]
    deadline_seconds: NotRequired[float | None]
    waiting: NotRequired[bool]


class External:
    """Opens external calls; one per process (or per test), handed to every client."""

    def __init__(
        self,
        *,
        guard: Guard | None = None,
        interceptor: Interceptor | None = None,
        deadline_seconds: float = DEFAULT_DEADLINE_SECONDS,
        longest_seconds: float = MAX_DEADLINE_SECONDS,
        through: proxies.Proxies = proxies.NONE,
        cas: bundle.CaBundle | None = None,
    ) -> None:
        self._guard: Guard = guard or AlwaysLeader()
        self._interceptor = interceptor
        self.longest_seconds = min(longest_seconds, MAX_DEADLINE_SECONDS)
        """Longest deadline of a call."""
        self.deadline_seconds = min(deadline_seconds, self.longest_seconds)
        """Deadline of a call that names none."""
        self.proxies = through
        """The proxy for systems outside."""
        self._outside = _Outside(through, cas)

    def call(
        self,
        system: str,
        operation: str,
        *,
        write: bool,
        subject: str = "",
        deadline_seconds: float | None = None,
        waiting: bool = False,
    ) -> contextlib.AbstractAsyncContextManager[trace.Span]:
        """Run the body as one external call.

        ``system`` is the callee (``kubernetes``, ``workload``, ``avi``), ``operation`` a name
        of low cardinality (``GET cloud``, ``apply configmaps``), ``subject`` the object, for the
        span only. Raises LeadershipLostError before a write that is not ours to make, and
        TimeoutError after ``deadline_seconds`` (at most ``longest_seconds``, which are at most 30;
        None: the default of this seam).

        ``waiting``: the call waits for news, as a watch does. Add an event to the span when there
        is some (``span.add_event("changed")``): a wait that ends without an event and without an
        error makes no span.
        """
        deadline = self.deadline_seconds if deadline_seconds is None else deadline_seconds
        return _Call(
            self._guard,
            self._interceptor,
            (system, operation),
            write=write,
            subject=subject,
            deadline_seconds=min(deadline, self.longest_seconds),
            waiting=waiting,
            outside=self._outside,
        )


class _Call:
    """One external call. A class, since every call of every kind goes through it: generators for
    the seam, its span and its deadline were a tenth of an attempt."""

    __slots__ = (
        "_about",
        "_around",
        "_deadline",
        "_entered",
        "_guard",
        "_interceptor",
        "_outside",
        "_seconds",
        "_site",
        "_span",
        "_subject",
        "_waiting",
    )

    def __init__(
        self,
        guard: Guard,
        interceptor: Interceptor | None,
        site: tuple[str, str],
        *,
        write: bool,
        subject: str,
        deadline_seconds: float,
        waiting: bool = False,
        outside: _Outside,
    ) -> None:
        self._guard = guard
        self._outside = outside
        self._interceptor = interceptor
        self._site = site
        self._about = (" ".join(site), write)
        self._subject = subject
        self._seconds = deadline_seconds
        self._waiting = waiting

    async def __aenter__(self) -> trace.Span:
        name, write = self._about
        permit = _permit.get()
        if permit is not None and permit.revoked:
            await asyncio.sleep(REFUSED_SECONDS)
            raise errors.CallRefusedError(f"{name}: the plugin's call that made it has ended")
        if write:
            self._guard.check()
            noted = _noted.get()
            if noted is not None:
                noted.append(name)
        if self._interceptor is not None:
            self._interceptor.before(name, write=write)
        attributes: dict[str, str | bool] = {
            "akoo.system": self._site[0],
            "akoo.write": write,
            "akoo.target": self._subject,
        }
        self._entered = (
            tracing.awaited(name, attributes)
            if self._waiting
            else tracing.entered(_tracer, name, kind=trace.SpanKind.CLIENT, attributes=attributes)
        )
        self._span = self._entered.__enter__()
        self._around = _outside.get()
        _outside.set(self._outside)
        self._deadline = asyncio.timeout(self._seconds)
        await self._deadline.__aenter__()
        return self._span

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        _outside.set(self._around)
        late: TimeoutError | None = None
        try:
            await self._deadline.__aexit__(kind, error, traceback)
        except TimeoutError as raised:
            late = raised
        self._ended(late or error)
        if late is not None:
            raise late
        if error is None and self._interceptor is not None:
            name, write = self._about
            self._interceptor.after(name, write=write)

    def _ended(self, error: BaseException | None) -> None:
        """Record the outcome in the span and in the count of calls."""
        outcome = "ok" if error is None else "cancelled"
        exemplar: dict[str, str] | None = None
        if isinstance(error, Exception):
            outcome = type(error).__name__
            self._span.set_attribute("error.type", outcome)
            exemplar = tracing.exemplar(self._span)
        _count(*self._site, outcome).inc(exemplar=exemplar)
        if error is None:
            self._entered.__exit__(None, None, None)
        else:
            self._entered.__exit__(type(error), error, error.__traceback__)
