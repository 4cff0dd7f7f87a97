"""What cannot go on until somebody does something."""

from __future__ import annotations

from akoo_core.plugin import errors

AFTER_SECONDS = 60.0
"""When it is looked at again: what is to be mended is on Avi, and nobody tells us of it."""


class Refusal(errors.AkooError):
    """Becomes Blocked(reason, message): what is wrong, where, and what to do."""

    after = AFTER_SECONDS

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def invalid(path: str, problem: str) -> Refusal:
    """An ConfigInvalid about one field of the AKODeploymentConfig."""
    return Refusal("ConfigInvalid", f"{path}: {problem}")
