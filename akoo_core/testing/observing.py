"""Spans and log lines of a piece of a test."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from akoo_core.testing import spans

_STANDARD = frozenset(vars(logging.makeLogRecord({})))


@contextlib.contextmanager
def observing() -> Iterator[tuple[spans.Recording, list[str]]]:
    """Record spans and log lines, whatever their level, in the body."""
    lines: list[str] = []
    root, handler = logging.getLogger(), _Lines(lines)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with spans.recorded() as recording:
            yield recording, lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


class _Lines(logging.Handler):
    """Keeps log records as text: message, fields, exception."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.NOTSET)
        self._lines = lines
        self._format = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        extra: dict[str, Any] = {
            name: value for name, value in vars(record).items() if name not in _STANDARD
        }
        extra.pop("message", None)
        fields = " ".join(f"{name}={value}" for name, value in extra.items())
        self._lines.append(f"{record.levelname} {self._format.format(record)} {fields}".rstrip())
