"""The external calls of a test: recorded one by one, and made to fail on order."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Literal, NamedTuple, ParamSpec, TypeVar, Unpack

from opentelemetry import trace

from akoo_core import errors, external

P = ParamSpec("P")
T = TypeVar("T")
Moment = Literal["before", "after"]


class Call(NamedTuple):
    """One external call. ``str()`` is its name in messages."""

    system: str
    operation: str
    subject: str
    write: bool

    def __str__(self) -> str:
        return f"{self.system} {self.operation} {self.subject}".rstrip()


class Crash(errors.ProcessEnd):
    """The end of the process: nothing below may catch it, nothing after it happens."""


class Calls(external.External):
    """The seam of external calls that remembers them, and can fail the nth."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Call] = []
        self._fault: tuple[int, Moment, BaseException] | None = None

    def fail(self, nth: int, moment: Moment, error: BaseException) -> None:
        """Raise ``error`` at the nth call from now (1 is the next): before it has any effect, or
        after, when only its answer is lost."""
        self._fault = (len(self.made) + nth, moment, error)

    def heal(self) -> None:
        """Take ``fail`` back."""
        self._fault = None

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Refuse every write while the body runs (errors.ReadOnlyError)."""
        before, self._guard = self._guard, external.ReadOnly()
        try:
            yield
        finally:
            self._guard = before

    @contextlib.asynccontextmanager
    async def call(
        self, system: str, operation: str, **options: Unpack[external.CallOptions]
    ) -> AsyncIterator[trace.Span]:
        """As :meth:`external.External.call`."""
        subject = options.get("subject", "")
        self.made.append(Call(system, operation, subject, options["write"]))
        number = len(self.made)
        self._raise(number, "before")
        try:
            async with super().call(system, operation, **options) as span:
                yield span
        except Exception:
            self._raise(number, "after")  # A refusal is an answer, too, and is lost.
            raise
        self._raise(number, "after")

    def _raise(self, number: int, moment: Moment) -> None:
        if self._fault is not None and self._fault[:2] == (number, moment):
            raise self._fault[2]


class InlineThreads:
    """A ThreadPool without threads: the call is made at once, and everything waits for it."""

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """``function(*args, **kwargs)``."""
        return function(*args, **kwargs)
