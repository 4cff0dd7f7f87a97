"""Errors of a store, each with the reason of its condition.

::

    StoreError (an akoo_core.errors.AkooError)
    ├── UnavailableError     .cause, .outcome_unknown; it goes on by itself     retryable
    ├── DeniedError          .path; the policy lacks a right
    ├── MisconfiguredError   mount, namespace, CA, address, login; a person corrects it
    ├── ConflictError        another wrote first: read again and decide again   retryable
    ├── AbsentError          the key, or this version of it, never existed or is gone
    ├── DeletedError         .version, .destroyed; the value was deleted
    └── UnexpectedError      the store refused a request that we should not make, or an answer is
                             none that we know

No error but a ConflictError says that a write did not happen: after any other, read again and look
for the own rotation id. ``UnavailableError.outcome_unknown`` says that the write may have happened.
"""

from __future__ import annotations

import enum
from typing import ClassVar, Self

from akoo_core.plugin.errors import AkooError


class Cause(enum.StrEnum):
    """The cause of an unavailable store; the value is the reason of the condition."""

    SEALED = "StoreSealed"
    """Sealed, or not initialised."""
    UNREACHABLE = "StoreUnreachable"
    """No connection, or no answer."""
    THROTTLED = "StoreThrottled"
    """A rate limit, or a standby that is behind."""
    FAILING = "StoreFailing"
    """It answers with an error of its own (5xx), or is in an election."""
    LOCKED = "StoreLocked"
    """An administrator locked the namespace."""
    LOGIN = "StoreLoginFailed"
    """The login is refused. Vault does not tell a wrong credential from an API server that it
    cannot ask, so this is never final."""


class StoreError(AkooError):
    """A call to the store failed. The text names path and cure, and never holds a value."""

    retryable: ClassVar[bool] = False
    reason: str = "StoreFailed"
    """CamelCase, for the condition."""
    retry_seconds: float = 60.0
    """Time until a new attempt makes sense."""

    def __copy__(self) -> Self:
        """A copy for another caller of the same work."""
        made = type(self).__new__(type(self), *self.args)
        made.__dict__.update(self.__dict__)
        return made


class UnavailableError(StoreError):
    """The store does not serve now."""

    retryable: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        cause: Cause,
        *,
        outcome_unknown: bool = False,
        retry_seconds: float = 2.0,
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.outcome_unknown = outcome_unknown
        """True for a write that was sent, and may have had its effect."""
        self.reason = cause.value
        self.retry_seconds = retry_seconds


class DeniedError(StoreError):
    """The token is alive, and its policy does not allow this."""

    reason = "StoreDenied"

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path
        """The path as a policy names it (``akoo/data/clusters/akoo-0f3b2c1d4e5a``)."""


class MisconfiguredError(StoreError):
    """Settings and store do not fit: mount, namespace, CA, address, login file."""

    reason = "StoreMisconfigured"


class ConflictError(StoreError):
    """The key has another version than the expected one. Nothing was written."""

    retryable: ClassVar[bool] = True
    reason = "StoreConflict"
    retry_seconds = 1.0


class AbsentError(StoreError):
    """The key never existed, or the version is unknown or dropped. The next write expects 0 only if
    the key itself is absent: read without a version."""

    reason = "RecordAbsent"


class DeletedError(StoreError):
    """The value was deleted or destroyed."""

    reason = "RecordDeleted"

    def __init__(self, message: str, *, version: int, destroyed: bool) -> None:
        super().__init__(message)
        self.version = version
        """The version that was asked for; without one, the current version: a write expects it."""
        self.destroyed = destroyed


class UnexpectedError(StoreError):
    """A defect, here or there: the store refuses the request as wrong, or its answer is strange."""

    reason = "StoreAnswerUnexpected"
