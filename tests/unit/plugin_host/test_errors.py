from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.plugin.errors import MESSAGE_LIMIT, describe
from tests import cpu

CANARY = "c4naryC4nary"


@pytest.mark.parametrize(
    "text",
    [
        "https://admin:{}@avi.example.com/api/login refused",
        "login failed: password={}",
        'body {{"username": "admin", "password": "{}"}}',
        "{{'vault_token': '{}'}}",
        "Authorization: Bearer {}",
        "header Basic {}=",
        "AVI_PASSWORD: {}; retry",
        "cookie: sessionid={}",
        "csrftoken={}&x=1",
        "api-key={} is unknown",
        "X-Vault-Token: {}",
        "got eyJ{0}.{0}.{0} instead",
        "hvs.{} expired",
        "-----BEGIN RSA PRIVATE KEY-----{}",
        "aviUserPassword = {}",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    described = describe(ValueError(text.format(CANARY)))
    assert CANARY not in described
    assert "***" in described


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (ValueError("network vip-edge of cloud vc-01 is not there"), None),
        (ConnectionError("refused by avi"), "ConnectionError: refused by avi"),
        (ValueError("https://avi.example.com:443/api/network?name=a"), None),
        (ValueError("token of avi has no right"), None),
        (ValueError("\n  first\nsecond"), "ValueError: first"),
        (ValueError(), "ValueError"),
        (
            ExceptionGroup("g", [ValueError("a"), OSError("b"), OSError("c")]),
            "ValueError: a (and 2 more)",
        ),
        (
            BaseExceptionGroup("g", [BaseExceptionGroup("h", [KeyboardInterrupt()])]),
            "KeyboardInterrupt",
        ),
    ],
)
def test_the_rest_is_told_as_it_is(error: BaseException, described: str | None) -> None:
    assert describe(error) == (described or f"{type(error).__name__}: {error}")


@given(st.text())
def test_a_description_is_one_short_line(text: str) -> None:
    for last in (False, True):
        described = describe(ValueError(text), last=last)
        assert described.startswith("ValueError")
        assert len(described.splitlines()) == 1
        assert len(described) <= MESSAGE_LIMIT + len("ValueError: ")


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_what_cannot_be_printed_or_encoded_is_described_all_the_same() -> None:
    assert describe(UnprintableError()) == "UnprintableError: its message cannot be read"
    assert describe(ValueError("caf\udce9")) == "ValueError: caf?"


def test_a_long_line_costs_no_more_than_a_short_one() -> None:
    for text in ("a" * 1_000_000, "password" * 100_000, "a-" * 500_000):
        error = ValueError(text)
        assert len(describe(error)) <= MESSAGE_LIMIT + len("ValueError: ")
        assert cpu.cpu_seconds(functools.partial(describe, error)) < 0.15
