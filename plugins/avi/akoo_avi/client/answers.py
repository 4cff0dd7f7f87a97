"""Errors from answers: pure, and the same for every way that a request may travel.

Statuses and texts are those of real controllers where they were recorded, and those that AKO
matches on. Where one kind of refusal has several statuses, the text decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from akoo_avi.client import calls, errors, retry
from akoo_core.plugin import redaction, structs

TEXT_LIMIT = 200
"""Characters of a controller's own text in a message."""
REFERRERS_LIMIT = 100
INVALID_VERSION = "Invalid version"
"""Text of the answer to an unknown X-Avi-Version."""
_REFERRED = re.compile(r"referred by:?\s*\[(?P<names>.*)\]", re.DOTALL)
_BETWEEN_NAMES = re.compile(r"""['"]\s*,\s*['"]""")
_MODEL_MISSING = re.compile(r"(?P<model>\w+)(?: object)? not found", re.IGNORECASE)
_SECONDS = re.compile(r"\s*\d{1,9}(\.\d{1,9})?\s*", re.ASCII)
_DUMP = re.compile(r"(?P<keep>Bad pb):.*", re.DOTALL)
"""A dump of the request follows: it may hold anything."""


class ErrorText(NamedTuple):
    """The error text of a controller: ``shown`` in messages, ``full`` for decisions."""

    shown: str
    full: str


def error_text(body: bytes) -> ErrorText:
    """The text of ``error`` or ``detail``; a bare JSON string is in ``full`` only."""
    try:
        value = structs.decode_json(body) if body else None
    except (structs.DecodeError, RecursionError):
        return ErrorText("", "")
    if isinstance(value, str):
        return ErrorText("", value)
    if not isinstance(value, dict):
        return ErrorText("", "")
    text = value.get("error") or value.get("detail") or ""
    return ErrorText(_shown(text), text) if isinstance(text, str) else ErrorText("", "")


def _shown(text: str) -> str:
    line = " ".join(redaction.redact(_DUMP.sub(r"\g<keep>", text)).split())
    return line if len(line) <= TEXT_LIMIT else f"{line[: TEXT_LIMIT - 3]}..."


def referrers(text: str) -> tuple[str, ...]:
    """The names in ``... referred by: ['Pool a', 'VirtualService b']``, masked."""
    match = _REFERRED.search(text)
    if match is None:
        return ()
    inner = match["names"].strip()[1:-1]  # the names may hold quotes of their own
    names = _BETWEEN_NAMES.split(inner) if inner else []
    return tuple(_shown(name) for name in names[:REFERRERS_LIMIT])


def retry_after_seconds(header: str, *, default: float = 5.0) -> float:
    """Seconds of a Retry-After header; ``default`` for a date, and for other texts."""
    return min(float(header), 3600.0) if _SECONDS.fullmatch(header) else default


