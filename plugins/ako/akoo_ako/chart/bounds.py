"""Bounds of the values that Clusters may set: declarations, and values against them. Pure.

Whoever may write a Cluster chooses its labels, so a value is text of a stranger. A pattern is the
config's; it is limited so that no text makes its match slow.
"""

from __future__ import annotations

import re
from typing import Any, Final

from akoo_ako.chart.declarations import Overridable
from akoo_ako.chart.paths import ChartPath
from akoo_ako.chart.values import shown

LONGEST_TEXT: Final = 253
"""Characters of a text that a pattern is matched against."""
LONGEST_PATTERN: Final = 256
MOST_REPEATS: Final = 3
"""Repeats in a pattern: matching takes at most the length of the text to the power of this."""
_REPEAT: Final = re.compile(r"[*+?]|\{[0-9,]+\}")
_NUMBERS: Final = frozenset({"number", "seconds"})


def problem_of(bounds: Overridable, row: ChartPath) -> str:
    """The reason why these bounds cannot be declared for the path, or ""."""
    if bounds.type != row.type:
        return f"has type {bounds.type or 'none'}, and the path takes {row.type}."
    if bounds.enum and bounds.pattern:
        return "has enum and pattern. Keep one."
    if row.type in _NUMBERS:
        return _problem_of_numbers(bounds)
    if bounds.min is not None or bounds.max is not None:
        return f"has min or max, which are for numbers, and the path takes {row.type}."
    if row.type not in {"text", "list"}:
        extra = bounds.enum or bounds.pattern
        return f"has enum or pattern, and the path takes {row.type}." if extra else ""
    if bounds.pattern:
        return _problem_of_pattern(bounds.pattern)
    if not (bounds.enum or row.choices):
        return "has no bounds. Give enum or pattern."
    return ""


def _problem_of_numbers(bounds: Overridable) -> str:
    if bounds.enum or bounds.pattern:
        return "has enum or pattern, which are for texts. Give min and max."
    if bounds.min is None or bounds.max is None:
        return "has no bounds. Give min and max."
    return "has a min above its max." if bounds.min > bounds.max else ""


def _problem_of_pattern(pattern: str) -> str:
    """A repeated group, a reference or a fourth repeat can take a text years to be refused."""
    if len(pattern) > LONGEST_PATTERN:
        return f"has a pattern of more than {LONGEST_PATTERN} characters."
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"has a pattern that is no regular expression: {error}."
    plain = re.sub(r"\\[^0-9]|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", pattern)
    if "\\" in plain or "(?" in plain:
        return "has a pattern with a reference or a group of the form (?...)."
    if re.search(r"\)(?:[*+?]|\{)", plain):
        return "has a pattern that repeats a group. Repeat single characters or sets."
    if len(_REPEAT.findall(plain)) > MOST_REPEATS:
        return f"has a pattern with more than {MOST_REPEATS} repeats."
    return ""


def outside(bounds: Overridable, value: Any) -> str:
    """The reason why a typed value is not within the bounds, or ""."""
    if bounds.type in _NUMBERS:
        low, high = bounds.min or 0, bounds.max or 0
        inside = low <= int(value) <= high
        return "" if inside else f"{shown(value)} is not from {low} to {high}."
    texts = value if isinstance(value, list) else [value]
    for text in texts if bounds.enum or bounds.pattern else ():
        if bounds.enum and text not in bounds.enum:
            return f"{shown(text)} is not one of {', '.join(bounds.enum)}."
        if bounds.pattern and not _matches(bounds.pattern, text):
            return f"{shown(text)} does not match {bounds.pattern}"
    return ""


def _matches(pattern: str, text: str) -> bool:
    return len(text) <= LONGEST_TEXT and re.fullmatch(pattern, text, re.ASCII) is not None
