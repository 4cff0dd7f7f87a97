"""Reports of a long piece of work on the terminal while it goes on."""

import sys
import time
import typing

_REDRAW_SECONDS = 0.2


class Progress:
    """Lines on stderr; on a terminal the last one is redrawn in place, elsewhere it is not shown.

    Not for use from several threads.
    """

    def __init__(self, stream: typing.TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._drawn_at = 0.0

    def note(self, subject: str, text: str) -> None:
        """A line that stays."""
        self._clear()
        self._stream.write(f"{subject:<12} {text}\n")
        self._stream.flush()

    def passing(self, subject: str, text: str) -> None:
        """A line that the next one replaces; only on a terminal, a few times a second."""
        now = time.monotonic()
        if not self._terminal or now - self._drawn_at < _REDRAW_SECONDS:
            return
        self._clear()
        self._stream.write(f"{subject:<12} {text}"[:100])
        self._stream.flush()
        self._drawn_at = now

    def _clear(self) -> None:
        if self._terminal and self._drawn_at:
            self._stream.write("\r\x1b[K")
            self._drawn_at = 0.0


class Silent(Progress):
    """Says nothing."""

    def note(self, subject: str, text: str) -> None:
        pass

    def passing(self, subject: str, text: str) -> None:
        pass
