"""Writes the distribution of a new plugin: five files whose conformance run is green."""

from __future__ import annotations

import pathlib
import re
import string
from importlib import resources

import akoo_core
from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin_host import contract

_TEMPLATES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "__init__.py": "$package/__init__.py",
    "plugin.py": "$package/plugin.py",
    "test_plugin.py": "tests/test_plugin.py",
}


def write(name: str, parent: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """Make ``parent/akoo-<name>`` and its files; their paths.

    Raises InputError for a name that no plugin can have, and for a folder that exists.
    """
    for problem in contract.problems(name, api.Plugin):
        raise errors.InputError(problem)
    root = parent / f"akoo-{name}"
    if root.exists():
        raise errors.InputError(f"{root} exists already; choose another name or --directory")
    words = _words(name)
    written = []
    for template, destination in _TEMPLATES.items():
        source = resources.files("akoo_core.cli.plugins") / "new_plugin" / f"{template}.txt"
        path = root / string.Template(destination).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(string.Template(source.read_text()).substitute(words))
        written.append(path)
    return tuple(written)


def _words(name: str) -> dict[str, str]:
    parts = re.split(r"-", name)
    return {
        "name": name,
        "package": f"akoo_{'_'.join(parts)}",
        "class": "".join(part.capitalize() for part in parts) + "Plugin",
        "core": akoo_core.__version__,
    }
