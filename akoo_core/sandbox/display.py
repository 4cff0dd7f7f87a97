"""The output of the sandbox: one line per step, with colours only on a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import TextIO

import click


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

    def line(self, text: str = "") -> None:
        """One plain line."""
        click.echo(text, file=self._stream, color=self._colour)

    def heading(self, label: str, text: str, seconds: float | None = None) -> None:
        """``label`` (what) and ``text`` (its state), with the time it took."""
        took = "" if seconds is None else f"{seconds:8.1f} s"
        self.line(f"  {click.style(f'{label:<10}', bold=True)} {text:<72}{took}")

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
        self.line(f"  {self._number}  {title:<34} {result:<56}{took}")
