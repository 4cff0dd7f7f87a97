"""The plugins that docs/plugins/ prints keep the contract, and the tests it prints pass."""

from __future__ import annotations

import importlib.util
import inspect
import pathlib
from collections.abc import Callable
from types import ModuleType

import pytest

from akoo_core.plugin import api
from akoo_core.plugin_host import contract, controllers
from akoo_core.testing import verbs

Blocks = Callable[[str, str], list[str]]
Page = Callable[[str], str]

PAGES = (
    "annotations",
    "chapters",
    "check",
    "facts",
    "fences",
    "holders",
    "kept-secrets",
    "plan-and-audit",
    "rights",
    "secrets",
    "shared-things",
    "signals",
    "sources",
    "threads",
)


@pytest.fixture(params=PAGES)
def printed(request: pytest.FixtureRequest, blocks: Blocks, tmp_path: pathlib.Path) -> ModuleType:
    """Everything in Python that a page prints, as one module."""
    name = f"printed_{request.param.replace('-', '_')}"
    file = tmp_path / f"{name}.py"
    # A block that is indented goes on where the one before it ended.
    text = "".join(
        block if block.startswith(" ") else f"\n\n{block}"
        for block in blocks(f"plugins/{request.param}.md", "python")
    )
    file.write_text(text)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def of_page(module: ModuleType, kind: Callable[[object], bool]) -> dict[str, object]:
    """The definitions of the page itself."""
    members = vars(module).items()
    own = {name: member for name, member in members if kind(member)}
    return {
        n: member
        for n, member in own.items()
        if getattr(member, "__module__", "") == module.__name__
    }


def test_its_tests_pass(printed: ModuleType) -> None:
    tests = of_page(printed, inspect.isfunction)
    run = [test for name, test in tests.items() if name.startswith("test_")]
    assert run
    for test in run:
        assert callable(test)
        test()


def test_its_plugins_keep_the_contract(printed: ModuleType) -> None:
    def is_plugin(member: object) -> bool:
        return isinstance(member, type) and issubclass(member, api.Plugin)

    plugins = of_page(printed, is_plugin)
    assert plugins
    for member in plugins.values():
        assert isinstance(member, type)
        assert issubclass(member, api.Plugin)
        assert contract.problems(member.name, member) == ()
        if inspect.signature(member).parameters.keys() <= {"settings"} and not member.settings_type:
            controllers.collect(verbs.plugin_set(member()))


def test_every_page_is_run() -> None:
    folder = pathlib.Path(__file__).parents[3] / "docs" / "plugins"
    assert {path.stem for path in folder.glob("*.md")} == {*PAGES, "tutorial"}
