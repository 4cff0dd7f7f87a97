"""Typed errors from a server's refusals. Pure.

A body is quoted only when it is a Kubernetes Status; anything else may be a login page or hold a
secret. Shapes of the answers: kube-apiserver 1.30 to 1.34.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube.request import ServerRequest

MANAGEMENT_ROLE = "ClusterRole akoo-core lacks {rule} (rendered: akoo-core manifests rbac)"
"""Names the rule that our own user lacks in the management cluster."""
PERSON_ROLE = (
    "you lack {rule} (ClusterRole akoo-core-view is for reading, akoo-core-edit for writing)"
)
"""The role of the person who runs a command. `akoo-core manifests rbac` prints both."""
WORKLOAD_ROLE = "the user of the cluster's kubeconfig lacks {rule}"

PATCH_REFUSED = "the server rejected our request due to an error in our request"
"""The server's only message when a JSON patch does not fit the object: no cause, no path."""
MESSAGE_LIMIT = 1024
"""Characters of a Status that are quoted."""
REASON_LIMIT = 64
"""Characters. Reasons of Kubernetes are CamelCase words."""
RETRY_AFTER_SECONDS = (1.0, 300.0)
"""Shortest and longest wait that a server may ask for. Without the shortest, a server could make
us call hundreds of times a second."""

_OTHER_UID = re.compile(r"metadata\.uid: Invalid value.*immutable")
_TOO_LARGE = "Too large resource version"


class Details(structs.Struct, frozen=True, kw_only=True):
    """The object of a Status."""

    name: str = ""
    retry_after_seconds: float = 0.0


class ServerStatus(structs.Struct, frozen=True, kw_only=True):
    """The Status of an API server, as far as it is read here."""

    kind: str
    code: int = 0
    reason: str | None = None
    message: str | None = None
    details: Details | None = None


def parse(body: bytes) -> ServerStatus | None:
    """The Status in ``body``, or None when it is anything else."""
    try:
        return _if_status(structs.decode_as(body, ServerStatus))
    except structs.DecodeError:
        return None


def status_of(obj: structs.JSON) -> ServerStatus | None:
    """The Status that ``obj`` is, or None when it is anything else."""
    try:
        return _if_status(structs.convert(obj, ServerStatus))
    except structs.DecodeError:
        return None


def _if_status(status: ServerStatus) -> ServerStatus | None:
    return status if status.kind == "Status" else None


def error_of(
    code: int,
    status: ServerStatus | None,
    request: ServerRequest | str,
    *,
    retry_after: str | None = None,
    role: str = MANAGEMENT_ROLE,
) -> errors.KubeError:
    """The error for an answer with HTTP ``code`` and ``status``.

    ``request`` is the request (a path for raw reads); ``role`` names the role that lacks a right.
    """
    reason = ((status and status.reason) or "")[:REASON_LIMIT]
    fields: dict[str, Any] = {"status": code, "reason": reason, "request": str(request)}
    message = _message(code, status)
    if code == 403:
        return errors.ForbiddenError(_forbidden(message, request, role), **fields)
    if code == 404:
        return errors.NotFoundError(message, kind_missing=_kind_missing(status), **fields)
    if code == 429:
        delay = _retry_after(status, retry_after)
        return errors.TooManyRequestsError(message, retry_after_seconds=delay, **fields)
    return _type_of(code, reason, message, request)(message, **fields)


def _type_of(
    code: int, reason: str, message: str, request: ServerRequest | str
) -> type[errors.KubeError]:
    match code:
        case 401:
            return errors.UnauthorizedError
        case 409:
            exists = reason == "AlreadyExists"
            return errors.AlreadyExistsError if exists else errors.ConflictError
        case 410:
            return errors.GoneError
    if _TOO_LARGE in message:
        return errors.TooLargeVersionError
    if 400 <= code < 500:
        lost = _precondition_failed(request, message)
        return errors.ConflictError if lost else errors.InvalidError
    return errors.ServerError


def patch_error(error: errors.KubeError, patch: Sequence[Mapping[str, Any]]) -> errors.KubeError:
    """The ConflictError that ``error`` is, if a ``test`` of ``patch`` may not have held.

    The server does not say which operation failed. In a patch that tests, a missing path means
    the same: the object is not the one that was read.
    """
    tested = any(operation.get("op") == "test" for operation in patch)
    if not (isinstance(error, errors.InvalidError) and error.message == PATCH_REFUSED and tested):
        return error
    message = "a test of the JSON patch does not hold: the object has changed; read it again"
    return errors.ConflictError(
        message, status=error.status, reason=error.reason, request=error.request
    )


def event_error(obj: structs.JSON, request: ServerRequest) -> errors.KubeError:
    """The error for an ERROR line of a watch; its object should be a Status."""
    status = status_of(obj)
    code = status.code if status is not None and 400 <= status.code < 600 else 500
    return error_of(code, status, request)


def _message(code: int, status: ServerStatus | None) -> str:
    if status is None:
        return f"HTTP {code} without a Kubernetes Status"
    return (status.message or status.reason or f"HTTP {code}")[:MESSAGE_LIMIT]


def _forbidden(message: str, request: ServerRequest | str, role: str) -> str:
    # RBAC says "cannot list resource"; admission refuses in its own words, which are kept.
    if isinstance(request, str) or " cannot " not in message:
        return message
    rule = f"{request.rbac_verb} on {request.rbac_resource}"
    if request.namespace and request.resource.namespaced:
        rule += f" in namespace {request.namespace}"
    refused = f"not allowed to {request.verb} {request.resource.qualified}"
    return f"{refused}: {role.format(rule=rule)}. The server says: {message}"


def _kind_missing(status: ServerStatus | None) -> bool:
    # An absent object is named in details; an absent kind or version is not (or is plain text).
    return status is None or status.details is None or not status.details.name


def _retry_after(status: ServerStatus | None, header: str | None) -> float:
    """Seconds within RETRY_AFTER_SECONDS; the shortest of them for anything but a number."""
    least, longest = RETRY_AFTER_SECONDS
    details = status.details if status is not None else None
    try:
        # A header may hold a date, which no API server sends.
        wish = float(header) if header else (details.retry_after_seconds if details else least)
    except ValueError:
        return least
    return least if math.isnan(wish) else min(max(wish, least), longest)


def _precondition_failed(request: ServerRequest | str, message: str) -> bool:
    # Apply with the uid of an object that is gone and came again: told as an immutable field.
    patching = isinstance(request, ServerRequest) and request.rbac_verb == "patch"
    return patching and bool(_OTHER_UID.search(message))
