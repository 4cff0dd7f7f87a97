"""The config that serves a Cluster: design rules as a table, then properties."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.objects import names
from akoo_core.objects.config import Config, LabelRequirement, LabelSelector, Policies
from akoo_core.reconcile.decide import selection, selectors
from tests.unit.reconcile import reconcile_builders as builders

ALL = LabelSelector()
AVI = LabelSelector(match_labels={"lb": "avi"})
OLDER = builders.NOW - builders.seconds(7200)


def requirement(key: str, operator: str, *values: str) -> LabelSelector:
    requirement = LabelRequirement(key=key, operator=operator, values=values)
    return LabelSelector(match_expressions=(requirement,))


@pytest.mark.parametrize(
    ("case", "configs", "current", "winner", "why"),
    [
        (
            "priority beats everything",
            [
                builders.make_config("a", priority=1),
                builders.make_config("b", priority=2),
            ],
            "a",
            "b",
            '"b" has priority 2, "a" 1',
        ),
        (
            "a selector beats install-ako-for-all without one",
            [
                builders.make_config(names.INSTALL_FOR_ALL, selector=ALL, created=OLDER),
                builders.make_config("custom"),
            ],
            names.INSTALL_FOR_ALL,
            "custom",
            '"custom" has a selector, "install-ako-for-all" has none',
        ),
        (
            "install-ako-for-all with a selector is an ordinary config",
            [
                builders.make_config(names.INSTALL_FOR_ALL, created=OLDER),
                builders.make_config("custom"),
            ],
            "",
            names.INSTALL_FOR_ALL,
            '"install-ako-for-all" is older than "custom"',
        ),
        (
            "the one the record names beats the older",
            [builders.make_config("a", created=OLDER), builders.make_config("b")],
            "b",
            "b",
            '"b" serves this Cluster already',
        ),
        (
            "the older beats the name",
            [builders.make_config("a"), builders.make_config("b", created=OLDER)],
            "",
            "b",
            '"b" is older than "a"',
        ),
        (
            "the name decides at last",
            [builders.make_config("b"), builders.make_config("a")],
            "",
            "a",
            '"a" comes first by name',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_order(case: str, configs: list[Config], current: str, winner: str, why: str) -> None:
    chosen = selection.choose(builders.make_cluster(), configs, current=current)
    assert chosen.config is not None
    assert (chosen.config.name, chosen.why) == (winner, why), case
    (loser,) = chosen.losers
    assert loser.name == next(config.name for config in configs if config.name != winner)
    assert loser.why == why


def test_empty_selector_matches_only_under_the_reserved_name() -> None:
    target = builders.make_cluster()
    ordinary = builders.make_config("everything", selector=ALL)
    assert selection.choose(target, [ordinary]).config is None
    default = builders.make_config(names.INSTALL_FOR_ALL, selector=ALL)
    assert selection.choose(target, [ordinary, default]).config == default


def test_management_config_does_not_take_the_whole_fleet() -> None:
    config = builders.make_config(names.INSTALL_FOR_MANAGEMENT, selector=ALL)
    assert selection.choose(builders.make_cluster(), [config]).config is None


def test_management_clusters_are_served_by_their_own_config_only() -> None:
    target = builders.make_cluster(namespace=names.MANAGEMENT_NAMESPACE)
    others = [
        builders.make_config("custom", priority=9),
        builders.make_config(names.INSTALL_FOR_ALL, selector=ALL),
    ]
    none = selection.choose(target, others)
    assert none.config is None
    assert "install-ako-for-management-cluster" in none.why
    own = builders.make_config(names.INSTALL_FOR_MANAGEMENT, selector=ALL)
    assert selection.choose(target, [*others, own]).config == own


def test_opt_out_beats_a_match() -> None:
    target = builders.make_cluster(annotations={names.OPT_OUT_ANNOTATION: ""})
    chosen = selection.choose(target, [builders.make_config()], current="default")
    assert chosen.config is None
    assert chosen.why == "annotation akoo.io/opt-out is set"
    assert chosen.current == "Present"


@pytest.mark.parametrize(
    ("configs", "unreadable", "state"),
    [
        ([builders.make_config()], (), "Present"),
        ([builders.make_config(deleting=True)], (), "Deleting"),
        ([], (), "Missing"),
        ([], (selection.Unreadable(name="default", problem="spec.priority: x"),), "Unusable"),
        ([builders.make_config(selector=requirement("lb", "Fits", "x"))], (), "Unusable"),
    ],
)
def test_what_has_become_of_the_current_config(
    configs: list[Config],
    unreadable: tuple[selection.Unreadable, ...],
    state: selection.ConfigState,
) -> None:
    chosen = selection.choose(
        builders.make_cluster(), configs, unreadable=unreadable, current="default"
    )
    assert chosen.current == state


def test_unusable_configs_match_nothing_and_are_reported() -> None:
    configs = [
        builders.make_config("wrong", selector=requirement("lb", "In")),
        builders.make_config("late", policies=Policies(deadline="soon")),
    ]
    chosen = selection.choose(builders.make_cluster(), configs)
    assert chosen.config is None
    late, wrong = chosen.problems
    assert wrong == "wrong: spec.clusterSelector: matchExpressions: In on 'lb' needs values"
    assert late.startswith("late: spec.deadline: 'soon' is not a duration")


def test_a_config_in_deletion_matches_nothing() -> None:
    chosen = selection.choose(builders.make_cluster(), [builders.make_config(deleting=True)])
    assert chosen.config is None


@pytest.mark.parametrize(
    ("selector", "labels", "expected"),
    [
        (requirement("lb", "In", "avi", "nsx"), {"lb": "nsx"}, True),
        (requirement("lb", "In", "avi"), {}, False),
        (requirement("lb", "NotIn", "avi"), {}, True),
        (requirement("lb", "NotIn", "avi"), {"lb": "avi"}, False),
        (requirement("lb", "Exists"), {"lb": ""}, True),
        (requirement("lb", "DoesNotExist"), {"lb": ""}, False),
        (requirement("lb", "DoesNotExist"), {}, True),
        (requirement("lb", "in", "avi"), {"lb": "avi"}, False),
        (requirement("lb", "Exists", "avi"), {"lb": "avi"}, False),
        (requirement("", "Exists"), {"": ""}, False),
        (LabelSelector(match_labels={"a/b/c": "x"}), {"a/b/c": "x"}, False),
        (LabelSelector(match_labels={"lb": "avi", "env": "x"}), {"lb": "avi"}, False),
        (LabelSelector(match_labels={"example.com/lb": ""}), {"example.com/lb": ""}, True),
    ],
)
def test_label_selector(selector: LabelSelector, labels: dict[str, str], expected: bool) -> None:
    assert selectors.matches(selector, labels) is expected


_NAMES = st.sampled_from(["a", "b", "c", names.INSTALL_FOR_ALL, names.INSTALL_FOR_MANAGEMENT])
_CONFIGS = st.lists(
    st.builds(
        builders.make_config,
        _NAMES,
        priority=st.integers(-1, 1),
        deleting=st.booleans(),
        created=st.sampled_from([builders.NOW, OLDER]),
        selector=st.sampled_from([ALL, AVI, requirement("lb", "Exists"), requirement("x", "?")]),
    ),
    max_size=5,
    unique_by=lambda config: config.name,
)


@given(_CONFIGS, st.randoms(use_true_random=False), _NAMES, st.sampled_from(["demo", "tkg-system"]))
def test_the_order_of_configs_does_not_matter(
    configs: list[Config], random: object, current: str, namespace: str
) -> None:
    target = builders.make_cluster(namespace=namespace)
    shuffled = list(configs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    chosen = selection.choose(target, configs, current=current)
    assert selection.choose(target, shuffled, current=current) == chosen
    if chosen.config is not None:
        assert selection.matches(chosen.config, target)
        assert not chosen.config.deleting
        again = selection.choose(target, configs, current=chosen.config.name)
        assert again.config == chosen.config, "a choice is stable once the record names it"
    assert chosen.why


class Explodes(dict[str, str]):
    """Labels of a selector that nobody foresaw."""

    def items(self) -> Any:
        raise OverflowError("too large")


EXPLODES = Explodes(lb="avi")


@pytest.mark.parametrize(
    "strange",
    [
        builders.make_config("strange", policies=Policies(deadline="99999999999999h")),
        builders.make_config("strange", policies=Policies(drain_timeout="9" * 31 + "s")),
        builders.make_config("strange", policies=Policies(quiet_period="8785h")),
        builders.make_config("strange", selector=LabelSelector(match_labels=Explodes(a="b"))),
        builders.make_config("strange", selector=requirement("lb", "\udce9")),
        builders.make_config("strange", selector=requirement("a." * 100_000 + "!/x", "Exists")),
    ],
    ids=["deadline", "drain timeout", "quiet period", "labels", "operator", "key"],
)
def test_one_strange_config_is_its_own_problem(strange: Config) -> None:
    """Every attempt looks at every config: an exception in one would stop all Clusters."""
    for target in (builders.make_cluster(), builders.make_cluster(labels={})):
        chosen = selection.choose(target, [strange, builders.make_config()], current="default")
        assert chosen.current == "Present"
        assert (chosen.config is not None) is bool(target.labels)
        assert [problem.partition(":")[0] for problem in chosen.problems] == ["strange"]
        assert not selection.fits(strange, target)
    assert selection.problem(strange)


def test_a_config_that_raises_when_it_is_read_is_unreadable() -> None:
    for odd in (
        {},
        {"spec": {"priority": "high"}},
        {"spec": {"clusterSelector": {"matchLabels": 1}}},
    ):
        read = selection.read({"metadata": {"name": "odd"}, **odd})
        assert isinstance(read, selection.Unreadable)
        assert read.problem
