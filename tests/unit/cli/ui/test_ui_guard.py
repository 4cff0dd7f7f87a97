"""Requests that the fleet page answers, and those that it refuses."""

from __future__ import annotations

import pytest

from akoo_core.cli.ui import guard

KEYS = guard.Keys(41000, "t0ken")
GOOD = guard.Asked("GET", "127.0.0.1:41000", cookie="t0ken")


@pytest.mark.parametrize(
    "asked",
    [
        GOOD,
        GOOD._replace(cookie="", token="t0ken"),
        GOOD._replace(host="localhost:41000"),
        GOOD._replace(origin="http://127.0.0.1:41000"),
        GOOD._replace(site="same-origin"),
        GOOD._replace(site="none"),
        GOOD._replace(method="HEAD"),
    ],
)
def test_the_person_who_started_it_is_answered(asked: guard.Asked) -> None:
    assert guard.refusal(asked, KEYS) == ""


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (GOOD._replace(cookie=""), "open the address"),
        (GOOD._replace(cookie="t0kem"), "open the address"),
        (GOOD._replace(cookie="", token="x"), "open the address"),
        (GOOD._replace(cookie="\udcff"), "open the address"),
        (GOOD._replace(host="evil.example:41000"), "127.0.0.1 and localhost only"),
        (GOOD._replace(host="127.0.0.1"), "127.0.0.1 and localhost only"),
        (GOOD._replace(host=""), "127.0.0.1 and localhost only"),
        (GOOD._replace(origin="http://evil.example"), "no other site"),
        (GOOD._replace(origin="https://127.0.0.1:41000"), "no other site"),
        (GOOD._replace(origin="null"), "no other site"),
        (GOOD._replace(site="cross-site"), "no other site"),
        (GOOD._replace(site="same-site"), "no other site"),
        (GOOD._replace(method="POST"), "only reads"),
        (GOOD._replace(method="DELETE"), "only reads"),
    ],
)
def test_everybody_else_is_refused(asked: guard.Asked, reason: str) -> None:
    assert reason in guard.refusal(asked, KEYS)


def test_the_policy_of_the_page_allows_its_own_files_alone() -> None:
    policy = guard.HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    sources = {word for part in policy.split("; ") for word in part.split()[1:]}
    assert sources == {"'none'", "'self'"}
