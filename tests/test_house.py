"""The house itself: one version, one lock, the right commands."""

from __future__ import annotations

import ast
import logging
import pathlib
import tomllib
from collections.abc import Iterable, Iterator

import pytest

import akoo_core

ROOT = pathlib.Path(__file__).parent.parent
MODULES = 20
"""A folder with more files than this cannot be learned by reading their names once."""
MODULES_OF = {"akoo_core/kube": 25, "plugins/avi/akoo_avi/pools": 25}
"""Folders about one subject that would only be cut into halves that import each other."""


def modules(folder: pathlib.Path) -> int:
    """The number of modules directly in ``folder``, its ``__init__`` left out."""
    return sum(path.name != "__init__.py" for path in folder.glob("*.py"))


def too_full(root: pathlib.Path, *packages: str) -> dict[str, int]:
    """Number of modules of each folder below ``packages`` that has more than it may."""
    folders = {path.parent for package in packages for path in (root / package).rglob("*.py")}
    counts = {str(folder.relative_to(root)): modules(folder) for folder in folders}
    return {name: count for name, count in counts.items() if count > MODULES_OF.get(name, MODULES)}


def _projects() -> dict[str, dict[str, object]]:
    files = [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]
    files.append(ROOT / "testbed" / "pyproject.toml")
    return {
        str(file.relative_to(ROOT)): tomllib.loads(file.read_text())["project"] for file in files
    }


def test_one_version_everywhere() -> None:
    versions = {name: project["version"] for name, project in _projects().items()}
    assert set(versions.values()) == {akoo_core.__version__}, versions


def test_plugins_pin_the_core_they_were_released_with() -> None:
    for name, project in _projects().items():
        if name.startswith("plugins/"):
            dependencies = project["dependencies"]
            assert isinstance(dependencies, list)
            assert f"akoo-core=={akoo_core.__version__}" in dependencies, name


def lists(value: object) -> Iterator[list[object]]:
    """All lists in a value of TOML, at any depth."""
    inner: Iterable[object] = ()
    if isinstance(value, list):
        yield value
        inner = value
    elif isinstance(value, dict):
        inner = value.values()
    for member in inner:
        yield from lists(member)


def test_import_contracts_name_every_plugin() -> None:
    """A package that no contract names may import whatever it likes."""
    packages = {f"akoo_{path.parent.name}" for path in ROOT.glob("plugins/*/pyproject.toml")}
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    of_plugins = [listed for listed in lists(linter) if "akoo_ako" in listed]
    assert len(of_plugins) > 5
    assert [listed for listed in of_plugins if not packages <= {*map(str, listed)}] == []


def test_ci_calls_the_commands_of_the_readme() -> None:
    assert "make test" in (ROOT / ".ci/run").read_text()
    readme = (ROOT / "README.md").read_text()
    assert "make sandbox" in readme
    assert "make test" in readme
    assert len(readme.splitlines()) < 150


def test_nothing_speaks_of_the_place_it_was_made_in() -> None:
    words = ("/work/", "shared/reference", "issues show", "sub" + "agent")
    here = pathlib.Path(__file__)
    suffixes = {".py", ".md", ".toml", ".yaml", ".sh", ".mod"}
    skipped = {
        ".venv",
        ".venv-newest",
        ".tools",
        ".git",
        ".mypy_cache",
        ".ruff_cache",
        ".hypothesis",
    }
    for path in ROOT.rglob("*"):
        if path == here or path.suffix not in suffixes or skipped & set(path.parts):
            continue
        text = path.read_text(errors="replace")
        assert not [word for word in words if word in text], path


def test_no_folder_has_more_modules_than_a_newcomer_can_keep_apart() -> None:
    """Files that are found by their names alone: a flat folder of 40 had to be searched."""
    packages = (
        "akoo_core",
        "plugins/ako/akoo_ako",
        "plugins/avi/akoo_avi",
        "plugins/tenancy/akoo_tenancy",
        "testbed/akoo_testbed",
    )
    assert too_full(ROOT, *packages) == {}
    assert all((ROOT / folder).is_dir() for folder in MODULES_OF)


@pytest.mark.parametrize(("count", "full"), [(20, False), (21, True)])
def test_a_folder_that_is_too_full_is_seen(tmp_path: pathlib.Path, count: int, full: bool) -> None:
    folder = tmp_path / "package" / "room"
    folder.mkdir(parents=True)
    for name in ("__init__", *(f"m{number}" for number in range(count))):
        (folder / f"{name}.py").touch()
    assert too_full(tmp_path, "package") == ({"package/room": 21} if full else {})


RESERVED = {*vars(logging.makeLogRecord({})), "message", "asctime"}
"""Names that a field of a log record may not have: the call would raise KeyError, but only where
its level is shown."""


def clashes(source: str) -> list[str]:
    """Fields of log records with a reserved name. ruff's rule G101 does not know ``_log``."""
    return [
        key.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.keyword)
        and node.arg == "extra"
        and isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if isinstance(key, ast.Constant) and key.value in RESERVED
    ]


def test_fields_of_log_records_have_names_of_their_own() -> None:
    packages = ("akoo_core", "plugins", "testbed", "examples")
    paths = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    assert len(paths) > 500
    assert {str(path): names for path in paths if (names := clashes(path.read_text()))} == {}
    assert clashes('_log.info("x", extra={"name": 1, "plugin": 2})') == ["name"]
