"""Annotations by which users ask for something on a record, read strictly. Pure.

An annotation with a mistake, or without support yet, has no effect, and the condition
``AnnotationsAccepted`` names it; a typing mistake must never remove anything.
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
"""Annotations that act once: the write that acts on one removes it, and a new life removes all."""


OF_ONE_LIFE = (*ONCE, names.SWEEP_TENANTS_ANNOTATION)
"""Annotations that are dropped when a finished record begins anew."""

KNOWN = (*OF_ONE_LIFE, names.LEAVE_ANNOTATION, names.PAUSED_ANNOTATION)
"""All annotations of a record that the core reads."""


class UserAnnotations(structs.Struct, frozen=True, kw_only=True):
    """The requests in the annotations of one record."""

    leave: Literal["", "sweep", "orphan"] = ""
    let_go: str = ""
    """The reason the user gave; "" for no such annotation."""
    paused: bool = False
    confirm_removal: bool = False
    adopt: str = ""
    """The management id to take the record over from."""
    abandon: str = ""
    """The reason to give up what is left at the old place of a relocation; "" for no such
    annotation."""
    sweep_tenants: tuple[str, ...] = ()
    """Names or UUIDs of the tenants in which objects may be swept."""
    problems: tuple[str, ...] = ()
    """One sentence for each annotation without effect, with the reason."""


def read(annotations: Mapping[str, str]) -> UserAnnotations:
    """Read the annotations of a record."""
    leave = annotations.get(names.LEAVE_ANNOTATION, "").strip()
    return UserAnnotations(
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


def adopts(annotations: UserAnnotations, owner: str) -> bool:
    """True if ``akoo.io/adopt`` takes effect on a record of management id ``owner``.

    It must name exactly the present owner. That may be us: then a lost claim is made again.
    """
    return bool(annotations.adopt) and annotations.adopt == owner


def adopt_problem(annotations: UserAnnotations, owner: str) -> str:
    """The reason why ``akoo.io/adopt`` has no effect, or ""."""
    named = annotations.adopt
    if not named or named == owner:
        return ""
    return (
        f"{names.ADOPT_ANNOTATION} names management id {named}, but this record belongs to "
        f"{owner}: no effect. Name the id that spec.managementId shows."
    )
