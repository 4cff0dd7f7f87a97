"""Passwords: under every rule of a controller."""

from __future__ import annotations

import pytest
from akoo_tenancy import passwords
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(6, 32), st.booleans())
def test_a_password_keeps_the_rules(minimum: int, strong: bool) -> None:
    rules = passwords.Rules(minimum_length=minimum, strength_check=strong)
    password = passwords.new(rules)
    assert minimum <= len(password) <= passwords.LENGTH
    for kind in passwords.ALPHABETS:
        assert sum(character in kind for character in password) >= 2
    assert password[0].isalpha()
    assert not set(password) & set("lIoO01")


def test_passwords_differ() -> None:
    assert len({passwords.new(passwords.Rules()) for _ in range(200)}) == 200


def test_rules_that_no_password_meets_are_named() -> None:
    with pytest.raises(passwords.NoPasswordError, match="minimum_password_length"):
        passwords.new(passwords.Rules(minimum_length=33))
