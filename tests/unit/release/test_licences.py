"""hack/licences.py: which licences are refused, and with what message."""

from __future__ import annotations

from email.message import Message

import msgspec
import pytest

from hack import licences

RULES = licences.Rules(
    allowed=frozenset({"MIT", "Apache-2.0"}), names={"MIT License": "MIT"}, read={"avisdk": "MIT"}
)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"License-Expression": "(MIT OR Apache-2.0) AND 0BSD"}, ["MIT", "Apache-2.0", "0BSD"]),
        ({"License-Expression": "MIT", "License": "GPL"}, ["MIT"]),
        ({"Classifier": "License :: OSI Approved :: MIT License"}, ["MIT License"]),
        ({"Classifier": "Typing :: Typed", "License": "MIT\nall of it"}, ["MIT"]),
        ({"Classifier": "Typing :: Typed"}, []),
    ],
)
def test_metadata_of_every_age_are_read(fields: dict[str, str], wanted: list[str]) -> None:
    package = Message()
    for name, value in fields.items():
        package[name] = value
    assert licences.declared(package) == wanted


@pytest.mark.parametrize(
    ("name", "found_licences", "reason"),
    [
        ("a", ["MIT"], ""),
        ("a", ["MIT License", "Apache-2.0"], ""),
        ("avisdk", [], ""),
        ("a", [], "a names no licence: read its LICENSE, and write it under [read]"),
        (
            "a",
            ["MIT", "GPL-3.0-only"],
            "a has the licence GPL-3.0-only: allow it, or take another package",
        ),
    ],
)
def test_a_licence_that_nobody_allowed_is_refused(
    name: str, found_licences: list[str], reason: str
) -> None:
    assert licences.problem(name, found_licences, RULES) == reason


def test_installed_packages_are_compared() -> None:
    wanted = msgspec.structs.replace(licences.rules(), allowed=frozenset({"Apache-2.0"}))
    reasons = list(licences.problems(wanted, {"pytest", "requests"}))
    assert "pytest has the licence MIT: allow it, or take another package" in reasons
    assert not [reason for reason in reasons if reason.startswith("requests ")]
    assert "avisdk is not in uv.lock: remove it from [read]" in reasons


def test_only_locked_packages_count() -> None:
    assert {"aiohttp", "avisdk"} <= licences.locked()
    assert not {"akoo-core", "akoo-testbed"} & licences.locked()
