"""Problems that hold up an account, with the condition that they become."""

from __future__ import annotations

from akoo_core.plugin import errors

AFTER_SECONDS = 60.0
"""Retry interval. The fix happens outside of Kubernetes, which sends no events."""


class Refusal(errors.AkooError):
    """Becomes Blocked(reason, message): the problem, its place, and the remedy."""

    after = AFTER_SECONDS

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Delay(Refusal):
    """A problem that time solves. Becomes Wait(reason, message)."""

    after = 5.0
    expected_seconds = 120.0


def invalid(path: str, problem: str) -> Refusal:
    """A ConfigInvalid about one field of the AKODeploymentConfig."""
    return Refusal("ConfigInvalid", f"{path}: {problem}")
