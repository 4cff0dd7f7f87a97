"""Results for errors of the store and of the controller."""

from __future__ import annotations

from akoo_avi.client import access

from akoo_core.plugin import api
from akoo_tenancy.journal.record import NotAllowed
from akoo_tenancy.store import errors

ANSWERED = (*access.ANSWERED, errors.StoreError, NotAllowed)
"""The errors that ``answer`` has a result for."""


def answer(error: Exception) -> api.Wait | api.Blocked:
    """The result for an error of a verb. Raises ``error`` if it is another."""
    match error:
        case errors.StoreError() if error.retryable:
            return api.Wait(reason=error.reason, message=str(error), after=error.retry_seconds)
        case errors.StoreError():
            return api.Blocked(reason=error.reason, message=str(error), after=error.retry_seconds)
        case NotAllowed():
            message = f"Another operator was faster: {error}. The record is read again."
            return api.Wait(reason="StoreConflict", message=message, after=1.0)
    return access.answer(error)


def delay(error: Exception) -> str:
    """The obstacle, as a fact keeps it: ``Reason: sentence``. Raises as ``answer`` does."""
    result = answer(error)
    return f"{result.reason}: {result.message}"
