"""Suggestions for a name that does not exist: existing names that look like it. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 3
_CUTOFF = 0.6


def names(wanted: str, existing: Iterable[str]) -> tuple[str, ...]:
    """At most three of ``existing``, the likeliest first; upper and lower case count alike."""
    folded: dict[str, str] = {}
    for name in sorted(set(existing) - {""}):
        folded.setdefault(name.casefold(), name)
    near = difflib.get_close_matches(wanted.casefold(), folded, n=MOST, cutoff=_CUTOFF)
    return tuple(folded[name] for name in near)


def sentence(wanted: str, existing: Iterable[str]) -> str:
    """``nearest names: a, b.``; without a near name, the existing ones; without any, a hint."""
    known = sorted(set(existing) - {""})
    if not known:
        return "There is none that our user can see."
    near = names(wanted, known)
    if near:
        return f"nearest names: {', '.join(near)}."
    shown = ", ".join(known[:MOST])
    return f"There are: {shown}{f' and {len(known) - MOST} more' if len(known) > MOST else ''}."
