"""Decides which faults are reported in Events, and when a fault is over. Pure but for memory.

A fault is reported once it lasts longer than such a wait usually takes, at most once per object and
reason in SILENT_SECONDS. The memory is of one process: after a restart a fault that the record
already shows counts as reported, and a long wait may be reported once more.
"""

from __future__ import annotations

import collections
from typing import Literal, NamedTuple, TypeVar

from akoo_core.objects import conditions, record

SILENT_SECONDS = 600.0
"""Seconds between two Events about the same fault of the same object."""
REMEMBERED = 4096
"""Limit of objects with a fault, and of reported faults; the oldest are forgotten first."""

NO_FAULT = frozenset(
    {
        "CacheBehind",
        "ConfigDeleting",
        "Finished",
        "Leaving",
        "NotCounted",
        "Observed",
        "Orphaned",
        "Paused",
        "Preparing",
        "QuietPeriod",
        "Relocating",
        "Running",
    }
)
"""Reasons that are no fault, however long they last."""

PATIENCE = {
    "ControlPlaneNotReady": 1800.0,
    "KubeconfigMissing": 1800.0,
    "FactMissing": 300.0,
    "RelocationWaits": 300.0,
    "ObjectsLeft": 300.0,
    "CRDNotEstablished": 60.0,
    "WorkloadUnreachable": 60.0,
    "KubernetesError": 60.0,
}
"""Seconds that a reason of the core lasts before it is reported; others are reported at once."""

Verdict = Literal["", "new", "over"]
K = TypeVar("K")
V = TypeVar("V")


class Fault(NamedTuple):
    """The first obstacle to Ready, or to leaving."""

    reason: str
    message: str


class _State(NamedTuple):
    reason: str
    since: float
    reported: str
    """The reason that was reported last and is not over; "" for none."""


def fault(status: record.RecordStatus) -> Fault | None:
    """The fault that a status shows; None where nothing is wrong."""
    held = conditions.find(status.conditions, "Held")
    ready = conditions.find(status.conditions, "Ready")
    shown = held if held is not None else ready
    if shown is None or shown.reason in NO_FAULT:
        return None
    if shown is ready and ready.status == "True":
        return None
    return Fault(shown.reason, shown.message)


class FaultMemory:
    """Remembers the current and the reported fault of each object, by UID."""

    def __init__(self) -> None:
        self._states: collections.OrderedDict[str, _State] = collections.OrderedDict()
        self._reported: collections.OrderedDict[tuple[str, str], float] = collections.OrderedDict()

    def judge(self, uid: str, reason: str, *, before: str, patience: float, now: float) -> Verdict:
        """Judge ``reason`` ("" for none): ``new``, or ``over`` where a reported fault has ended.

        ``before`` is the reason the object showed until now, ``patience`` the seconds that this
        reason may last unreported, ``now`` the monotonic time.
        """
        state = self._states.pop(uid, None)
        if not reason:
            return "over" if (state.reported if state is not None else before) else ""
        if state is None:
            # A process that starts finds faults that another process has reported.
            reported = reason if before == reason and not patience else ""
            state = _State(reason, now, reported)
        elif state.reason != reason:
            state = _State(reason, now, state.reported)
        due = state.reported != reason and now - state.since >= patience
        self._states[uid] = state._replace(reported=reason) if due else state
        _trim(self._states)
        return "new" if due and self._may_report(uid, reason, now) else ""

    def _may_report(self, uid: str, reason: str, now: float) -> bool:
        last = self._reported.get((uid, reason))
        if last is not None and now - last < SILENT_SECONDS:
            return False
        self._reported[uid, reason] = now
        self._reported.move_to_end((uid, reason))
        _trim(self._reported)
        return True


def _trim(memory: collections.OrderedDict[K, V]) -> None:
    while len(memory) > REMEMBERED:
        memory.popitem(last=False)
