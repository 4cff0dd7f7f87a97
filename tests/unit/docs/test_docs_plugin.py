"""The plugin of how-to/write-a-plugin.md is a plugin, and its test passes."""

from __future__ import annotations

import importlib
import inspect
import pathlib
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from akoo_core.plugin import api
from akoo_core.plugin_host import contract, registry
from akoo_core.testing import conformance

Page = Callable[[str], str]

PAGE = "how-to/write-a-plugin.md"
_FILE = re.compile(
    r"^## \d\. (?P<path>\S+)\n.*?^```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def files(text: str) -> dict[str, str]:
    """The files that the page prints, by path."""
    return {match["path"]: match["text"] for match in _FILE.finditer(text)}


@pytest.fixture
def project(
    page: Page, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pathlib.Path]:
    """The plugin's folder, as a reader would have it, importable for this test."""
    folder = tmp_path / "project"
    for path, text in files(page(PAGE)).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "akoo_acme_dns/__init__.py").touch()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith(("akoo_acme_dns", "test_acme_dns")):
            del sys.modules[name]


def entry_point(project: pathlib.Path) -> tuple[str, Any]:
    groups = tomllib.loads((project / "pyproject.toml").read_text())["project"]["entry-points"]
    ((name, value),) = groups[api.ENTRY_POINT_GROUP].items()
    module, _, attribute = value.partition(":")
    return name, getattr(importlib.import_module(module), attribute)


def test_five_files(page: Page) -> None:
    assert len(files(page(PAGE))) == 5


def test_it_keeps_the_contract(project: pathlib.Path) -> None:
    name, cls = entry_point(project)
    assert contract.problems(name, cls) == ()
    made = cls(cls.settings_type(folder=str(project)))
    made.name = name
    assert registry.PluginSet([made]).names == (name,)


@pytest.fixture
def own_tests(project: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(project / "tests"))
    return importlib.import_module("test_acme_dns")


def test_its_own_tests_pass(own_tests: ModuleType) -> None:
    tests = [test for name, test in vars(own_tests).items() if name.startswith("test_")]
    assert tests
    for test in tests:
        assert inspect.isfunction(test)
        test()


def test_it_conforms(own_tests: ModuleType) -> None:
    suite: conformance.Suite = own_tests.TestConformance()
    subjects = [suite.subject(name) for name in suite.scenarios]
    assert [conformance.problems(subject) for subject in subjects] == [()] * len(subjects)
    assert conformance.unreached(subjects) == []
