"""The README names every setting, option, fact, module and reason of the plugin, and no other."""

from __future__ import annotations

import pathlib
import re
import typing
from typing import Any

import pytest
from akoo_tenancy.plugin import TenancyPlugin
from akoo_tenancy.spec import config, settings

from akoo_core import structs

FOLDER = pathlib.Path(__file__).parents[1]
PACKAGE = FOLDER / "akoo_tenancy"
README = (FOLDER / "README.md").read_text()
AVI = {"AviControllerNotFound"}
"""Reasons of the way to Avi."""
LISTED_WHOLE = (config.TenantTemplate, config.Window)
"""Structs of which a table has the key, and not the parts."""
SETTINGS = "Settings of the operator (`plugins.tenancy`)"
OPTIONS = "`spec.plugins.tenancy` of an AKODeploymentConfig"


def table(heading: str) -> list[list[str]]:
    """The cells of a section's tables."""
    _, heads, rest = README.partition(f"\n## {heading}\n")
    assert heads, heading
    rows = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def documented(heading: str) -> list[str]:
    return [name for row in table(heading) for name in re.findall(r"`([\w.]+)`", row[0])]


def leaves(kind: Any, prefix: str = "") -> dict[str, Any]:
    """The default of every field of a struct, by its path."""
    rows: dict[str, Any] = {}
    for field in structs.fields(kind):
        kinds = [k for k in (field.type, *typing.get_args(field.type)) if isinstance(k, type)]
        nested = [k for k in kinds if issubclass(k, structs.StrictStruct)]
        path = f"{prefix}{field.key}"
        if nested and nested[0] not in LISTED_WHOLE:
            rows |= leaves(nested[0], f"{path}.")
        else:
            rows[path] = field.default
    return rows


@pytest.mark.parametrize(
    ("heading", "kind"), [(SETTINGS, settings.Settings), (OPTIONS, config.Options)]
)
def test_every_key_and_no_other(heading: str, kind: Any) -> None:
    assert sorted(documented(heading)) == sorted(leaves(kind))


@pytest.mark.parametrize(
    ("heading", "kind"), [(SETTINGS, settings.Settings), (OPTIONS, config.Options)]
)
def test_defaults(heading: str, kind: Any) -> None:
    defaults = leaves(kind)
    for row in table(heading):
        for key in re.findall(r"`([\w.]+)`", row[0]):
            # The path of an auth mount has a default for each method.
            if key != "vault.login.mount":
                shown = row[1].strip("`")
                assert shown == text(defaults[key]), key


def text(default: Any) -> str:
    if default is None or default == "":
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return str(list(default)) if isinstance(default, tuple) else str(default)


def test_every_fact_and_no_other() -> None:
    provided = {fact.fact_name for fact in TenancyPlugin.provides}
    assert set(documented("Facts")) == provided


def test_every_module_is_named() -> None:
    modules = documented("Modules") + re.findall(r"`(\w+)`", str(table("Modules")))
    for path in PACKAGE.iterdir():
        if path.stem != "__init__" and (path.suffix == ".py" or (path / "__init__.py").is_file()):
            assert {f"akoo_tenancy.{path.stem}", path.stem} & set(modules), path.stem


def test_every_reason_is_given_somewhere() -> None:
    """That each reason of the code is in the table is tested for all plugins."""
    source = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    reasons = documented("When it goes wrong")
    assert len(reasons) == len(set(reasons))
    assert {reason for reason in reasons if f'"{reason}"' not in source} == AVI
