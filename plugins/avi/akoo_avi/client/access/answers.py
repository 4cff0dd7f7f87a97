"""Errors of work on an Avi Controller, as results of verbs and of controllers. Pure."""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.client.access import refusal
from akoo_core.plugin import api
from akoo_core.plugin import errors as core_errors

ANSWERED = (refusal.Refusal, client.AviError, core_errors.BlockedError)
"""The errors that ``answer`` has a result for."""


def answer(error: Exception) -> api.Wait | api.Blocked:
    """The result for an error of work on an Avi Controller. Raises ``error`` if it is another."""
    match error:
        case refusal.Delay():
            return api.Wait(
                reason=error.reason,
                message=str(error),
                after=error.after,
                expected_seconds=error.expected_seconds,
            )
        case refusal.Refusal():
            return api.Blocked(reason=error.reason, message=str(error), after=error.after)
        case core_errors.BlockedError():
            after = refusal.AFTER_SECONDS
            return api.Blocked(reason=error.reason, message=str(error), after=after)
        case client.CredentialRefusedError():
            after = max(error.retry_after_seconds, 1.0)
            return api.Blocked(reason="CredentialRefused", message=str(error), after=after)
        case client.RateLimitedError():
            after = error.retry_after_seconds
            return api.Wait(reason="ControllerBusy", message=str(error), after=after)
        case client.AviError():
            return _of_avi(error)
    raise error


_BLOCKED: tuple[tuple[type[client.AviError], str], ...] = (
    (client.TlsError, "TlsNotTrusted"),
    (client.RedirectedError, "NotAnAviController"),
    (client.NotAviError, "NotAnAviController"),
    (client.ForbiddenError, "PermissionMissing"),
    (client.TenantMissingError, "TenantNotFound"),
    (client.InvalidError, "RequestRefused"),
)
_WAITS: tuple[tuple[type[client.AviError], str, float], ...] = (
    (client.UnreachableError, "ControllerUnreachable", 30.0),
    (client.UpgradingError, "ControllerUpgrading", 30.0),
    (client.NotReadyError, "ControllerNotReady", 15.0),
    (client.SessionLostError, "SessionLost", 5.0),
)


def _of_avi(error: client.AviError) -> api.Wait | api.Blocked:
    for kind, reason in _BLOCKED:
        if isinstance(error, kind):
            return api.Blocked(reason=reason, message=str(error), after=60.0)
    for kind, reason, after in _WAITS:
        if isinstance(error, kind):
            return api.Wait(reason=reason, message=str(error), after=after)
    return api.Wait(reason="ControllerFailed", message=str(error), after=10.0)
