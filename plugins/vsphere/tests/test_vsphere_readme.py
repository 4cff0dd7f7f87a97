"""The README names every reason of the plugin, and every module that it has."""

from __future__ import annotations

import pathlib
import re

from akoo_core.plugin import errors as core_errors

FOLDER = pathlib.Path(__file__).parents[1]
CORE = {
    core_errors.SecretMissingError.reason,
    core_errors.SecretNamespaceNotAllowedError.reason,
    core_errors.LineBreakError.reason,
    core_errors.SecretInvalidError.reason,
    core_errors.HostNotAllowedError.reason,
}
"""Reasons that the core gives to a Secret that this plugin reads."""
README = (FOLDER / "README.md").read_text()
PACKAGE = FOLDER / "akoo_vsphere"
REASON = re.compile(r"""(?:Refusal\(\s*|_unknown\(\s*|reason=|return )"([A-Z][A-Za-z]+)\"""")


def test_every_reason_is_explained_and_no_other() -> None:
    source = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    used = set(REASON.findall(source))
    table = README[README.index("## When it goes wrong") :]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    explained = {reason for row in rows for reason in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert used <= explained
    assert {reason for reason in explained if f'"{reason}"' not in source} == CORE


def test_every_module_is_named() -> None:
    for path in PACKAGE.glob("*.py"):
        if path.stem not in ("__init__", "situation"):
            assert f"akoo_vsphere.{path.stem}`" in README or f"`{path.stem}`" in README, path.stem
