"""Port groups with a mark, as the sources report them: which ones may be those of an object.

A list of a whole switch takes seconds where there are thousands of port groups. It need not be
read anew for each port group that is made, while a source follows the vCenter: a port group that
carries a mark is in the last list, or in what the source reported since its own whole list. Both
name candidates only: each of them is read before anything rests on it. One that left the source's
view stays a candidate, since a lost permission looks the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from akoo_vsphere import marks
from akoo_vsphere.client.api import MAX_WAIT_SECONDS, Changes
from akoo_vsphere.spec.connection import Connection

HEARD_SECONDS: Final = MAX_WAIT_SECONDS + 10.0
"""Age of the last answer to a waiting call after which nobody counts as followed: an answer comes
after ``MAX_WAIT_SECONDS`` at the latest."""


@dataclasses.dataclass
class _Followed:
    """The reports about one vCenter since the source's last whole list."""

    identity: tuple[str, int]
    """Of the connection: another address is another vCenter."""
    values: dict[str, str]
    """moRef to the last text of a mark."""
    heard_at: float


class Marked:
    """The marks that the sources of a process reported, by connection. For one event loop."""

    def __init__(self) -> None:
        self._followed: dict[str, _Followed] = {}

    def take(self, connection: Connection, changes: Changes, now: float) -> None:
        """Take an answer of a waiting call."""
        followed = self._followed.get(connection.name)
        if changes.whole:
            followed = _Followed(connection.identity, {}, now)
            self._followed[connection.name] = followed
        if followed is None:
            return
        followed.heard_at = now
        for entry in changes.changed:
            value = entry.values.get(marks.ATTRIBUTE, "")
            if value:
                followed.values[entry.mo_ref] = value

    def lose(self, name: str) -> None:
        """The source of a connection has no answer any more, or ends."""
        self._followed.pop(name, None)

    def of(self, connection: Connection, now: float) -> Mapping[str, str] | None:
        """Candidates: moRef to the text of a mark. None: no source follows this vCenter now."""
        followed = self._followed.get(connection.name)
        if followed is None or followed.identity != connection.identity:
            return None
        return followed.values if now - followed.heard_at <= HEARD_SECONDS else None
