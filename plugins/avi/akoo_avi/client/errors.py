"""Errors of an Avi Controller, as types (drawn as a tree in :mod:`akoo_avi.client`).

Every message has the event, the object, the controller and the remedy. Of the controller's text
only ``error`` or ``detail`` is shown: masked, one line, 200 characters at most. ``retryable``: the
same call may succeed later although nobody changes anything. The caller waits with backoff, this
library does not.
"""

from __future__ import annotations

from typing import ClassVar

from akoo_core.plugin.errors import AkooError


class AviError(AkooError):
    """Base of all errors of this library."""

    retryable: ClassVar[bool] = False


class UnreachableError(AviError):
    """No answer: the name does not resolve, nobody listens, or nothing came in time.

    Nothing was changed: a write that may have been received is an OutcomeUnknownError.
    """

    retryable = True


class TlsError(AviError):
    """The controller's certificate is not the one that the CA vouches for, or there is no TLS."""


class RedirectedError(AviError):
    """The address answers with a redirect. Credentials are not carried to where it points."""


class NotAviError(AviError):
    """Something answers that does not speak as an Avi Controller does (a proxy, a portal)."""


class CredentialRefusedError(AviError):
    """The controller refused user and password.

    ``retry_after_seconds``: until then the same credential is refused here, without a login, so
    that our tries do not lock the account.
    """

    retry_after_seconds: float = 0.0


class SessionLostError(AviError):
    """The session was refused, and the one after a new login was, too; or it was closed."""

    retryable = True


class ForbiddenError(AviError):
    """The user may not do this (403)."""


class TenantMissingError(AviError):
    """The tenant does not exist, or is not for this user."""


class UpgradingError(AviError):
    """The controller takes no configuration while it is being upgraded."""

    retryable = True


class NotReadyError(AviError):
    """The controller is starting or failing over (502, 503)."""

    retryable = True


class RateLimitedError(AviError):
    """The controller asks us to slow down (429). ``retry_after_seconds`` is its wish, or 5."""

    retryable = True
    retry_after_seconds: float = 5.0


class NotFoundError(AviError):
    """There is no such object (404, in the words of a controller), or it is not to be seen."""


class ExistsError(AviError):
    """An object of that name is there already. Read it by name and decide again."""


class ConflictError(AviError):
    """The object changed since it was read (412). Read it again and decide again."""

    retryable = True


class ReferencedError(AviError):
    """Others still refer to the object. ``referrers``: ``<Model> <name>`` of each."""

    retryable = True
    referrers: tuple[str, ...] = ()


class ExhaustedError(AviError):
    """No free address is left in the pool that the object asks for."""

    retryable = True


class InvalidError(AviError):
    """The controller does not take the request: retrying it unchanged is of no use."""


class MissingReferenceError(InvalidError):
    """The object refers to something that is not there, or not to be seen from its tenant."""


class VersionError(InvalidError):
    """The release of the controller does not know the version or a field of the request."""


class UnknownEndpointError(InvalidError):
    """The controller (or a proxy before it) has no such path. Says nothing about objects."""


class ServerError(AviError):
    """The controller failed (5xx). Read the object again: a write may have had its effect."""

    retryable = True


class OutcomeUnknownError(AviError):
    """A write was sent and its answer was lost. Read again, by name, before anything else."""

    retryable = True


class IncompleteListError(AviError):
    """A list did not hold still while its pages were read: it proves nothing. Read it again."""

    retryable = True
