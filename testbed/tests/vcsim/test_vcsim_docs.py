"""docs/vcsim.md names every rule, action and control endpoint, and the Go program knows them."""

import pathlib
import re

from akoo_testbed.building import recipes
from akoo_testbed.vcsim import Action

TEXT = (pathlib.Path(__file__).parents[2] / "docs" / "vcsim.md").read_text()
PROGRAM = recipes.RECIPES["vcsim"].folder


def rows(heading: str) -> set[str]:
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def test_rules() -> None:
    rules = re.findall(
        r'^\trule\w+ += "([a-z-]+)"', (PROGRAM / "rules.go").read_text(), re.MULTILINE
    )
    assert len(rules) > 10
    assert rows("Strict rules") == set(rules)


def test_each_rule_is_tested_both_ways() -> None:
    tests = "".join(path.read_text() for path in pathlib.Path(__file__).parent.glob("test_*.py"))
    for rule in rows("Strict rules"):
        assert f'lenient("{rule}")' in tests, rule


def test_control() -> None:
    handled = re.findall(r'handle\("([A-Z]+ /\w*)', (PROGRAM / "control.go").read_text())
    documented = rows("Control")
    for request in handled:
        method, path = request.split()
        assert request in documented or f"`{method}" in TEXT.split(f" {path}`")[1].split("\n")[0]
    assert set(Action) <= documented


def test_version() -> None:
    version = re.search(r"govmomi (v[0-9.]+)", (PROGRAM / "go.mod").read_text())
    assert version is not None
    assert f"govmomi {version[1]}" in TEXT
