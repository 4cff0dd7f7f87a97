"""reference/conditions.md explains every condition type and every reason the code can give.

The reasons are collected from the source: whatever is passed as ``reason`` (by name, or where a
function or class takes it) to anything that has a parameter or field of that name.
"""

from __future__ import annotations

import ast
import pathlib
import re
import typing
from collections.abc import Callable, Iterator

from akoo_core.objects import conditions, names, record
from akoo_core.reconcile.status import events

Rows = Callable[[str, str], list[tuple[str, ...]]]
Page = Callable[[str], str]

ROOT = pathlib.Path(__file__).parents[3]
PAGE = "reference/conditions.md"
PLUGINS = ROOT / "plugins"
CAMEL = re.compile(r"^[A-Z][A-Za-z0-9]+$")
NOT_OURS = ("testing", "sandbox", "traces")
"""Packages of akoo_core that say nothing about a cluster: tools for tests and people."""


def modules(folder: pathlib.Path) -> list[ast.Module]:
    files = sorted(folder.rglob("*.py"))
    return [
        ast.parse(file.read_text())
        for file in files
        if not set(NOT_OURS) & set(file.relative_to(folder).parts) and "tests" not in file.parts
    ]


def positions(trees: list[ast.Module]) -> dict[str, int]:
    """Position of the parameter ``reason`` by name of the function or class."""
    position: dict[str, int] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                fields = [line.target for line in node.body if isinstance(line, ast.AnnAssign)]
                named = [field.id for field in fields if isinstance(field, ast.Name)]
                if "reason" in named:
                    position[node.name] = named.index("reason")
                for made in node.body:
                    if isinstance(made, ast.FunctionDef) and made.name == "__init__":
                        _note(position, node.name, made)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                _note(position, node.name, node)
    return position


def _note(
    position: dict[str, int], name: str, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> None:
    arguments = [arg.arg for arg in function.args.args if arg.arg != "self"]
    if "reason" in arguments:
        position[name] = arguments.index("reason")


def constants(node: ast.AST | None, known: dict[str, ast.expr]) -> Iterator[str]:
    """The texts an expression can be: itself, both branches, the values of a name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body, known)
        yield from constants(node.orelse, known)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from constants(value, known)
    elif isinstance(node, ast.Name) and node.id in known:
        rest = {name: value for name, value in known.items() if name != node.id}
        yield from constants(known[node.id], rest)


def assigned(tree: ast.AST) -> dict[str, ast.expr]:
    """The expression assigned to each name of a module; in loops over a dict, its values."""
    known: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
            known[name] = ast.Dict([], [known[name], value]) if name in known else value
        elif isinstance(node, ast.For) and isinstance(node.target, ast.Tuple):
            over = node.iter.func if isinstance(node.iter, ast.Call) else None
            last = node.target.elts[-1]
            if (
                isinstance(over, ast.Attribute)
                and over.attr == "items"
                and isinstance(last, ast.Name)
            ):
                known[last.id] = over.value
    return known


def reasons(trees: list[ast.Module]) -> set[str]:
    takes = positions(trees)
    texts: set[str] = set()
    for tree in trees:
        known = assigned(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                texts |= set(_of_call(node, takes, known))
        for name in ("reason", "REASON"):
            texts |= set(constants(known.get(name), known))
    return {text for text in texts if CAMEL.match(text)}


def _of_call(node: ast.Call, takes: dict[str, int], known: dict[str, ast.expr]) -> Iterator[str]:
    for keyword in node.keywords:
        if keyword.arg == "reason":
            yield from constants(keyword.value, known)
    called = node.func
    name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
    at = takes.get(name)
    if at is not None and len(node.args) > at:
        yield from constants(node.args[at], known)


def types(trees: list[ast.Module]) -> set[str]:
    """Condition types that the core makes by name."""
    kinds = {names.LOAD_BALANCER_READY, "Ready"}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and "Condition" in ast.dump(node.func):
                for keyword in node.keywords:
                    if keyword.arg == "type":
                        kinds |= set(constants(keyword.value, {}))
    return kinds


CORE = modules(ROOT / "akoo_core")
EVENTS = set(typing.get_args(events.Reason))


def documented(table: list[tuple[str, ...]]) -> set[str]:
    return {code for row in table for code in re.findall(r"`(\w+)`", row[0])}


def test_the_collector_sees_what_is_known() -> None:
    collected = reasons(CORE)
    assert {
        "ClusterVanished",
        "VerbFailed",
        "WorkloadReplaced",
        "KubeconfigExecRefused",
    } <= collected
    assert {"ForeignReference", "ObjectsLeft", "SecretMissing", "CRDsMissing"} <= collected


def test_every_reason_of_the_core_and_no_other(rows: Rows) -> None:
    grades = set(typing.get_args(record.FenceGrade))
    let_go = set(typing.get_args(typing.get_type_hints(record.StoredLetGo)["why"]))
    expected = (reasons(CORE) | grades) - EVENTS
    on_page = documented(rows(PAGE, "## Reasons"))
    assert on_page - expected - let_go == set(), "documented, but not in the code"
    assert expected - on_page == set(), "in the code, but not documented"


def test_reasons_of_plugins_are_in_their_readme() -> None:
    for folder in sorted(path for path in PLUGINS.iterdir() if (path / "pyproject.toml").is_file()):
        readme = (folder / "README.md").read_text()
        for reason in reasons(modules(folder)):
            assert f"`{reason}`" in readme, f"{folder.name}: {reason}"


def test_every_condition_type(rows: Rows) -> None:
    on_page = {row[0].strip("`") for row in rows(PAGE, "## Types")}
    assert conditions.type_for_plugin("acme-dns") == "AcmeDnsReady"
    assert on_page == types(CORE) | {"<Plugin>Ready"}


def test_every_reason_says_what_to_do(rows: Rows) -> None:
    assert all(len(row) == 3 and row[1] and row[2] for row in rows(PAGE, "## Reasons"))


def test_plugins_are_linked(page: Page) -> None:
    for folder in PLUGINS.iterdir():
        if (folder / "pyproject.toml").is_file():
            assert f"plugins/{folder.name}/README.md#when-it-goes-wrong" in page(PAGE)
