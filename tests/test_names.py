"""Names are nouns, and docstrings begin with a noun or a verb: docs/contributing/style.md."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).parent.parent
EVERYWHERE = frozenset({"one", "told", "said", "what", "given", "found"})
"""They fit every value, so they say nothing of it."""
IN_THE_CORE = frozenset({"target", "work"})
"""A Cluster is a ``cluster``, an attempt is an ``attempt``."""
QUESTIONS = ("What", "Whether", "Where", "Which", "Who", "Whose", "How", "Why", "When")
PRODUCT = ("akoo_core", "plugins/ako/akoo_ako", "plugins/avi/akoo_avi")
TESTS = ("plugins/ako/tests", "plugins/avi/tests", "testbed", "tests", "benchmarks", "examples")
NAMES_LEFT: tuple[str, ...] = (
    "akoo_core/app/",
    "akoo_core/bus/",
    "akoo_core/cli/",
    "akoo_core/election/",
    "akoo_core/external.py",
    "akoo_core/health/",
    "akoo_core/kube/",
    "akoo_core/objects/",
    "akoo_core/plugin/",
    "akoo_core/plugin_host/",
    "akoo_core/queue/",
    "akoo_core/reconcile/",
    "akoo_core/sandbox/",
    "akoo_core/settings/",
    "akoo_core/telemetry/",
    "akoo_core/testing/",
    "akoo_core/traces/",
    "benchmarks/fleet_bed.py",
    "benchmarks/fleet_copies.py",
    "benchmarks/fleet_operator.py",
    "benchmarks/fleet_rest.py",
    "benchmarks/observing.py",
    "benchmarks/operator.py",
    "benchmarks/reconciles.py",
    "benchmarks/resting.py",
    "benchmarks/watching.py",
    "examples/third_party/",
    "plugins/ako/akoo_ako/checks.py",
    "plugins/ako/akoo_ako/credential.py",
    "plugins/ako/akoo_ako/definitions/",
    "plugins/ako/akoo_ako/desired.py",
    "plugins/ako/akoo_ako/drain.py",
    "plugins/ako/akoo_ako/environment.py",
    "plugins/ako/akoo_ako/family.py",
    "plugins/ako/akoo_ako/fence.py",
    "plugins/ako/akoo_ako/mapping.py",
    "plugins/ako/akoo_ako/networks.py",
    "plugins/ako/akoo_ako/objects.py",
    "plugins/ako/akoo_ako/observe.py",
    "plugins/ako/akoo_ako/others.py",
    "plugins/ako/akoo_ako/plugin.py",
    "plugins/ako/akoo_ako/pods.py",
    "plugins/ako/akoo_ako/rbac.py",
    "plugins/ako/akoo_ako/starts.py",
    "plugins/ako/akoo_ako/statefulset.py",
    "plugins/ako/akoo_ako/versions.py",
    "plugins/ako/akoo_ako/workload.py",
    "plugins/ako/tests/component/",
    "plugins/ako/tests/conftest.py",
    "plugins/ako/tests/test_ako_blocked.py",
    "plugins/ako/tests/test_ako_gates.py",
    "plugins/ako/tests/test_ako_kinds.py",
    "plugins/ako/tests/test_ako_leaving.py",
    "plugins/ako/tests/test_ako_objects.py",
    "plugins/ako/tests/test_ako_observe.py",
    "plugins/ako/tests/test_ako_others.py",
    "plugins/ako/tests/test_ako_plugin.py",
    "plugins/ako/tests/test_ako_properties.py",
    "plugins/ako/tests/test_ako_starts.py",
    "plugins/ako/tests/test_ako_values.py",
    "plugins/avi/akoo_avi/cleanup/",
    "plugins/avi/akoo_avi/client/",
    "plugins/avi/akoo_avi/connect/",
    "plugins/avi/akoo_avi/controllers/",
    "plugins/avi/akoo_avi/health/",
    "plugins/avi/akoo_avi/ownership/",
    "plugins/avi/akoo_avi/place/",
    "plugins/avi/akoo_avi/plan.py",
    "plugins/avi/akoo_avi/plugin.py",
    "plugins/avi/akoo_avi/pools/",
    "plugins/avi/akoo_avi/spec/",
    "plugins/avi/akoo_avi/testing/",
    "plugins/avi/tests/client/",
    "plugins/avi/tests/life/",
    "plugins/avi/tests/test_avi_busy.py",
    "plugins/avi/tests/test_avi_controllers.py",
    "plugins/avi/tests/test_avi_kept_controllers.py",
    "plugins/avi/tests/test_avi_observe.py",
    "plugins/avi/tests/test_avi_ownership.py",
    "plugins/avi/tests/test_avi_passes.py",
    "plugins/avi/tests/test_avi_permissions.py",
    "plugins/avi/tests/test_avi_planned.py",
    "plugins/avi/tests/test_avi_pool_crashes.py",
    "plugins/avi/tests/test_avi_pool_expected.py",
    "plugins/avi/tests/test_avi_pool_plan.py",
    "plugins/avi/tests/test_avi_pool_real.py",
    "plugins/avi/tests/test_avi_pool_storms.py",
    "plugins/avi/tests/test_avi_pool_tenants.py",
    "plugins/avi/tests/test_avi_pools.py",
    "plugins/avi/tests/test_avi_slow.py",
    "plugins/avi/tests/test_avi_sweep.py",
    "plugins/avi/tests/test_avi_sweep_akosim.py",
    "plugins/avi/tests/test_avi_sweep_properties.py",
    "plugins/avi/tests/test_avi_taken_up.py",
    "plugins/avi/tests/test_avi_verify.py",
    "testbed/akoo_testbed/akosim/",
    "testbed/akoo_testbed/avisim/",
    "testbed/akoo_testbed/chains.py",
    "testbed/akoo_testbed/emptying.py",
    "testbed/akoo_testbed/figures.py",
    "testbed/akoo_testbed/gobuild.py",
    "testbed/akoo_testbed/kubelet/",
    "testbed/akoo_testbed/kuberest.py",
    "testbed/akoo_testbed/parts/",
    "testbed/akoo_testbed/pytest.py",
    "testbed/akoo_testbed/switching.py",
    "testbed/akoo_testbed/toolchain.py",
    "testbed/akoo_testbed/waiting.py",
    "testbed/tests/akosim/",
    "testbed/tests/avisim/",
    "testbed/tests/kubelet/",
    "testbed/tests/provider/",
    "testbed/tests/test_bed.py",
    "testbed/tests/test_build.py",
    "testbed/tests/test_gobuild.py",
    "testbed/tests/test_kubeapi.py",
    "testbed/tests/test_supervisor.py",
    "testbed/tests/test_up.py",
    "tests/avi/",
    "tests/commands.py",
    "tests/component/app/",
    "tests/component/deploy/",
    "tests/component/election/",
    "tests/component/kube/",
    "tests/component/moves/",
    "tests/component/plugins/",
    "tests/component/reconcile/",
    "tests/e2e/",
    "tests/fire/",
    "tests/sim/",
    "tests/stories/",
    "tests/unit/api/",
    "tests/unit/app/",
    "tests/unit/bus/",
    "tests/unit/cache/",
    "tests/unit/cli/",
    "tests/unit/deploy/",
    "tests/unit/docs/",
    "tests/unit/election/",
    "tests/unit/health/",
    "tests/unit/kube/",
    "tests/unit/plugins/",
    "tests/unit/queue/",
    "tests/unit/reconcile/",
    "tests/unit/settings/",
    "tests/unit/telemetry/",
    "tests/unit/testing/",
    "tests/unit/traces/",
)
"""Folders and files that still have such names. The list only gets shorter."""
DOCSTRINGS_LEFT: tuple[str, ...] = (
    "akoo_core/app/",
    "akoo_core/bus/",
    "akoo_core/cache/",
    "akoo_core/cli/",
    "akoo_core/clock.py",
    "akoo_core/election/",
    "akoo_core/external.py",
    "akoo_core/health/",
    "akoo_core/kube/",
    "akoo_core/objects/",
    "akoo_core/plugin/",
    "akoo_core/plugin_host/",
    "akoo_core/queue/",
    "akoo_core/reconcile/",
    "akoo_core/sandbox/",
    "akoo_core/settings/",
    "akoo_core/telemetry/",
    "akoo_core/testing/",
    "akoo_core/traces/",
    "plugins/ako/akoo_ako/checks.py",
    "plugins/ako/akoo_ako/crds.py",
    "plugins/ako/akoo_ako/desired.py",
    "plugins/ako/akoo_ako/drain.py",
    "plugins/ako/akoo_ako/environment.py",
    "plugins/ako/akoo_ako/family.py",
    "plugins/ako/akoo_ako/fence.py",
    "plugins/ako/akoo_ako/mapping.py",
    "plugins/ako/akoo_ako/observe.py",
    "plugins/ako/akoo_ako/options.py",
    "plugins/ako/akoo_ako/others.py",
    "plugins/ako/akoo_ako/pods.py",
    "plugins/ako/akoo_ako/refusal.py",
    "plugins/ako/akoo_ako/starts.py",
    "plugins/ako/akoo_ako/versions.py",
    "plugins/ako/akoo_ako/workload.py",
    "plugins/avi/akoo_avi/cleanup/",
    "plugins/avi/akoo_avi/client/",
    "plugins/avi/akoo_avi/connect/",
    "plugins/avi/akoo_avi/controllers/",
    "plugins/avi/akoo_avi/health/",
    "plugins/avi/akoo_avi/ownership/",
    "plugins/avi/akoo_avi/place/",
    "plugins/avi/akoo_avi/plan.py",
    "plugins/avi/akoo_avi/pools/",
    "plugins/avi/akoo_avi/rights.py",
    "plugins/avi/akoo_avi/spec/",
)


def files(*folders: str) -> Iterator[pathlib.Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ".venv" not in path.parts:
                yield path


def bound(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each parameter, variable and attribute that the code binds."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def vague(source: str, refused: frozenset[str]) -> list[str]:
    """``line: name`` of each binding with a refused name."""
    return [f"{line}: {name}" for line, name in bound(ast.parse(source)) if name in refused]


def questions(source: str) -> list[str]:
    """``line: first words`` of each docstring that begins like a question.

    The text below an assignment (of a constant, of a field) counts as a docstring, too.
    """
    return [
        f"{node.lineno}: {node.value.value[:40]}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and node.value.value.strip().partition(" ")[0].rstrip(",") in QUESTIONS
    ]


def left(path: pathlib.Path, prefixes: tuple[str, ...]) -> str:
    """The entry of an allow list that covers the file; "" for none."""
    name = str(path.relative_to(ROOT))
    return next((prefix for prefix in prefixes if name.startswith(prefix)), "")


def test_names_are_nouns() -> None:
    problems: dict[str, list[str]] = {}
    covered = set()
    for path in files(*PRODUCT, *TESTS):
        in_core = path.is_relative_to(ROOT / "akoo_core")
        names = vague(path.read_text(), EVERYWHERE | (IN_THE_CORE if in_core else frozenset()))
        if names and (entry := left(path, NAMES_LEFT)):
            covered.add(entry)
        elif names:
            problems[str(path.relative_to(ROOT))] = names
    assert problems == {}
    assert covered == set(NAMES_LEFT), "take what is clean off the list"


def test_docstrings_begin_with_a_noun_or_a_verb() -> None:
    problems: dict[str, list[str]] = {}
    covered = set()
    for path in files(*PRODUCT):
        texts = questions(path.read_text())
        if texts and (entry := left(path, DOCSTRINGS_LEFT)):
            covered.add(entry)
        elif texts:
            problems[str(path.relative_to(ROOT))] = texts
    assert problems == {}
    assert covered == set(DOCSTRINGS_LEFT), "take what is clean off the list"


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
    ],
)
def test_each_way_to_bind_a_name_is_seen(source: str) -> None:
    assert vague(source, frozenset({"one"})) == [f"{source.count(chr(10)) + 1}: one"]


def test_docstrings_of_all_kinds_are_seen() -> None:
    source = (
        '"""What it is."""\nclass A:\n    """Whether so."""\n    x: int\n    """How often."""\n'
    )
    assert len(questions(source)) == 3
    assert questions('"""Whatever comes."""\n"""A noun."""') == []
