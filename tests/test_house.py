"""The house itself: one version, one lock, the right commands."""

from __future__ import annotations

import pathlib
import tomllib

import akoo_core

ROOT = pathlib.Path(__file__).parent.parent


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
