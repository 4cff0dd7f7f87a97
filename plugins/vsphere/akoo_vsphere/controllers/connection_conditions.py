"""Conditions of a VSphereConnection: one per question, and Ready over all. Pure.

``Ready`` False has the reason of the first False condition, in the order in which a reader has to
mend them: reach it, log in, have the privileges.
"""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import errors as core_errors
from akoo_core.plugin import structs
from akoo_core.plugin.conditions import Condition
from akoo_vsphere.client import errors
from akoo_vsphere.client.api import About
from akoo_vsphere.connect import access
from akoo_vsphere.spec.connection import MissingPrivilege

REACHABLE: Final = "Reachable"
CREDENTIAL_VALID: Final = "CredentialValid"
PERMITTED: Final = "PermissionsSufficient"
HELD: Final = "Held"
QUESTIONS: Final = (REACHABLE, CREDENTIAL_VALID, PERMITTED)
OWN: Final = ("Ready", *QUESTIONS)
"""The conditions that tell of a vCenter's state; others write others."""
SHOWN: Final = 5

_QUESTIONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (core_errors.BlockedError, CREDENTIAL_VALID),
    (errors.CredentialRefusedError, CREDENTIAL_VALID),
    (errors.ForbiddenError, PERMITTED),
)


class Look(structs.Struct, frozen=True, kw_only=True):
    """The result of a look at a vCenter that answered."""

    address: str
    about: About
    missing: tuple[MissingPrivilege, ...] = ()
    checked: bool = True
    """False: this release cannot say which privileges are missing, or nothing is made by it yet."""


def of_look(look: Look) -> tuple[Condition, ...]:
    """The conditions of a vCenter that answered."""
    about = look.about
    message = f"{look.address} answers as vCenter {about.version}, API {about.api_version}."
    return with_ready(
        (
            _true(REACHABLE, "Reached", message),
            _true(CREDENTIAL_VALID, "LoggedIn", "The account logs in."),
            _permitted(look),
        )
    )


def _permitted(look: Look) -> Condition:
    if look.missing:
        shown = ", ".join(f"{row.privilege} on {row.object}" for row in look.missing[:SHOWN])
        more = len(look.missing) - SHOWN
        message = f"The account lacks {shown}{f' and {more} more' if more > 0 else ''}. Add them."
        return Condition(
            type=PERMITTED, status="False", reason="MissingPrivileges", message=message
        )
    if not look.checked:
        message = "No VSpherePortGroup of it has a switch yet, or vCenter cannot say."
        return Condition(type=PERMITTED, status="Unknown", reason="NotChecked", message=message)
    return _true(PERMITTED, "Sufficient", "The account may make, change and remove port groups.")


def of_error(error: Exception) -> tuple[Condition, ...]:
    """The conditions of a vCenter that could not be checked. Unanswered questions are Unknown."""
    position = QUESTIONS.index(_question(error))
    wrong = Condition(
        type=QUESTIONS[position],
        status="False",
        reason=access.answer(error).reason,
        message=str(error),
    )
    answered = isinstance(error, errors.VCenterError)
    before = tuple(
        _true(kind, "Answered", "vCenter answered.") if answered else _unknown(kind)
        for kind in QUESTIONS[:position]
    )
    return with_ready((*before, wrong, *map(_unknown, QUESTIONS[position + 1 :])))


def _question(error: Exception) -> str:
    """The question that an error answers with no."""
    return next((asked for kind, asked in _QUESTIONS if isinstance(error, kind)), REACHABLE)


def with_ready(known: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The conditions with Ready: missing privileges do not make a vCenter useless, so that only
    the first two count where the third is not known."""
    wrong = next((condition for condition in known if condition.status == "False"), None)
    if wrong is not None:
        ready = Condition(type="Ready", status="False", reason=wrong.reason, message=wrong.message)
    else:
        ready = _true("Ready", "Usable", known[0].message)
    return (ready, *known)


def _true(kind: str, reason: str, message: str) -> Condition:
    return Condition(type=kind, status="True", reason=reason, message=message)


def _unknown(kind: str) -> Condition:
    return Condition(type=kind, status="Unknown", reason="NotAsked")
