"""Faults: calls that go wrong, and how often. They have their effect in the time of the loop."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Final, Literal

from akoo_vsphere.client.errors import VCenterError

NEVER: Final = math.inf
"""Seconds of a task that does not end."""
TASKS: Final = frozenset({"create", "reconfigure", "rename", "destroy"})
"""Methods of the client that run a task."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault of calls of one method of the client (``create``).

    ``Fault(method="create", lost=True)`` makes the port group and loses the answer: the caller
    gets OutcomeUnknownError, after a read UnreachableError.
    """

    method: str
    """Of VCenterClient; "" for each."""
    object: str = ""
    """moRef that the call is about; "" for each. A create is about its switch."""
    user: str = ""
    """"": every account."""
    error: Callable[[], VCenterError] | VCenterError | None = None
    """An error of the client, or a function that makes it."""
    place: Literal["method", "task"] = "method"
    """Thrown by the method itself, or the end of its task."""
    after: bool = False
    """True: the call has its effect, and fails then."""
    lost: bool = False
    """The call has its effect, and its answer is lost."""
    hold_seconds: float = 0.0
    """The call waits so long before its effect, which it has even if the caller gives up."""
    delay_seconds: float = 0.0
    """The answer comes so much later."""
    task_seconds: float = 0.0
    """The task takes so long; NEVER: it does not end."""
    skip: int = 0
    """Calls that go well first."""
    times: int | None = 1
    """Calls that are met; None: all until the fault is taken away."""

    def __post_init__(self) -> None:
        """Raises ValueError for a fault without effect, or of a task that is none."""
        if not (
            self.error or self.lost or self.hold_seconds or self.delay_seconds or self.task_seconds
        ):
            raise ValueError("this fault does nothing: give error, lost, or seconds")
        if (self.place == "task" or self.task_seconds) and self.method not in TASKS:
            raise ValueError(f'"{self.method}" has no task; these have: {sorted(TASKS)}')

    def raised(self) -> VCenterError | None:
        """The error to raise."""
        return self.error if isinstance(self.error, VCenterError | None) else self.error()


class Faults:
    """The faults of a vCenter; the first that fits meets a call."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._seen: list[int] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)
        self._seen.append(0)

    def clear(self) -> None:
        """From now on all goes well."""
        self._faults, self._seen = [], []

    def met(self, number: int = 0) -> int:
        """Calls that the fault of this number, in order of ``add``, has met."""
        return max(0, self._seen[number] - self._faults[number].skip)

    def meet(self, method: str, mo_ref: str, user: str) -> Fault | None:
        """The fault that meets this call."""
        for number, fault in enumerate(self._faults):
            if (
                fault.method not in ("", method)
                or fault.object not in ("", mo_ref)
                or fault.user not in ("", user)
            ):
                continue
            seen = self._seen[number]
            if fault.times is not None and seen >= fault.skip + fault.times:
                continue
            self._seen[number] += 1
            if seen >= fault.skip:
                return fault
        return None
