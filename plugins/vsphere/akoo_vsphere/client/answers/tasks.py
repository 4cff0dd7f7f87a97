"""Tasks of vCenter: their state, and the pauses between two looks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from akoo_vsphere.client.answers.properties import Row
from akoo_vsphere.client.wire import Fault

PATHS: Final = ("info.state", "info.error")
TASK_SECONDS: Final = 60.0
"""Deadline of a write with its task."""
FIRST_PAUSE: Final = 0.1
GROWTH: Final = 1.5
LONGEST_PAUSE: Final = 2.0


def pauses() -> Iterator[float]:
    """Seconds before each further look, without end."""
    seconds = FIRST_PAUSE
    while True:
        yield seconds
        seconds = min(seconds * GROWTH, LONGEST_PAUSE)


class Outcome(NamedTuple):
    """A look at a task."""

    ended: bool
    """It has ended well; False: it is queued or runs, or ``fault`` is set."""
    fault: Fault | None = None


def outcome(row: Row) -> Outcome:
    """The outcome that a row of PATHS shows."""
    match row.fields.get("info.state"):
        case "success":
            return Outcome(ended=True)
        case "error":
            stored = row.fields.get("info.error")
            fault = stored if isinstance(stored, Fault) else Fault(("MethodFault",), {})
            return Outcome(ended=False, fault=fault)
    return Outcome(ended=False)
