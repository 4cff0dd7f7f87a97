"""Decides which causes of not-Ready are told in Events, and when one is over. Pure but for memory.

A cause is told once it stands longer than such a wait usually takes, at most once per object and
cause in SILENT_SECONDS. The memory is of one process: after a restart a cause that the record
already shows is taken as told, and a long wait may be told once more.
"""

from __future__ import annotations

import collections
from typing import Literal, NamedTuple, TypeVar

from akoo_core.objects import conditions, record

SILENT_SECONDS = 600.0
"""Between two Events about the same cause on the same object."""
REMEMBERED = 4096
"""Objects in trouble, and causes told; the oldest are forgotten first."""

NO_FAULT = frozenset(
    {
        "CacheBehind",
        "ConfigDeleting",
        "Finished",
        "Leaving",
        "NotCounted",
        "Orphaned",
        "Paused",
        "Preparing",
        "QuietPeriod",
        "Relocating",
        "Running",
    }
)
"""Reasons that are no fault, however long they stand."""

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
"""Seconds that a reason of the core stands before it is told; others are told at once."""

Verdict = Literal["", "new", "over"]
K = TypeVar("K")
V = TypeVar("V")


class Fault(NamedTuple):
    """The first thing that keeps a record from Ready, or holds its leaving up."""

    reason: str
    message: str


class _State(NamedTuple):
    reason: str
    since: float
    told: str
    """The reason that was told last and is not over; "" when none was."""


def fault(status: record.RecordStatus) -> Fault | None:
    """The cause that a status shows; None where nothing is wrong."""
    held = conditions.find(status.conditions, "Held")
    ready = conditions.find(status.conditions, "Ready")
    shown = held if held is not None else ready
    if shown is None or shown.reason in NO_FAULT:
        return None
    if shown is ready and ready.status == "True":
        return None
    return Fault(shown.reason, shown.message)


class Faults:
    """Remembers, by the UID of an object, which cause stands and which was told."""

    def __init__(self) -> None:
        self._states: collections.OrderedDict[str, _State] = collections.OrderedDict()
        self._told: collections.OrderedDict[tuple[str, str], float] = collections.OrderedDict()

    def judge(self, uid: str, reason: str, *, before: str, patience: float, now: float) -> Verdict:
        """Tell whether ``reason`` ("" for none) is ``new`` news, or that what was told is ``over``.

        ``before`` is the reason the object showed until now, ``patience`` the seconds that this
        reason may stand untold, ``now`` the monotonic time.
        """
        state = self._states.pop(uid, None)
        if not reason:
            return "over" if (state.told if state is not None else before) else ""
        if state is None:
            # A process that starts finds causes that another one has told.
            told = reason if before == reason and not patience else ""
            state = _State(reason, now, told)
        elif state.reason != reason:
            state = _State(reason, now, state.told)
        due = state.told != reason and now - state.since >= patience
        self._states[uid] = state._replace(told=reason) if due else state
        _trim(self._states)
        return "new" if due and self._may_tell(uid, reason, now) else ""

    def _may_tell(self, uid: str, reason: str, now: float) -> bool:
        last = self._told.get((uid, reason))
        if last is not None and now - last < SILENT_SECONDS:
            return False
        self._told[uid, reason] = now
        self._told.move_to_end((uid, reason))
        _trim(self._told)
        return True


def _trim(memory: collections.OrderedDict[K, V]) -> None:
    while len(memory) > REMEMBERED:
        memory.popitem(last=False)
