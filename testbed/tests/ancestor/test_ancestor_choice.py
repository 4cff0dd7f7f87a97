"""The ancestor's choice of a config, as its documentation and its tests have it."""

import typing

import pytest
from akoo_testbed.ancestor import choice, objects


def config(name: str, **labels: str) -> objects.Object:
    spec = {"clusterSelector": {"matchLabels": labels}} if labels else {}
    return {"metadata": {"name": name}, "spec": spec}


def cluster(namespace: str = "team-a", **labels: str) -> objects.Object:
    return {"metadata": {"name": "shop", "namespace": namespace, "labels": labels}}


DEFAULT = config(objects.DEFAULT_CONFIG)
NARROW = config(objects.DEFAULT_CONFIG, tier="gold")
OWN = config(objects.MANAGEMENT_CONFIG)
BLUE, GREEN = config("blue", team="a"), config("green", team="a")
OF_GREEN = {objects.LABEL: "green"}
MANAGEMENT = objects.MANAGEMENT_NAMESPACE


@pytest.mark.parametrize(
    ("served", "configs", "expected"),
    [
        (cluster(), [], None),
        (cluster(), [DEFAULT], DEFAULT),
        (cluster(team="a"), [DEFAULT, BLUE], BLUE),
        (cluster(team="b"), [DEFAULT, BLUE], DEFAULT),
        (cluster(team="a"), [BLUE, GREEN], BLUE),
        (cluster(team="a", **OF_GREEN), [BLUE, GREEN], GREEN),
        (cluster(team="b", **OF_GREEN), [DEFAULT, BLUE, GREEN], DEFAULT),
        (cluster(), [NARROW], None),
        (cluster(tier="gold"), [NARROW], NARROW),
        (cluster(), [config("empty")], None),
        (cluster(MANAGEMENT, team="a"), [DEFAULT, BLUE], None),
        (cluster(MANAGEMENT, team="a"), [DEFAULT, BLUE, OWN], OWN),
        (cluster(), [OWN], None),
    ],
)
def test_choice(
    served: objects.Object, configs: list[objects.Object], expected: typing.Any
) -> None:
    assert choice.choose(served, configs) is expected
