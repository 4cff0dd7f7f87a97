"""Names are nouns, and docstrings begin with a noun or a verb: docs/contributing/style.md."""

from __future__ import annotations

import ast
import functools
import pathlib
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.xdist_group("names")
"""In one worker, which parses each file once for all of them."""

ROOT = pathlib.Path(__file__).parent.parent
EVERYWHERE = frozenset({"one", "told", "said", "what", "given", "found"})
"""They fit every value, so they say nothing of it."""
IN_THE_CORE = frozenset({"target", "work"})
"""A Cluster is a ``cluster``, an attempt is an ``attempt``."""
SHARED_CLASS_NAMES = {
    "plugins/vsphere/akoo_vsphere": {
        "Fault": "an answer of vCenter; in testing, the one that makes the simulator give it",
        "Inventory": "the answer of vCenter; in testing, the simulated state behind it",
        "Spec": "each is the spec of its kind",
        "Status": "each is the status of its kind",
        "Switch": "the switch as it is read, and as the status shows it",
    },
}
"""By package: class names that several files have, each with the reason."""
QUESTIONS = ("What", "Whether", "Where", "Which", "Who", "Whose", "How", "Why", "When")
PRODUCT = (
    "akoo_core",
    "plugins/ako/akoo_ako",
    "plugins/avi/akoo_avi",
    "plugins/tenancy/akoo_tenancy",
    "plugins/vsphere/akoo_vsphere",
)
TESTS = (
    "plugins/ako/tests",
    "plugins/avi/tests",
    "plugins/tenancy/tests",
    "plugins/vsphere/tests",
    "testbed",
    "tests",
    "benchmarks",
    "examples",
)


def files(*folders: str) -> Iterator[pathlib.Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ".venv" not in path.parts:
                yield path


@functools.cache
def nodes(path: pathlib.Path) -> list[ast.AST]:
    """All nodes of a file, which several tests read."""
    return list(ast.walk(ast.parse(path.read_text())))


def nodes_of(source: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(source)))


def values(tree: list[ast.AST]) -> Iterator[tuple[int, str]]:
    """Line and name of each parameter, variable and attribute that the code binds."""
    for node in tree:
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def definitions(tree: list[ast.AST]) -> Iterator[tuple[int, str]]:
    """Line and name of each function and class."""
    for node in tree:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def vague(tree: list[ast.AST], refused: frozenset[str]) -> list[str]:
    """``line: name`` of each binding with a refused name; underscores around it do not help."""
    return [f"{line}: {name}" for line, name in values(tree) if name.strip("_") in refused]


def vague_definitions(tree: list[ast.AST]) -> list[str]:
    """``line: name`` of each function and class with a refused name."""
    return [
        f"{line}: {name}"
        for line, name in definitions(tree)
        if name.strip("_").lower() in EVERYWHERE
    ]


def questions(tree: list[ast.AST]) -> list[str]:
    """``line: first words`` of each docstring that begins like a question.

    The text below an assignment (of a constant, of a field) counts as a docstring, too.
    """
    return [
        f"{node.lineno}: {node.value.value[:40]}"
        for node in tree
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and node.value.value.strip().partition(" ")[0].rstrip(",") in QUESTIONS
    ]


def test_names_are_nouns() -> None:
    problems = {}
    for path in files(*PRODUCT, *TESTS):
        in_core = path.is_relative_to(ROOT / "akoo_core")
        names = vague(nodes(path), EVERYWHERE | (IN_THE_CORE if in_core else frozenset()))
        names += vague_definitions(nodes(path))
        if names:
            problems[str(path.relative_to(ROOT))] = names
    assert problems == {}


def renamed(tree: list[ast.AST]) -> list[str]:
    """``line: name`` of each import that a trailing underscore sets apart from a variable."""
    return [
        f"{node.lineno}: {name.asname}"
        for node in tree
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
        if name.asname and name.asname.endswith("_")
    ]


def test_no_import_needs_an_underscore() -> None:
    """Types are imported by name: that leaves the noun to the value."""
    assert renamed(nodes_of("from a import b as b_\nimport c as c_\nimport d as e")) == [
        "1: b_",
        "2: c_",
    ]
    names = {str(path): renamed(nodes(path)) for path in files(*PRODUCT)}
    assert {path: lines for path, lines in names.items() if lines} == {}


def classes(*folders: str) -> dict[str, list[str]]:
    """The files of each public class by its name."""
    by_name: dict[str, list[str]] = {}
    for path in files(*folders):
        for node in nodes(path):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                by_name.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    return by_name


@pytest.mark.parametrize("package", PRODUCT)
def test_a_class_name_stands_for_one_thing(package: str) -> None:
    """Packages of plugins are apart: none imports another."""
    shared = {name: paths for name, paths in classes(package).items() if len(paths) > 1}
    allowed = SHARED_CLASS_NAMES.get(package, {})
    assert shared.keys() == allowed.keys(), f"rename, or give a reason: {shared}"


def test_docstrings_begin_with_a_noun_or_a_verb() -> None:
    texts = {str(path): questions(nodes(path)) for path in files(*PRODUCT, *TESTS)}
    assert {path: lines for path, lines in texts.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "def f(one): ...",
        "lambda one: 1",
        "for one in (): ...",
        "[one for one in ()]",
        "one = 1",
        "class A:\n    one: int",
        "x.one = 1",
        "with open('') as one: ...",
        "(one := 1)",
        "for a, (one, b) in (): ...",
        "_one = 1",
        "one_ = 1",
    ],
)
def test_each_way_to_bind_a_name_is_seen(source: str) -> None:
    (problem,) = vague(nodes_of(source), frozenset({"one"}))
    assert problem.startswith(f"{source.count(chr(10)) + 1}: ")


@pytest.mark.parametrize(
    "source",
    ["def one(): ...", "async def _one(): ...", "class One: ...", "class A:\n def one(self): ..."],
)
def test_each_definition_is_seen(source: str) -> None:
    assert len(vague_definitions(nodes_of(source))) == 1


def test_docstrings_of_all_kinds_are_seen() -> None:
    source = (
        '"""What it is."""\nclass A:\n    """Whether so."""\n    x: int\n    """How often."""\n'
    )
    assert len(questions(nodes_of(source))) == 3
    assert questions(nodes_of('"""Whatever comes."""\n"""A noun."""')) == []
