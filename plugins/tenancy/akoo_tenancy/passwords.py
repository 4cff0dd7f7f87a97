"""Passwords for Avi accounts: from the system's random source, under the controller's rules."""

from __future__ import annotations

import secrets
import string
from typing import Final

from akoo_core.plugin import structs

LENGTH: Final = 32
"""Avi takes at most 32 characters."""
SHORTEST: Final = 16

LOWER: Final = "".join(sorted(set(string.ascii_lowercase) - set("lo")))
UPPER: Final = "".join(sorted(set(string.ascii_uppercase) - set("IO")))
DIGITS: Final = "".join(sorted(set(string.digits) - set("01")))
SPECIAL: Final = "-_."
"""Characters that YAML, shells and URLs leave as they are."""
ALPHABETS: Final = (LOWER, UPPER, DIGITS, SPECIAL)


class Rules(structs.Struct, frozen=True, kw_only=True):
    """``portal_configuration`` of the controller, as far as it concerns passwords."""

    minimum_length: int = 8
    strength_check: bool = False
    """True: a password holds characters of at least three kinds."""


class NoPasswordError(ValueError):
    """The controller's rules allow no password that we make."""


def length(rules: Rules) -> int:
    """Length of a new password. Raises NoPasswordError."""
    if rules.minimum_length > LENGTH:
        raise NoPasswordError(
            f"The controller asks for passwords of at least {rules.minimum_length} characters, and "
            f"takes at most {LENGTH}. Lower portal_configuration.minimum_password_length."
        )
    return max(LENGTH, SHORTEST, rules.minimum_length)


def new(rules: Rules) -> str:
    """A new password: two of each kind, the first a letter. Raises NoPasswordError. Secret."""
    rest = [secrets.choice(kind) for kind in ALPHABETS for _ in range(2)]
    everything = "".join(ALPHABETS)
    rest += [secrets.choice(everything) for _ in range(length(rules) - len(rest) - 1)]
    secrets.SystemRandom().shuffle(rest)
    return secrets.choice(LOWER + UPPER) + "".join(rest)
