"""Rows as kubectl shows them: columns of equal width, ages in one or two units. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


def lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line per row, the first being the heads. All rows are of the same length."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def age(since: datetime.datetime | None, now: datetime.datetime) -> str:
    """``12d``, ``3h``, ``40m``, ``5s``: how long ago, in its greatest unit; "" when unknown."""
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
