"""reference/settings.md is what the settings themselves say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from akoo_core import settings

Rows = Callable[[str, str], list[tuple[str, ...]]]

PAGE = "reference/settings.md"


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
        (f"`{one.path}`", one.type.replace('"', "`"), shown(one.default), said(one.doc))
        for one in settings.reference()
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in expected)
    assert rows(PAGE, "## All settings") == expected, f"the table should be\n{table}"


def said(doc: str) -> str:
    return " ".join(doc.replace("``", "`").split())


def test_the_rule_of_variables_by_its_examples(rows: Rows) -> None:
    by_path = {one.path: one.variable for one in settings.reference()}
    examples = [(row[0].strip("`"), row[1].strip("`")) for row in rows(PAGE, "## Where they go")]
    found = [(path, name) for path, name in examples if path in by_path]
    assert len(found) >= 3
    assert found == [(path, by_path[path]) for path, _ in found]