def value(call: calls.AviCall, answer: calls.AviAnswer, address: str) -> structs.JSON:
    """The object in a good answer; {} for an empty body. Raises NotAviError."""
    if not answer.body:
        return {}
    try:
        decoded = structs.decode_json(answer.body)
    except (structs.DecodeError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        raise errors.NotAviError(
            f"{call.method} {call.object_name}: {address} answered {answer.status} without a JSON "
            "object. Check that this is the address of an Avi Controller."
        )
    return decoded


def refuses_session(answer: calls.AviAnswer) -> bool:
    """The session is not accepted. Such a request was not executed."""
    return answer.status in retry.SESSION_REFUSED


def refuses_version(answer: calls.AviAnswer) -> bool:
    """The version of the request is not accepted. The request was not executed."""
    return answer.status == 400 and INVALID_VERSION in error_text(answer.body).full


def check(call: calls.AviCall, answer: calls.AviAnswer, address: str) -> None:
    """Raise the error of an answer, unless it is a good one."""
    problem = classify(call, answer, address)
    if problem is not None:
        raise problem


def classify(call: calls.AviCall, answer: calls.AviAnswer, address: str) -> errors.AviError | None:
    """The error of an answer; None for a good one."""
    return None if 200 <= answer.status < 300 else error(call, answer, address)


def error(call: calls.AviCall, answer: calls.AviAnswer, address: str) -> errors.AviError:
    """The error of an answer that is not a good one."""
    text = error_text(answer.body)
    about = _About(call, answer, address, text)
    for applies, make in _RULES:
        if applies(about):
            return make(about)
    return about.error(errors.InvalidError, "was not accepted. Correct its content.")


class _About(NamedTuple):
    call: calls.AviCall
    answer: calls.AviAnswer
    address: str
    text: ErrorText

    @property
    def status(self) -> int:
        return self.answer.status

    def says(self, part: str) -> bool:
        return part in self.text.full

    def error(self, kind: type[errors.AviError], event: str) -> errors.AviError:
        """``PUT pool/x on avi.example.com was not taken. ... (400: the controller's words)``."""
        own = f": {self.text.shown}" if self.text.shown else ""
        call = self.call
        return kind(
            f"{call.method} {call.object_name} (tenant {call.tenant}) on {self.address} {event} "
            f"({self.status}{own})"
        )


def _referenced(about: _About) -> errors.AviError:
    names = referrers(about.text.full)
    error = errors.ReferencedError(
        f"{about.call.object_name} (tenant {about.call.tenant}) on {about.address} cannot be "
        f"deleted while others refer to it: {_listed(names) or about.text.shown}. "
        "Delete them first, or take the reference out of them."
    )
    error.referrers = names
    return error


def _listed(names: tuple[str, ...], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _rate_limited(about: _About) -> errors.AviError:
    seconds = retry_after_seconds(about.answer.retry_after)
    error = errors.RateLimitedError(
        f"{about.address} limits our rate at {about.call.operation} (429). "
        f"It is tried again after {seconds:g} s or more."
    )
    error.retry_after_seconds = seconds
    return error


def _redirected(about: _About) -> errors.AviError:
    return errors.RedirectedError(
        f"{about.address} answers {about.call.operation} with a redirect ({about.status}), which "
        "is not followed: it could carry the credential elsewhere. Give the address that it leads "
        "to, if that is your controller."
    )


def _missing(about: _About) -> errors.AviError:
    """`<Model> object not found`: the object itself, its tenant, or something that it refers to.

    Only the object itself may count as absent. A read may name another model than the one of its
    path.
    """
    call = about.call
    match = _MODEL_MISSING.search(about.text.full)
    model = match["model"].lower() if match else ""
    if model == "tenant" != call.kind:
        return about.error(errors.TenantMissingError, "names a tenant that is not visible.")
    if not call.writes or (model == call.kind and call.method != "POST"):
        return about.error(
            errors.NotFoundError, "does not exist, or is not visible from this tenant."
        )
    return about.error(
        errors.MissingReferenceError, "refers to an object that does not exist. Correct its names."
    )


def _is_missing(about: _About) -> bool:
    if about.status == 404:
        return about.says("object not found")
    # Only a write names other objects; status 400 says `VrfContext not found`.
    return (
        about.status == 400 and about.call.writes and bool(_MODEL_MISSING.search(about.text.full))
    )


def _of(kind: type[errors.AviError], event: str) -> Callable[[_About], errors.AviError]:
    return lambda about: about.error(kind, event)


def _retry_later(about: _About) -> errors.AviError:
    if about.call.writes and about.status != 503:
        return about.error(
            errors.OutcomeUnknownError,
            "was sent on, and its answer was lost. Read the object again before anything else.",
        )
    if about.status in (502, 503):
        return about.error(errors.NotReadyError, "met a controller that is not ready; tried again.")
    return about.error(errors.ServerError, "took the controller too long; tried again.")


Rule = tuple[Callable[[_About], bool], Callable[[_About], errors.AviError]]

_RULES: tuple[Rule, ...] = (
    (lambda a: 300 <= a.status < 400, _redirected),
    (lambda a: a.status == 429, _rate_limited),
    (lambda a: a.status in (408, 502, 503, 504), _retry_later),
    (
        lambda a: a.status >= 500,
        _of(errors.ServerError, "failed in the controller. Look into its log; tried again."),
    ),
    (
        lambda a: a.status in (401, 419),
        _of(errors.SessionLostError, "was refused in a new session, too; tried again."),
    ),
    (lambda a: a.says("referred by"), _referenced),
    (
        lambda a: a.says("disallowed during upgrade"),
        _of(errors.UpgradingError, "has to wait: the controller is being upgraded."),
    ),
    (
        lambda a: a.says("Tenant '") and a.says("does not exist"),
        _of(
            errors.TenantMissingError,
            "names a tenant that does not exist. Correct it, or create the tenant.",
        ),
    ),
    (
        lambda a: a.status == 403,
        _of(
            errors.ForbiddenError,
            "is not allowed to our user. Give its role the permission, in this tenant.",
        ),
    ),
    (
        lambda a: a.status == 412 or a.says("Concurrent Update Error"),
        _of(errors.ConflictError, "met a newer object. Read it again and decide again."),
    ),
    (
        lambda a: a.says("already exist") or (a.status == 409 and a.call.method == "POST"),
        _of(errors.ExistsError, "met another object of that name. Read it by name."),
    ),
    (
        lambda a: a.status == 409,
        _of(errors.ConflictError, "met a newer object. Read it again and decide again."),
    ),
    (
        lambda a: a.says("No available free IPs"),
        _of(errors.ExhaustedError, "needs an address, and no free one is left. Enlarge the pool."),
    ),
    (
        lambda a: a.says(INVALID_VERSION) or a.says("introduced in later versions"),
        _of(errors.VersionError, "does not fit the controller's release. Upgrade one of the two."),
    ),
    (_is_missing, _missing),
    (
        lambda a: a.status == 404,
        _of(
            errors.UnknownEndpointError,
            "is no path that this address knows. Check the release and the address.",
        ),
    ),
)
"""In order: the first rule that applies decides."""
