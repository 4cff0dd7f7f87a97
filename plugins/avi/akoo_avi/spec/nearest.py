"""What somebody may have meant: existing names that look like one that does not exist. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 3
_CUTOFF = 0.6


def names(wanted: str, existing: Iterable[str]) -> tuple[str, ...]:
    """At most three of ``existing``, the likeliest first; upper and lower case count alike."""
    folded: dict[str, str] = {}
    for one in sorted(set(existing) - {""}):
        folded.setdefault(one.casefold(), one)
    near = difflib.get_close_matches(wanted.casefold(), folded, n=MOST, cutoff=_CUTOFF)
    return tuple(folded[one] for one in near)


def sentence(wanted: str, existing: Iterable[str]) -> str:
    """``nearest names: a, b.``; how many there are where none is near; what to expect of none."""
    known = sorted(set(existing) - {""})
    if not known:
        return "There is none that our user can see."
    near = names(wanted, known)
    if near:
        return f"nearest names: {', '.join(near)}."
    shown = ", ".join(known[:MOST])
    return f"There are: {shown}{f' and {len(known) - MOST} more' if len(known) > MOST else ''}."
