"""README.md says what the code does."""

from __future__ import annotations

import pathlib
import re

from akoo_avi.ownership import claim
from akoo_avi.spec import options, settings

from akoo_core import structs
from akoo_core.plugin import errors as core_errors

PACKAGE = pathlib.Path(__file__).parents[2]
README = (PACKAGE / "README.md").read_text()
MADE = {
    f"{kind}{trouble}"
    for kind in ("AviController", "AviIPPool")
    for trouble in ("NotFound", "Deleting")
}
"""Reasons that are put together from a kind."""
CORE = {
    core_errors.LineBreakError.reason,
    core_errors.SecretInvalidError.reason,
    core_errors.HostNotAllowedError.reason,
}
"""Reasons that the core gives to a credential that this plugin reads."""


def rows(heading: str) -> list[tuple[str, ...]]:
    """Cells of the first table below a heading, without its head."""
    section = README.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]


def code(text: str) -> list[str]:
    return re.findall(r"`([^`]*)`", text)


def test_tables_of_settings_and_options() -> None:
    for heading, kind in (
        ("Settings of the operator", settings.Settings),
        ("`spec.plugins.avi`", options.Options),
    ):
        shown = {row[0]: row[1] for row in rows(heading)}
        assert shown == {f"`{field.key}`": default(field.default) for field in structs.fields(kind)}


def default(value: object) -> str:
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return "" if value in ("", ()) else f"`{number}`"


def test_every_reason_is_explained() -> None:
    """In whatever way the modules write one."""
    written = "".join(path.read_text() for path in (PACKAGE / "akoo_avi").rglob("*.py"))
    patterns = (
        r'(?:\breason=|Refusal\(\s*|_false\(\s*|REASON = )"([A-Z]\w+)"',
        r'\(client\.\w+Error, "([A-Z]\w+)"',
        r'_wrong\(\s*\w+,\s*"([A-Z]\w+)"',
        r'_true\(\s*[\w"]+, "([A-Z]\w+)"',
        r'_wait\(\s*\w+, "([A-Z]\w+)"',
        r'_condition\(group, \w+, "\w+", "([A-Z]\w+)"',
        r'NOT_DISCOVERED: Final = "([A-Z]\w+)"',
    )
    raised = {name for pattern in patterns for name in re.findall(pattern, written)} | MADE | CORE
    explained = {name for row in rows("When it goes wrong") for name in code(row[0])}
    assert raised == explained


def test_the_claim_is_as_it_is_told() -> None:
    assert f"`{claim.body('<cluster name>', 'm', 1)['name']}`" in README
