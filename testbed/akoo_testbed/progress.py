"""Reports of a long piece of work on the terminal while it goes on."""

import shutil
import sys
import time
import typing

_REDRAW_SECONDS = 0.2
_LINE_SECONDS = 60.0
"""Between two passing lines where there is no terminal."""

Clock = typing.Callable[[], float]


class Progress:
    """Lines on stderr; on a terminal the last one is redrawn in place, elsewhere one a minute is
    written, so that a log shows that the work goes on.

    Not for use from several threads.
    """

    def __init__(
        self, stream: typing.TextIO | None = None, *, clock: Clock = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._clock = clock
        self._drawn = False
        """The last line is a passing one."""
        self._written_at = clock()

    def note(self, subject: str, text: str) -> None:
        """A line that stays."""
        self._clear()
        self._write(f"{subject:<12} {text}\n")

    def passing(self, subject: str, text: str) -> None:
        """A line that the next one replaces, a few times a second; without a terminal, a line a
        minute that stays."""
        pause = _REDRAW_SECONDS if self._terminal else _LINE_SECONDS
        if self._clock() - self._written_at < pause:
            return
        if self._terminal:
            self._clear()
            self._write(f"{subject:<12} {text}"[: _columns() - 1])
            self._drawn = True
        else:
            self.note(subject, text)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
        self._written_at = self._clock()

    def _clear(self) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._drawn = False


def _columns() -> int:
    """The width of the terminal; a line that is wider could not be cleared."""
    return min(shutil.get_terminal_size((100, 24)).columns, 100)


class Silent(Progress):
    """Says nothing."""

    def note(self, subject: str, text: str) -> None:
        pass

    def passing(self, subject: str, text: str) -> None:
        pass
