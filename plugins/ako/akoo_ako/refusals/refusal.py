"""Refusals: configs that cannot be deployed as they are, with what the user must change."""

from __future__ import annotations

from akoo_core.plugin import errors


class Refusal(errors.AkooError):
    """A configuration that AKO would choke on. Becomes Blocked(reason, message).

    The message begins with the path of the field and ends with what to do.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def invalid(path: str, problem: str) -> Refusal:
    """A ConfigInvalid about one field of the AKODeploymentConfig."""
    return Refusal("ConfigInvalid", f"{path}: {problem}")
