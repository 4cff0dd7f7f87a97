"""A call to vCenter and its answer as plain values, without a type of pyvmomi.

Data objects are dicts with vCenter's field names and ``_typeName``; unset fields are absent.
Managed objects are ``Ref``. Times are ISO 8601 text. Pure, but for :class:`Exchange`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any, Final, Self

SYSTEM: Final = "vsphere"
"""Name of vCenter in the seam of external calls."""
_KINDS: Final = {
    "datacenter": "Datacenter",
    "dvportgroup": "DistributedVirtualPortgroup",
    "dvs": "DistributedVirtualSwitch",
    "group": "Folder",
    "host": "HostSystem",
    "task": "Task",
    "vm": "VirtualMachine",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a managed object."""

    type: str
    value: str
    """moRef."""


def ref(mo_ref: str) -> Ref:
    """The reference of a moRef, its type by vCenter's habit of naming."""
    return Ref(_KINDS.get(mo_ref.partition("-")[0], "ManagedEntity"), mo_ref)


def mo_refs(value: Any) -> Any:
    """``value`` with moRefs in place of references."""
    match value:
        case Ref():
            return value.value
        case dict():
            return {key: mo_refs(field) for key, field in value.items()}
        case list():
            return [mo_refs(item) for item in value]
    return value


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SoapCall:
    """A method of a managed object, by its name on the wire, with arguments by name."""

    method: str
    target: Ref
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)
    write: bool = False
    label: str = ""
    """Kind of objects that a read is for, for spans and metrics."""
    subject: str = ""
    """moRef or name of the object that the call is about."""

    @property
    def operation(self) -> str:
        """Name of low cardinality, for metrics and spans."""
        return f"{self.method} {self.label}" if self.label else self.method


class WireError(Exception):
    """A call that did not succeed. Internal: ``connection`` makes an error of it."""

    call: SoapCall | None = None
    """The call; None: it was the login."""

    def __copy__(self) -> Self:
        made = type(self).__new__(type(self), *self.args)
        made.__dict__.update(self.__dict__)
        return made

    @property
    def write(self) -> SoapCall | None:
        """The call, if it changes something."""
        return self.call if self.call is not None and self.call.write else None


class Fault(WireError):  # noqa: N818 - vCenter's own word
    """A fault of a method or a task: ``faults.error`` makes an error of it.

    ``kinds`` is its type and those that the type extends, the narrowest first.
    """

    def __init__(
        self, kinds: tuple[str, ...], fields: Mapping[str, Any], message: str = ""
    ) -> None:
        super().__init__(kinds[0])
        self.kinds = kinds
        self.fields = fields
        self.message = message

    @property
    def name(self) -> str:
        return self.kinds[0]


class DeadSessionError(WireError):
    """The session of a call has ended. The call had no effect."""

    def __init__(self) -> None:
        super().__init__("the session has ended")


class LostError(WireError):
    """No answer came.

    ``sent``: the request may have reached vCenter. ``ours``: it did not leave this process, so its
    loss says nothing about vCenter.
    """

    def __init__(self, problem: str, *, sent: bool, ours: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.sent = sent
        self.ours = ours


class StrangeAnswerError(WireError):
    """An answer that is none of vCenter's to this call. ``status`` is that of HTTP."""

    def __init__(self, problem: str, *, status: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.status = status


class UnknownToReleaseError(WireError):
    """The API version of the session has no such method or field. Nothing was sent."""


class Exchange:
    """One request on its way through a thread. Another thread may end it."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.aborted = False
        self.begun = False
        """A thread works on it."""
        self.sent = False
        """The request may have reached vCenter."""

    @classmethod
    def lasting(cls, seconds: float) -> Exchange:
        """An exchange whose time begins now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds that are left. Raises LostError if there are none, or it was aborted."""
        left = self._deadline - time.monotonic()
        if left <= 0 or self.aborted:
            raise LostError("it did not answer in time", sent=self.sent)
        return left

    def attach(self, connection: socket.socket) -> None:
        """Name the socket that ``abort`` has to shut down. Raises LostError if it was aborted."""
        with self._lock:
            self._socket = connection
        self.left()

    def detach(self) -> None:
        """Forget the socket: it is closed, or another exchange gets it."""
        with self._lock:
            self._socket = None

    def abort(self) -> None:
        """End it: the thread in it gets an error at once, and is free again."""
        self.aborted = True
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # SSLSocket.shutdown drops its TLS object below the reading thread.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
