"""From what was found to conditions: one per question, and Ready over all. Pure.

``Ready`` False has the reason of the first that is wrong, in the order in which a reader has to
mend them: reach it, log in, wait until it is up, see enough.
"""

from __future__ import annotations

from akoo_avi import client
from akoo_avi.connect import access
from akoo_avi.controllers import health
from akoo_avi.spec import refusal
from akoo_core.plugin import errors as core_errors
from akoo_core.plugin.conditions import Condition

REACHABLE = "Reachable"
CREDENTIAL_VALID = "CredentialValid"
CLUSTER_UP = "ClusterUp"
PERMITTED = "PermissionsSufficient"
QUESTIONS = (REACHABLE, CREDENTIAL_VALID, CLUSTER_UP, PERMITTED)


def of_health(found: health.Health) -> tuple[Condition, ...]:
    """The conditions of a controller that answered."""
    return _with_ready(
        (
            _true(REACHABLE, "Reached", f"{found.address} answers as {_described(found)}."),
            _true(CREDENTIAL_VALID, "LoggedIn", "The account logs in."),
            _up(found),
            _permitted(found),
        )
    )


def of_error(error: Exception) -> tuple[Condition, ...]:
    """The conditions of one that could not be looked at, for an error of ``access.ANSWERED``.

    What was not asked is Unknown.
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
    """Which question an error answers with no: whether it can be reached, unless it is known."""
    return next((asked for kind, asked in _QUESTIONS if isinstance(error, kind)), REACHABLE)


def _passed(kind: str) -> Condition:
    return _true(kind, "Answered", "The controller answered, if only to refuse what comes later.")


def _not_asked(kind: str) -> Condition:
    return Condition(type=kind, status="Unknown", reason="NotAsked")


def _up(found: health.Health) -> Condition:
    if not found.state:
        message = "Our account may not read the state of the controller's cluster."
        return Condition(type=CLUSTER_UP, status="Unknown", reason="NotPermitted", message=message)
    if found.state not in health.USABLE_STATES:
        message = (
            f"{found.address} is in state {found.state} and takes no configuration; it is looked "
            "at again. Check the controller's nodes if this lasts."
        )
        return Condition(
            type=CLUSTER_UP, status="False", reason="ControllerNotReady", message=message
        )
    message = f"{found.state}, {found.nodes_up} of {found.nodes} nodes are active."
    return _true(CLUSTER_UP, "Up", message)


def _permitted(found: health.Health) -> Condition:
    if not found.unseen:
        return _true(PERMITTED, "Sufficient", "Everything that a clean-up must see can be seen.")
    message = f"On {found.address} {found.unseen}. Without that no clean-up can be proven."
    return Condition(type=PERMITTED, status="False", reason="NoSight", message=message)


def _described(found: health.Health) -> str:
    licence = f", licence {found.license_tier}" if found.license_tier else ""
    return f"Avi {found.version or 'of a release that it does not say'}{licence}"


def _true(kind: str, reason: str, message: str) -> Condition:
    return Condition(type=kind, status="True", reason=reason, message=message)


def _with_ready(known: tuple[Condition, ...]) -> tuple[Condition, ...]:
    wrong = next((one for one in known if one.status == "False"), None)
    if wrong is not None:
        ready = Condition(type="Ready", status="False", reason=wrong.reason, message=wrong.message)
    else:
        ready = _true("Ready", "Usable", known[0].message)
    return (ready, *known)
