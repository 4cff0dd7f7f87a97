"""The journeys of the architecture page name files that exist, in at most fifteen lines each."""

from __future__ import annotations

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[3]
PAGE = ROOT / "docs/explanation/architecture.md"
PARENTS = (ROOT, ROOT / "akoo_core", ROOT / "akoo_core/reconcile", ROOT / "plugins/avi/akoo_avi")
JOURNEYS = ("From an event to Avi and back", "From a deletion to its proof")
MAX_STEPS = 15
IN_THE_TABLE_OF_LAYERS = {"settings", "telemetry", "health", "sandbox", "traces"}
_FILE = re.compile(r"`([\w/]+\.py)`")
_FOLDER = re.compile(r"(?<=\s)([a-z_]+)/(?=\s)")


def section(title: str) -> str:
    """The text below a heading, up to the next."""
    return PAGE.read_text().split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def exists(name: str) -> bool:
    return any((parent / name).exists() for parent in PARENTS)


def test_each_journey_is_short_and_names_files_that_exist() -> None:
    for title in JOURNEYS:
        steps = [line for line in section(title).splitlines() if re.match(r"\d+\. ", line)]
        assert 10 <= len(steps) <= MAX_STEPS, title
        names = [name for step in steps for name in _FILE.findall(step)]
        assert len(names) >= len(steps), title
        assert [name for name in names if not exists(name)] == []


def test_the_tree_names_every_room() -> None:
    shown = set(_FOLDER.findall(section("The tree")))
    packages = [ROOT / "akoo_core", ROOT / "akoo_core/reconcile", ROOT / "plugins/avi/akoo_avi"]
    rooms = {path.parent.name for package in packages for path in package.glob("*/__init__.py")}
    assert rooms - IN_THE_TABLE_OF_LAYERS <= shown
    assert shown <= rooms | {"akoo_core", "access"}
