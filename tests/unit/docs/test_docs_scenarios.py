"""The page of the ancestor's scenarios names tests that exist."""

from __future__ import annotations

import pathlib
import re

PAGE = pathlib.Path(__file__).parents[3] / "docs/reference/akoo-scenarios.md"
POINTER = re.compile(r"\]\((?P<file>\.\./\.\./[^)]+\.py)\)\s+`::(?P<name>\w+)`")
ROW = re.compile(r"^\| (?!scenario |---)(?P<row>.*) \|$", re.MULTILINE)
VERDICTS = ("same", "different: ", "none: ")


def test_each_scenario_has_a_verdict_and_a_test_that_exists() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert len(rows) > 35
    for row in rows:
        _, verdict, pointer = row.split(" | ")
        assert verdict.startswith(VERDICTS), row
        assert POINTER.search(pointer), row


def test_the_tests_exist() -> None:
    missing = []
    for file, name in POINTER.findall(PAGE.read_text(encoding="utf-8")):
        text = (PAGE.parent / file).read_text(encoding="utf-8")
        if not re.search(rf"^(async )?def {name}\(", text, re.MULTILINE):
            missing.append(f"{file}::{name}")
    assert missing == []
