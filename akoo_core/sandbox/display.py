"""The output of the sandbox: one line per step, with colours only on a terminal.

On a terminal, what is wider than it goes on in the next line, below its own column.
"""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
import time
from collections.abc import Iterator
from typing import TextIO

import click
from rich import console, table, text

WIDEST = 120
"""Columns of a wide terminal that are used."""
TITLE_COLUMNS, RESULT_COLUMNS, SECONDS_COLUMNS = 34, 56, 10


class Step:
    """A running step; ``result`` is shown at its end."""

    def __init__(self) -> None:
        self.result = ""


class Display:
    """Writes lines to ``stream`` (default: standard output). Colour only on a terminal without
    NO_COLOR; a step in progress is shown only on a terminal and replaced when it is done."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._colour = self._terminal and "NO_COLOR" not in os.environ
        self._number = 0
        self._console = console.Console(file=self._stream, no_color=not self._colour)

    def line(self, words: str = "") -> None:
        """One plain line."""
        click.echo(words, file=self._stream, color=self._colour)

    def long(self, words: str, *, indent: int) -> None:
        """A line that may be wider than the terminal, and goes on in the next ones then, below
        column ``indent``. Words are kept whole."""
        if not self._terminal:
            self.line(words)
            return
        wrapped = textwrap.wrap(
            words,
            max(self._console.width, indent + 20),
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
        )
        for line in wrapped:
            self.line(line)

    def heading(self, label: str, words: str, seconds: float | None = None) -> None:
        """``label`` and ``words`` (its state), with the time it took."""
        took = "" if seconds is None else f"{seconds:8.1f} s"
        if self._terminal:
            self._row(text.Text(label, "bold"), 10, words, took)
        else:
            self.line(f"  {label:<10} {words:<72}{took}")

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A numbered step of the story. Its line appears when the body ends, with the seconds.

        If the body raises, the line says so, and the error is raised again.
        """
        self._number += 1
        step, started = Step(), time.monotonic()
        if self._terminal:
            self._stream.write(f"  {self._number}  {title} ...")
            self._stream.flush()
        try:
            yield step
        except BaseException:
            self._finish(title, click.style("failed", fg="red"), started)
            raise
        self._finish(title, step.result, started)

    def _finish(self, title: str, result: str, started: float) -> None:
        if self._terminal:
            self._stream.write("\r\033[K")
        took = f"{time.monotonic() - started:8.1f} s"
        if self._terminal:
            label = text.Text(f"{self._number:>2} {title}")
            self._row(label, TITLE_COLUMNS + 3, text.Text.from_ansi(result), took)
        else:
            title, result = (
                f"{title:<{TITLE_COLUMNS}}",
                f"{click.unstyle(result):<{RESULT_COLUMNS}}",
            )
            self.line(f"  {self._number}  {title} {result}{took}")

    def _row(self, label: text.Text, columns: int, words: str | text.Text, took: str) -> None:
        """Three columns, as wide as the terminal; the middle one takes what the others leave."""
        width = min(self._console.width, WIDEST)
        grid = table.Table.grid(padding=(0, 1), expand=True)
        grid.add_column(width=min(columns, width // 3))
        grid.add_column(ratio=1)
        grid.add_column(width=SECONDS_COLUMNS, justify="right")
        grid.add_row(label, words, took)
        self._console.print(grid, width=width)
