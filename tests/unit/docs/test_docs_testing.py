"""The tests that how-to/test-a-plugin.md prints pass."""

from __future__ import annotations

import importlib.util
import pathlib
from collections.abc import Callable
from types import ModuleType

import pytest

from akoo_core import testing

Blocks = Callable[[str, str], list[str]]

PAGE = "how-to/test-a-plugin.md"


@pytest.fixture
def printed(blocks: Blocks, tmp_path: pathlib.Path) -> ModuleType:
    """Everything in Python that the page prints, as one module."""
    file = tmp_path / "printed_tests.py"
    file.write_text("\n\n".join(blocks(PAGE, "python")))
    spec = importlib.util.spec_from_file_location("printed_tests", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        "test_a_life",
        "test_it_survives_a_restart_and_a_silent_cluster",
        "test_the_agent_reports",
        "test_at_rest_nothing_is_written",
    ],
)
def test_what_is_printed_passes(name: str, printed: ModuleType) -> None:
    getattr(printed, name)()


def test_every_printed_test_is_run(blocks: Blocks) -> None:
    count = "\n".join(blocks(PAGE, "python")).count("async def test_")
    assert count == len(test_what_is_printed_passes.pytestmark[0].args[1])  # type: ignore[attr-defined]


def test_what_the_page_names_is_public(page: Callable[[str], str]) -> None:
    """Everything of a fleet that a plugin's author may call is on the page."""
    text = page(PAGE)
    methods = [
        name
        for name, member in vars(testing.Fleet).items()
        if callable(member) and not name.startswith("_")
    ]
    assert [name for name in methods if name not in text] == []
    assert "Fleet" in testing.__all__
