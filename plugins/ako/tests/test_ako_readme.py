"""README.md says what the code does."""

from __future__ import annotations

import pathlib
import re

import msgspec.structs
from akoo_ako import options, settings
from akoo_ako.chart import paths
from akoo_ako.rendering import mapping

PACKAGE = pathlib.Path(__file__).parents[1]
README = (PACKAGE / "README.md").read_text()


def rows(heading: str) -> list[tuple[str, ...]]:
    """Cells of the first table below a heading, without its head."""
    section = README.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]


def code(text: str) -> list[str]:
    return re.findall(r"`([^`]*)`", text)


def test_mapping_table() -> None:
    def shown(text: str) -> str:
        return f"`{text}`" if text and not text.startswith("(") else text

    listed = rows("From the AKODeploymentConfig")
    assert set(listed) == {
        (f"`{row.key}`", shown(row.source), shown(row.default)) for row in mapping.ROWS
    }
    assert len(listed) == len(mapping.ROWS)


def test_table_of_values_of_the_chart() -> None:
    listed = {
        code(path)[0]: (kind, sets.replace("`", "")) for path, kind, sets, _ in rows("Values")
    }
    settable = [row for row in paths.PATHS if not row.instead]
    assert listed == {row.path: (row.type, paths.sets(row)) for row in settable}


def test_tables_of_settings_and_options() -> None:
    for heading, kind in (
        ("Settings of the operator", settings.Settings),
        ("`spec.plugins.ako`", options.Options),
    ):
        names = [name for row in rows(heading) for name in code(row[0])]
        assert sorted(names) == sorted(field.encode_name for field in msgspec.structs.fields(kind))


def test_every_reason_is_explained() -> None:
    written = "".join(path.read_text() for path in (PACKAGE / "akoo_ako").rglob("*.py"))
    raised = set(
        re.findall(
            r'(?:reason=|Refusal\(\s*|Problem\(\s*|REASON = |UPGRADE: Final = )"([A-Z]\w+)"',
            written,
        )
    )
    raised |= set(re.findall(r'return "(Ako\w+)",', written))
    explained = {name for row in rows("When it goes wrong") for name in code(row[0])}
    assert raised == explained
