"""Small rules of the kubelet: placement, switches, AKO's reactions, Nodes."""

import base64
import datetime
import typing

import hypothesis
import hypothesis.strategies as st
import pytest
from akoo_testbed.kubelet import ako, nodes, references, scheduling
from akoo_testbed.kubelet.options import AkoAnswer, KubeletOptions, switched

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
Object = dict[str, typing.Any]
TAINT = {"key": "k", "value": "v", "effect": "NoSchedule"}


def node(name: str, labels: dict[str, str] | None = None, **spec: typing.Any) -> Object:
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": spec}


def test_the_least_loaded_node_wins_and_names_break_ties() -> None:
    pod: Object = {"metadata": {}, "spec": {}}
    three = [node("c"), node("b"), node("a")]
    assert scheduling.choose(pod, three, {"a": 1}) == "b"
    assert scheduling.choose(pod, [], {}) is None


@pytest.mark.parametrize(
    ("toleration", "fits"),
    [
        (None, False),
        ({"operator": "Exists"}, True),
        ({"key": "k", "operator": "Exists"}, True),
        ({"key": "k", "value": "v"}, True),
        ({"key": "k", "value": "w"}, False),
        ({"key": "j", "operator": "Exists"}, False),
        ({"key": "k", "operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_taints_and_tolerations(toleration: Object | None, *, fits: bool) -> None:
    pod: Object = {"metadata": {}, "spec": {"tolerations": [toleration] if toleration else []}}
    assert (scheduling.choose(pod, [node("n", taints=[TAINT])], {}) == "n") is fits


def test_node_selector() -> None:
    pod: Object = {"metadata": {}, "spec": {"nodeSelector": {"disk": "ssd"}}}
    assert scheduling.choose(pod, [node("a"), node("b", {"disk": "ssd"})], {}) == "b"


@pytest.mark.parametrize(
    "spec", [{"nodeName": "n"}, {"schedulingGates": [{"name": "g"}]}, {"schedulerName": "other"}]
)
def test_pods_that_are_not_for_us_to_place(spec: Object) -> None:
    assert not scheduling.is_waiting({"metadata": {}, "spec": spec})
    assert scheduling.is_waiting({"metadata": {}, "spec": {"schedulerName": "default-scheduler"}})


def test_switches_win_over_options_and_nonsense_is_ignored() -> None:
    options = KubeletOptions(start_seconds=7)
    data = {"ako-answer": "never", "ako-seconds": "1.5", "start-seconds": "soon", "other": "x"}
    assert switched(options, {"data": data}) == KubeletOptions(
        start_seconds=7, ako_answer=AkoAnswer.NEVER, ako_seconds=1.5
    )
    assert switched(options, None) == options
    assert switched(options, {}) == options


@pytest.mark.parametrize(
    ("before", "wanted", "reaction"),
    [
        (None, False, ako.Reaction(clear=True)),
        (None, True, ako.Reaction(finish=True)),
        (False, True, ako.Reaction(started=True, finish=True)),
        (True, False, ako.Reaction(clear=True)),
        (True, True, ako.Reaction()),
        (False, False, ako.Reaction()),
    ],
)
def test_ako_reactions(before: bool | None, *, wanted: bool, reaction: ako.Reaction) -> None:
    assert ako.react(before, wanted) == reaction


def encoded(**values: str) -> Object:
    return {
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    }


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        (None, "not found"),
        ({}, "no username"),
        (encoded(username="u"), "neither password nor authtoken"),
        (encoded(username="u", password=""), "neither password nor authtoken"),
        (encoded(password="p"), "no username"),
        (encoded(username="u", password="p"), None),
        (encoded(username="u", authtoken="t"), None),
    ],
)
def test_what_ako_needs_to_log_in(secret: Object | None, problem: str | None) -> None:
    trouble = ako.credential_problem(secret)
    assert trouble is None if problem is None else problem in (trouble or "")


def test_volumes_and_env_from() -> None:
    pod: Object = {
        "spec": {
            "volumes": [
                {
                    "name": "t",
                    "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]},
                },
                {"name": "v", "secret": {"secretName": "s"}},
            ]
        }
    }
    problem = references.volume_problem(pod, lambda kind, name: None)
    assert problem == references.Problem(
        "ContainerCreating", 'MountVolume.SetUp failed for volume "v" : secret "s" not found'
    )
    container: Object = {"envFrom": [{"secretRef": {"name": "s"}}]}
    trouble = references.environment_problem(container, "ns", lambda kind, name: None)
    assert trouble == references.Problem("CreateContainerConfigError", 'secret "s" not found')


taint_lists = st.lists(
    st.sampled_from([TAINT, {"key": nodes.UNREACHABLE_TAINT, "effect": "NoSchedule"}]), max_size=3
)


@hypothesis.given(taint_lists)
def test_taints_come_and_go_without_touching_others(taints: list[Object]) -> None:
    lost = nodes.lost_taints(taints)
    assert nodes.lost_taints(lost) == lost
    assert nodes.working_taints(lost) == [t for t in taints if t == TAINT]


def test_addresses_are_private_and_stable() -> None:
    assert nodes.address_of("a") == nodes.address_of("a") != nodes.address_of("b")
    assert nodes.address_of("a").startswith("10.")
