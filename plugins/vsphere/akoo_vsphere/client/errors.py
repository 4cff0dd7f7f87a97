"""Errors of a vCenter, from methods and tasks alike, each with ``retryable``.

::

    VCenterError (an akoo_core.errors.AkooError)
    ├── UnreachableError         no answer, and nothing was sent that changes             retryable
    ├── TlsError                 not the certificate that CA or thumbprint vouches for
    ├── NotVCenterError          something else answers there, or answers with no SOAP    retryable
    ├── CredentialRefusedError   .retry_after_seconds; not tried before that
    ├── SessionLostError         ended once more right after a new login                  retryable
    ├── ForbiddenError           .missing: privileges and objects (NoPermission)
    ├── NotFoundError            .mo_ref is gone, proven by a session that is alive
    ├── UnreadableError          .mo_ref could not be read: proves nothing
    ├── NameTakenError           .mo_ref of the object that has the name (DuplicateName)
    ├── ChangedError             another config version than the one sent                 retryable
    ├── InUseError               .user: what holds the port group (ResourceInUse)         retryable
    ├── InvalidError             .field; vCenter does not take it
    ├── LimitError               the switch or vCenter has no more room
    ├── PartialError             .hosts: some hosts failed (DvsOperationBulkFault)        retryable
    ├── SwitchOwnedError         an extension owns the switch (DvsNotAuthorized)
    ├── UnsupportedError         the method or the field is not in this release
    ├── OverloadedError          too many sessions, or busy (503)                         retryable
    ├── TaskRunningError         .task still runs at the deadline: look at it later       retryable
    ├── OutcomeUnknownError      a write was sent, its answer lost: read first            retryable
    └── FaultError               .fault: any other fault, by its type name
"""

from __future__ import annotations

from typing import Self

from akoo_core.plugin import structs
from akoo_core.plugin.errors import AkooError


class VCenterError(AkooError):
    """A call to vCenter failed. The text names the address and the object, never a secret."""

    retryable: bool = False

    def __copy__(self) -> Self:
        """A copy for another caller of the same work; an error with fields cannot be made of its
        text."""
        made = type(self).__new__(type(self), *self.args)
        made.__dict__.update(self.__dict__)
        return made


class UnreachableError(VCenterError):
    """No connection, or no answer to a read."""

    retryable = True


class TlsError(VCenterError):
    """The certificate is not trusted. No credential was sent."""


class NotVCenterError(VCenterError):
    """The answer is not one of vCenter: HTML, no SOAP, or an ESXi host."""

    retryable = True


class CredentialRefusedError(VCenterError):
    """The login was refused, now or recently. ``retry_after_seconds``: no attempt before that."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class SessionLostError(VCenterError):
    """The session ended, and the new one did as well."""

    retryable = True


class Missing(structs.Struct, frozen=True, kw_only=True):
    """A privilege that the account lacks on an object."""

    privilege: str
    mo_ref: str = ""


class ForbiddenError(VCenterError):
    """The account may not."""

    def __init__(self, message: str, missing: tuple[Missing, ...] = ()) -> None:
        super().__init__(message)
        self.missing = missing


class ObjectError(VCenterError):
    """An error about one object; ``mo_ref`` is "" if vCenter does not name it."""

    def __init__(self, message: str, mo_ref: str = "") -> None:
        super().__init__(message)
        self.mo_ref = mo_ref


class NotFoundError(ObjectError):
    """The object is gone. A session that is alive has proven it."""


class UnreadableError(ObjectError):
    """The object could not be read. Whether it exists is not known."""


class NameTakenError(ObjectError):
    """Another object of the folder has the name."""


class ChangedError(ObjectError):
    """The port group has another config version than the one that was sent."""

    retryable = True


class InUseError(VCenterError):
    """Something is connected to the port group."""

    retryable = True

    def __init__(self, message: str, user: str = "") -> None:
        super().__init__(message)
        self.user = user


class InvalidError(VCenterError):
    """vCenter does not take a value; ``field`` is "" if it does not name it."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class LimitError(VCenterError):
    """A limit of the switch or of vCenter is reached."""


class PartialError(VCenterError):
    """Some hosts of the switch failed. The configuration may be half applied."""

    retryable = True

    def __init__(self, message: str, hosts: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.hosts = hosts


class SwitchOwnedError(VCenterError):
    """An extension owns the switch."""


class UnsupportedError(VCenterError):
    """This release does not know the method or the field."""


class OverloadedError(VCenterError):
    """vCenter has too many sessions or too much to do."""

    retryable = True


class TaskRunningError(VCenterError):
    """A task still runs at the deadline of its caller; ``task`` is its moRef."""

    retryable = True

    def __init__(self, message: str, task: str) -> None:
        super().__init__(message)
        self.task = task


class OutcomeUnknownError(VCenterError):
    """A write was sent, and its answer was lost. Read before writing again."""

    retryable = True


class FaultError(VCenterError):
    """A fault that has no class here; ``fault`` is the name of its type."""

    def __init__(self, message: str, fault: str) -> None:
        super().__init__(message)
        self.fault = fault
