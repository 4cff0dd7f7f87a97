"""The mark on a port group: the text that says whose it is. Written and read. Pure.

The text stands twice: as the last line of the description, which is atomic with the create, and as
custom attribute ``akoo.owner``, which other tools do not edit. :mod:`akoo_vsphere.ownership` says
what the two together mean.
"""

from __future__ import annotations

import re
from typing import Final

from akoo_core.plugin import structs
from akoo_vsphere.spec import port_group_rules
from akoo_vsphere.spec.port_group_status import Provenance

ATTRIBUTE: Final = "akoo.owner"
"""Name of the custom attribute, defined for DistributedVirtualPortgroup."""
LONGEST: Final = 255
"""Characters of the text. The limit of vCenter is not documented."""
_START: Final = port_group_rules.MARK
_FORMAT: Final = f"{_START}1"
_LINE = re.compile(rf"(?:^|\n)[ \t]*{_START}[^\n]*")
_WORD = re.compile(r"[!-~]+")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


class Mark(structs.Struct, frozen=True, kw_only=True):
    """The owner of a port group. Raises ValueError for values that the text cannot hold."""

    management_id: str
    epoch: int
    """Counts takeovers from management cluster to management cluster."""
    name: str
    """Of the VSpherePortGroup."""
    uid: str
    provenance: Provenance
    nonce: str
    """Written to status before the create; finds the port group after a lost reply."""

    def __post_init__(self) -> None:
        for value in (self.management_id, self.name, self.uid, self.nonce):
            if not _WORD.fullmatch(value):
                raise ValueError(f"{value!r} cannot stand in a mark")
        if not _NUMBER.fullmatch(str(self.epoch)):
            raise ValueError(f"{self.epoch} is not an epoch")
        if len(text(self)) > LONGEST:
            raise ValueError(f"the mark has more than {LONGEST} characters")


class Damaged(structs.Struct, frozen=True, kw_only=True):
    """Text that begins as a mark and cannot be read as one."""

    why: str
    newer: bool = False
    """True: a newer release wrote it."""


Read = Mark | Damaged | None


def text(mark: Mark) -> str:
    """The mark as one line of ASCII."""
    return (
        f"{_FORMAT} id={mark.management_id} epoch={mark.epoch} name={mark.name} uid={mark.uid} "
        f"by={mark.provenance} nonce={mark.nonce}"
    )


def read(line: str) -> Read:
    """The mark in a text; None for an empty text. A text of others is Damaged.

    A mark without a readable provenance counts as Adopted: an adopted port group is never deleted
    unless a person says so.
    """
    words = line.split()
    if not words:
        return None
    if words[0] != _FORMAT:
        if words[0].startswith(_START):
            return Damaged(why="a newer release wrote it", newer=True)
        return Damaged(why="it is no mark")
    values = dict(word.partition("=")[::2] for word in words[1:])
    if len(values) != len(words) - 1:
        return Damaged(why="a word of it stands twice")
    by = values.get("by")
    try:
        return Mark(
            management_id=values["id"],
            epoch=_epoch(values["epoch"]),
            name=values["name"],
            uid=values["uid"],
            provenance="Created" if by == "Created" else "Adopted",
            nonce=values["nonce"],
        )
    except KeyError as error:
        return Damaged(why=f"{error.args[0]} is missing")
    except ValueError as error:
        return Damaged(why=str(error))


def _epoch(value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise ValueError("its epoch is no number")
    return int(value)


def of_description(description: str) -> Read:
    """The mark in a description; None for none. Two different marks are Damaged."""
    lines = {match.strip() for match in _LINE.findall(description)}
    if len(lines) > 1:
        return Damaged(why=f"there are {len(lines)} different ones")
    return read(lines.pop()) if lines else None


def without(description: str) -> str:
    """The part of a description that people wrote, byte by byte."""
    return _LINE.sub("", description).removeprefix("\n")


def with_mark(written: str, mark: Mark) -> str:
    """The description with the mark as its last line. ``written``: the part of people."""
    return f"{written}\n{text(mark)}" if written else text(mark)
