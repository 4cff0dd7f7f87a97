"""Reports of a long piece of work on the terminal while it goes on."""

import contextlib
import io
import sys
import time
import typing
from collections.abc import Callable, Iterator

_LINE_SECONDS = 60.0
"""Between two lines of work where there is no terminal."""


class Progress:
    """Lines on stderr. On a terminal, work has one line that rich redraws in place, cuts to the
    width and takes away at the end. Elsewhere it has a line a minute that stays, so that a log
    shows that it goes on.

    Not for use from several threads.
    """

    def __init__(
        self,
        stream: typing.TextIO | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock

    def note(self, subject: str, text: str) -> None:
        """A line that stays. Not while work is shown."""
        print(_line(subject, text), file=self._stream, flush=True)

    @contextlib.contextmanager
    def work(self, subject: str) -> Iterator[Callable[[str], None]]:
        """Work that begins, and ends with the block. Call what this gives with each news of it."""
        if self._stream.isatty():
            from rich import console, live, text  # noqa: PLC0415 - 0.1 s, for terminals only

            terminal = console.Console(file=self._stream, force_terminal=True)
            line = live.Live(
                console=terminal, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            with line as shown:
                yield lambda news: shown.update(
                    text.Text(_line(subject, news), no_wrap=True, overflow="crop")
                )
        else:
            yield self._once_a_minute(subject)

    def _once_a_minute(self, subject: str) -> Callable[[str], None]:
        written_at = self._clock()

        def show(news: str) -> None:
            nonlocal written_at
            if self._clock() - written_at >= _LINE_SECONDS:
                self.note(subject, news)
                written_at = self._clock()

        return show


def _line(subject: str, text: str) -> str:
    return f"{subject:<12} {text}"


class Silent(Progress):
    """Says nothing."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())
