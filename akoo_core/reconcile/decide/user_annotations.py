"""The user's words: annotations on a record, read strictly and answered. Pure.

A word that is not understood, or not supported yet, has no effect and is said so in the condition
``AnnotationsAccepted``; a typing mistake must never remove anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from akoo_core import structs
from akoo_core.objects import names

ONCE = (
    names.LET_GO_ANNOTATION,
    names.CONFIRM_REMOVAL_ANNOTATION,
    names.ADOPT_ANNOTATION,
    names.ABANDON_PLACEMENT_ANNOTATION,
)
"""Words that act once: each goes in the write that acts on it, and all when a new life begins."""


OF_ONE_LIFE = (*ONCE, names.SWEEP_TENANTS_ANNOTATION)
"""Words that are dropped when a finished record begins anew."""


class Words(structs.Struct, frozen=True, kw_only=True):
    """What the annotations of one record ask for."""

    leave: Literal["", "sweep", "orphan"] = ""
    let_go: str = ""
    """The reason the user gave; "" means the word is not there."""
    paused: bool = False
    confirm_removal: bool = False
    adopt: str = ""
    """The management id to take the record over from."""
    abandon: str = ""
    """Why what is left at the old place of a move is given up; "" means the word is not there."""
    sweep_tenants: tuple[str, ...] = ()
    """Names or UUIDs of the tenants in which objects may be swept."""
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
        adopt=annotations.get(names.ADOPT_ANNOTATION, "").strip(),
        abandon=annotations.get(names.ABANDON_PLACEMENT_ANNOTATION, "").strip(),
        sweep_tenants=listed(annotations.get(names.SWEEP_TENANTS_ANNOTATION, "")),
        problems=tuple(_problems(annotations)),
    )


def listed(text: str) -> tuple[str, ...]:
    """The parts of a text with commas between them; blanks around them and empty ones left out."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _problems(annotations: Mapping[str, str]) -> Iterator[str]:
    leave = annotations.get(names.LEAVE_ANNOTATION)
    if leave is not None and leave.strip() not in ("sweep", "orphan"):
        yield f'{names.LEAVE_ANNOTATION} must be "sweep" or "orphan", not {leave!r}: no effect.'
    if not annotations.get(names.LET_GO_ANNOTATION, "x").strip():
        yield f"{names.LET_GO_ANNOTATION} needs a reason as its value: nothing is done."
    if not annotations.get(names.ADOPT_ANNOTATION, "x").strip():
        yield f"{names.ADOPT_ANNOTATION} needs the former management id as its value: no effect."
    if not listed(annotations.get(names.SWEEP_TENANTS_ANNOTATION, "x")):
        yield f"{names.SWEEP_TENANTS_ANNOTATION} needs names or UUIDs of tenants: no effect."
    if not annotations.get(names.ABANDON_PLACEMENT_ANNOTATION, "x").strip():
        yield f"{names.ABANDON_PLACEMENT_ANNOTATION} needs a reason as its value: nothing is done."


def adopts(said: Words, owner: str) -> bool:
    """Whether ``akoo.io/adopt`` takes effect on a record of management id ``owner``.

    It must name exactly who has the record now. That may be us: a person says that a lost claim is
    to be made again.
    """
    return bool(said.adopt) and said.adopt == owner


def adopt_problem(said: Words, owner: str) -> str:
    """Why ``akoo.io/adopt`` has no effect, or ""."""
    if not said.adopt or said.adopt == owner:
        return ""
    return (
        f"{names.ADOPT_ANNOTATION} names management id {said.adopt}, but this record belongs to "
        f"{owner}: no effect. Name the id that spec.managementId shows."
    )
