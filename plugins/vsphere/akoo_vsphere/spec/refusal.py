"""Refusals: a state that does not change until a person does something."""

from __future__ import annotations

from akoo_core.plugin import errors


class Refusal(errors.AkooError):
    """Becomes a condition. The message says what is wrong, in which field, and what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def invalid(field: str, problem: str, cure: str) -> Refusal:
    """A refusal of one field of an object: ``spec.vlan.id: 4095 is not ... Give ...``."""
    return Refusal("InvalidSpec", f"{field}: {problem}. {cure}.")
