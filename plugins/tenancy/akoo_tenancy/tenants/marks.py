"""The mark of an AviTenant: a line in the description of its tenant. Pure.

::

    akoo-core/1 id=mgmt-1 name=shop by=Created

It is there from the first moment: the request that makes a tenant carries it. The other lines of a
description are those of people, and stay.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

START: Final = "akoo-core/1"
_LINE = re.compile(rf"^{re.escape(START)} id=(?P<id>\S+) name=(?P<name>\S+) by=(?P<by>\S+)$")

By = Literal["Created", "Adopted"]


class TenantMark(NamedTuple):
    """The AviTenant that a tenant belongs to."""

    management_id: str
    name: str
    by: By


def text(mark: TenantMark) -> str:
    """The mark as a line."""
    return f"{START} id={mark.management_id} name={mark.name} by={mark.by}"


def read(description: object) -> tuple[TenantMark, ...]:
    """The marks in a description. Anything but exactly one mark is nobody's proof.

    A mark with an unknown origin counts as Adopted: an adopted tenant is never deleted unless a
    person says so.
    """
    lines = str(description or "").splitlines()
    matches = (match for line in lines if (match := _LINE.match(line.strip())))
    return tuple(
        TenantMark(match["id"], match["name"], "Created" if match["by"] == "Created" else "Adopted")
        for match in matches
    )


def without(description: object) -> str:
    """The lines of people."""
    lines = str(description or "").splitlines()
    return "\n".join(line for line in lines if not _LINE.match(line.strip()))


def marked(description: object, mark: TenantMark) -> str:
    """The description with this mark alone, as its last line."""
    people = without(description)
    return f"{people}\n{text(mark)}" if people else text(mark)
