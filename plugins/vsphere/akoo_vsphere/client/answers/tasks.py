"""Tasks of vCenter: their state, and the pauses between two looks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from akoo_vsphere.client.answers import faults
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


def ended(rows: list[Row]) -> bool:
    """The task has ended well. Raises its Fault; False: it is queued or runs, or its state is not
    known."""
    for row in rows:
        state: Any = row.fields.get("info.state")
        if state == "success":
            return True
        if state == "error":
            stored = row.fields.get("info.error")
            raise stored if isinstance(stored, Fault) else Fault(("MethodFault",), {})
    return False


def forgotten(rows: list[Row]) -> bool:
    """vCenter does not know the task any more."""
    return any(
        faults.missing_object(fault) is not None for row in rows for fault in row.missing.values()
    )
