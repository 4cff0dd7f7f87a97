"""reference/settings.md is what the settings themselves say."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any

from akoo_core import settings

Rows = Callable[[str, str], list[tuple[str, ...]]]

Page = Callable[[str], str]

PAGE = "reference/settings.md"
PACKAGE = pathlib.Path(settings.__file__).parents[1]


def shown(value: Any) -> str:
    """A default as a reader writes it in YAML; nothing for what has none."""
    if value is None or value in ("", (), []):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:.0f}`"
    return f"`{value}`"


def test_every_setting_with_its_type_default_and_meaning(rows: Rows) -> None:
    expected = [
        (f"`{row.path}`", row.type.replace('"', "`"), shown(row.default), meaning(row.doc))
        for row in settings.reference()
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in expected)
    assert rows(PAGE, "## All settings") == expected, f"the table should be\n{table}"


def meaning(doc: str) -> str:
    return " ".join(doc.replace("``", "`").split())


def test_the_rule_of_variables_by_its_examples(rows: Rows) -> None:
    by_path = {setting.path: setting.variable for setting in settings.reference()}
    examples = [(row[0].strip("`"), row[1].strip("`")) for row in rows(PAGE, "## Where they go")]
    known = [(path, name) for path, name in examples if path in by_path]
    assert len(known) >= 3
    assert known == [(path, by_path[path]) for path, _ in known]


def used(name: str) -> bool:
    """True if any module reads a setting of that name; the model itself only through ``self``."""
    for path in PACKAGE.rglob("*.py"):
        inside = path.parent.name == "settings"
        if re.search(rf"{'self' if inside else ''}\.{name}\b", path.read_text()):
            return True
    return False


def test_settings_without_effect_are_called_so(page: Page) -> None:
    _, heading, rest = page(PAGE).partition("\n## Without effect in this release\n")
    named = re.findall(r"`([\w.]+)`", rest.split("\n## ")[0]) if heading else []
    idle = [entry.path for entry in settings.reference() if not used(snake(entry.path))]
    assert named == idle, "settings that nothing reads, and those the page calls so"


def snake(path: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", path.rpartition(".")[2]).lower()
