"""The user's words: annotations on a record, read strictly and answered. Pure.

A word that is not understood, or not supported yet, has no effect and is said so in the condition
``UserWordFollowed``; a typing mistake must never remove anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from akoo_core import structs
from akoo_core.api import names


class Words(structs.Struct, frozen=True, kw_only=True):
    """What the annotations of one record ask for."""

    leave: Literal["", "sweep", "orphan"] = ""
    let_go: str = ""
    """The reason the user gave; "" means the word is not there."""
    paused: bool = False
    confirm_removal: bool = False
    problems: tuple[str, ...] = ()
    """One sentence for each word that has no effect, and why."""


def read(annotations: Mapping[str, str]) -> Words:
    """The words among the annotations of a record."""
    leave = annotations.get(names.LEAVE_ANNOTATION, "").strip()
    return Words(
        leave="sweep" if leave == "sweep" else "orphan" if leave == "orphan" else "",
        let_go=annotations.get(names.LET_GO_ANNOTATION, "").strip(),
        paused=names.PAUSED_ANNOTATION in annotations,
        confirm_removal=names.CONFIRM_REMOVAL_ANNOTATION in annotations,
        problems=tuple(_problems(annotations)),
    )


def _problems(annotations: Mapping[str, str]) -> Iterator[str]:
    leave = annotations.get(names.LEAVE_ANNOTATION)
    if leave is not None and leave.strip() not in ("sweep", "orphan"):
        yield f'{names.LEAVE_ANNOTATION} must be "sweep" or "orphan", not {leave!r}: no effect.'
    if not annotations.get(names.LET_GO_ANNOTATION, "x").strip():
        yield f"{names.LET_GO_ANNOTATION} needs a reason as its value: nothing is done."
    if names.ADOPT_ANNOTATION in annotations:
        yield (
            f"{names.ADOPT_ANNOTATION} is not followed by this version: no claim can be handed "
            "over yet. The record keeps its management id."
        )
    if names.ABANDON_PLACEMENT_ANNOTATION in annotations:
        yield (
            f"{names.ABANDON_PLACEMENT_ANNOTATION} is not followed by this version: records "
            "have no placements yet."
        )
