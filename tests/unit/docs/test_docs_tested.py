"""Every promise of the reference has a test: every hook with every argument, every value that
plugins give or get, every fact of the core, every metric."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
from collections.abc import Callable

import pytest

from akoo_core import structs
from akoo_core.plugin import api
from akoo_core.plugin_host.hooks import HOOKS
from akoo_core.telemetry import metrics

Rows = Callable[[str, str], list[tuple[str, ...]]]

ROOT = pathlib.Path(__file__).parents[3]
FOLDERS = ("tests", "plugins/*/tests", "examples/*/tests")
PAGE = "reference/metrics.md"


@functools.cache
def sources() -> dict[str, str]:
    """Every test's source but this one's, by path."""
    paths = [path for folder in FOLDERS for path in ROOT.glob(f"{folder}/**/*.py")]
    return {str(path): path.read_text() for path in paths if path != pathlib.Path(__file__)}


@functools.cache
def implementations() -> dict[str, set[str]]:
    """By hook, the arguments that implementations in tests take."""
    arguments: dict[str, set[str]] = {}
    for text in sources().values():
        if "hookimpl" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in HOOKS:
                taken = {arg.arg for arg in node.args.args} - {"self"}
                arguments.setdefault(node.name, set()).update(taken)
    return arguments


@functools.cache
def words() -> set[str]:
    """Every name in every test."""
    names = set(re.findall(r"\w+", "\n".join(sources().values())))
    # Tests put the common beginning of some before them.
    return names | {f"controller_runtime_{name}" for name in names}


def values() -> list[str]:
    """The structs of the contract."""
    return [
        name
        for name, kind in vars(api).items()
        if isinstance(kind, type) and issubclass(kind, structs.Struct) and name in api.__all__
    ]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_implemented_with_every_argument(hook: str) -> None:
    assert set(HOOKS[hook].arguments) <= implementations().get(hook, set())
    assert hook in implementations()


@pytest.mark.parametrize("name", values())
def test_every_value_is_used(name: str) -> None:
    assert any(f"api.{name}" in text for text in sources().values())


def test_every_metric_is_looked_at(rows: Rows) -> None:
    constants = {
        next(iter(metric.describe())).name: name
        for name, metric in vars(metrics).items()
        if not isinstance(metric, type) and hasattr(metric, "describe")
    }
    documented = {row[0].strip("`").removesuffix("_total") for row in rows(PAGE, "")}

    def looked_at(name: str) -> bool:
        names = {name, constants.get(name, "")}
        names |= {f"{name}_{part}" for part in ("total", "count", "sum", "bucket")}
        return bool(names & words())

    assert [metric for metric in sorted(documented) if not looked_at(metric)] == []
