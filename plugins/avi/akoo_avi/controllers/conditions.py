"""Conditions from the health of a controller: one per question, and Ready over all. Pure.

``Ready`` False has the reason of the first False condition, in the order in which a reader has to
fix them: reach it, log in, wait until it is up, see enough.
"""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.client import access
from akoo_avi.client.access import refusal
from akoo_avi.controllers import health
from akoo_core.plugin import errors as core_errors
from akoo_core.plugin.conditions import Condition

REACHABLE = "Reachable"
CREDENTIAL_VALID = "CredentialValid"
CLUSTER_UP = "ClusterUp"
PERMITTED = "PermissionsSufficient"
QUESTIONS = (REACHABLE, CREDENTIAL_VALID, CLUSTER_UP, PERMITTED)
OWN = ("Ready", *QUESTIONS)
"""The conditions of an AviController that tell of its health; others write others."""


def of_health(state: health.ControllerHealth) -> tuple[Condition, ...]:
    """The conditions of a controller that answered."""
    return _with_ready(
        (
            _true(REACHABLE, "Reached", f"{state.address} answers as {_described(state)}."),
            _true(CREDENTIAL_VALID, "LoggedIn", "The account logs in."),
            _up(state),
            _permitted(state),
        )
    )


def of_error(error: Exception) -> tuple[Condition, ...]:
    """The conditions of a controller that could not be checked, for an error of
    ``access.ANSWERED``.

    Unanswered questions are Unknown.
    """
    position = QUESTIONS.index(_question(error))
    wrong = Condition(
        type=QUESTIONS[position],
        status="False",
        reason=access.answer(error).reason,
        message=str(error),
    )
    passed = _passed if isinstance(error, client.AviError) else _not_asked
    before = tuple(passed(question) for question in QUESTIONS[:position])
    return _with_ready(
        (*before, wrong, *(_not_asked(question) for question in QUESTIONS[position + 1 :]))
    )


_QUESTIONS: tuple[tuple[type[Exception], str], ...] = (
    (core_errors.BlockedError, CREDENTIAL_VALID),
    (refusal.Refusal, CREDENTIAL_VALID),
    (client.CredentialRefusedError, CREDENTIAL_VALID),
    (client.SessionLostError, CREDENTIAL_VALID),
    (client.UpgradingError, CLUSTER_UP),
    (client.NotReadyError, CLUSTER_UP),
    (client.RateLimitedError, CLUSTER_UP),
    (client.ServerError, CLUSTER_UP),
    (client.ForbiddenError, PERMITTED),
)


def _question(error: Exception) -> str:
    """The question that an error answers with no: Reachable for an unknown error."""
    return next((asked for kind, asked in _QUESTIONS if isinstance(error, kind)), REACHABLE)


def _passed(kind: str) -> Condition:
    return _true(kind, "Answered", "The controller answered.")


def _not_asked(kind: str) -> Condition:
    return Condition(type=kind, status="Unknown", reason="NotAsked")


def _up(state: health.ControllerHealth) -> Condition:
    if not state.state:
        message = "Our account may not read the state of the controller's cluster."
        return Condition(type=CLUSTER_UP, status="Unknown", reason="NotPermitted", message=message)
    if state.state not in health.USABLE_STATES:
        message = (
            f"{state.address} is in state {state.state} and takes no configuration; it is checked "
            "again. Look at the controller's nodes if this lasts."
        )
        return Condition(
            type=CLUSTER_UP, status="False", reason="ControllerNotReady", message=message
        )
    message = f"{state.state}, {state.nodes_up} of {state.nodes} nodes are active."
    return _true(CLUSTER_UP, "Up", message)


def _permitted(state: health.ControllerHealth) -> Condition:
    if not state.unseen:
        return _true(PERMITTED, "Sufficient", "Everything that a clean-up must see can be seen.")
    message = f"On {state.address} {state.unseen}. Without that no clean-up can be proven."
    return Condition(type=PERMITTED, status="False", reason="NoSight", message=message)


def _described(state: health.ControllerHealth) -> str:
    licence = f", licence {state.license_tier}" if state.license_tier else ""
    return f"Avi {state.version or 'of an unknown release'}{licence}"


def _true(kind: str, reason: str, message: str) -> Condition:
    return Condition(type=kind, status="True", reason=reason, message=message)


def _with_ready(known: tuple[Condition, ...]) -> tuple[Condition, ...]:
    wrong = next((condition for condition in known if condition.status == "False"), None)
    if wrong is not None:
        ready = Condition(type="Ready", status="False", reason=wrong.reason, message=wrong.message)
    else:
        ready = _true("Ready", "Usable", known[0].message)
    return (ready, *known)
