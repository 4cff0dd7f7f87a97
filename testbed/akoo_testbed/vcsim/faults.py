"""Faults that the simulated vCenter can be told to make."""

import dataclasses
import enum
import typing
from collections.abc import Mapping


class Action(enum.StrEnum):
    """The deed of a fault."""

    THROW = "throw"
    """The method throws `fault`."""
    TASK = "task"
    """The method succeeds, and its task ends with `fault`; with When.NEVER it does not end."""
    CUT = "cut"
    """The connection is closed without an answer."""
    HOLD = "hold"
    """There is no answer until the fault is released."""
    STATUS = "status"
    """An HTML page with `status`: 200 as a proxy may send it, 503 as a full vCenter does."""
    TRUNCATE = "truncate"
    """Half of the answer, as if it were all of it."""
    DELAY = "delay"
    """The answer takes `seconds` longer; with When.TASK the end of the task."""


class When(enum.StrEnum):
    """The moment of a fault. Each action knows some of them."""

    DEFAULT = ""
    """BEFORE, except for TRUNCATE, which knows only AFTER."""
    BEFORE = "before"
    """The call has no effect (DELAY, HOLD: not yet)."""
    AFTER = "after"
    """The call has its effect."""
    NEVER = "never"
    TASK = "task"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault for some calls. The first fault that concerns a call wins."""

    action: Action
    when: When = When.DEFAULT
    method: str = ""
    """Name on the wire, `AddDVPortgroup_Task`; empty: each. A task's needs the name."""
    object: str = ""
    """Reference or name of any object that the call names; empty: each."""
    skip: int = 0
    """Number of calls that are left alone first."""
    count: int = 0
    """Number of calls that are concerned then; 0: all."""
    fault: str = ""
    """vSphere's name of the fault thrown or put into the task: `ConcurrentAccess`."""
    fields: Mapping[str, typing.Any] = dataclasses.field(default_factory=dict)
    """Its fields; references as {"_typeName": "ManagedObjectReference", "type": T, "value": V}."""
    status: int = 0
    """Of HTTP; 0: 503."""
    seconds: float = 0.0

    def document(self) -> dict[str, typing.Any]:
        """The form that the control endpoint reads."""
        document = dataclasses.asdict(self)
        fields = document.pop("fields")
        name = document.pop("fault")
        return document | ({"fault": {"_typeName": name, **fields}} if name else {})
