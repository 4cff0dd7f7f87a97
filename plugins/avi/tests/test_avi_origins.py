"""Origins: the objects of Kubernetes that objects on Avi were made for."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from akoo_avi.ownership import origins
from akoo_avi.ownership.origins import MarkedObject, Origin

SHOP = Origin("Service", "team-a", "shop")


def marked(**markers: list[str]) -> dict[str, Any]:
    return {"markers": [{"key": key, "values": values} for key, values in markers.items()]}


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (marked(clustername=["x"]), ()),
        (marked(Namespace=["team-a"], Host=["a.example.com"]), ()),
        (marked(ServiceName=["shop"]), ()),
        (marked(Namespace=["team-a"], ServiceName=["shop"]), ({SHOP},)),
        (
            marked(Namespace=["a", "b"], IngressName=["web"]),
            (
                {
                    Origin(kind, namespace, "web")
                    for kind in ("Ingress", "Route")
                    for namespace in ("a", "b")
                },
            ),
        ),
        (
            marked(GatewayNamespace=["a"], GatewayName=["gw"]),
            ({Origin("Gateway", "a", "gw")},),
        ),
        (
            marked(
                HTTPRouteNamespace=["a"], HTTPRouteName=["r"], BackendNs=["b"], BackendName=["s"]
            ),
            ({Origin("HTTPRoute", "a", "r")}, {Origin("Service", "b", "s")}),
        ),
        (marked(InfrasettingName=["gold"]), ({Origin("AviInfraSetting", "", "gold")},)),
        (
            {"service_metadata": json.dumps({"namespace_svc_name": ["team-a/shop"]})},
            ({SHOP},),
        ),
        (
            {"service_metadata": json.dumps({"gateway": "a/gw", "hostnames": ["a/b"]})},
            ({Origin("Gateway", "a", "gw")},),
        ),
        ({"service_metadata": "no JSON"}, ()),
        ({"service_metadata": "[" * 90_000}, ()),
        ({"service_metadata": json.dumps(["team-a/shop"])}, ()),
        ({"service_metadata": json.dumps({"gateway": ["", "x", 7, None]})}, ()),
        ({"service_metadata": json.dumps({"gateway": "a/" + "g" * origins.METADATA_LIMIT})}, ()),
    ],
)
def test_origins_are_read_from_markers_and_metadata(
    body: dict[str, Any], names: tuple[set[Origin], ...]
) -> None:
    assert origins.of(body) == tuple(map(frozenset, names))


def test_the_origins_of_one_object_are_bounded() -> None:
    many = [f"a/s{number}" for number in range(origins.NAMES_LIMIT + 5)]
    body = {"service_metadata": json.dumps({"gateway": many})}
    assert len(origins.of(body)) == origins.NAMES_LIMIT


def test_an_origin_in_words() -> None:
    assert str(SHOP) == "Service team-a/shop"
    assert str(Origin("AviInfraSetting", "", "gold")) == "AviInfraSetting gold"


NAMES = st.sampled_from([Origin("Service", "n", letter) for letter in "abcd"])


@st.composite
def graphs(draw: st.DrawFn) -> list[MarkedObject]:
    size = draw(st.integers(0, 7))
    keys = [("pool", str(number)) for number in range(size)]
    return [
        MarkedObject(
            key=key,
            label=f"P{key[1]}",
            targets=draw(st.frozensets(st.sampled_from([*keys, ("pool", "foreign")]), max_size=3)),
            origins=tuple(draw(st.lists(st.frozensets(NAMES, min_size=1, max_size=2), max_size=2))),
        )
        for key in keys
    ]


def reached(objects: list[MarkedObject], first: MarkedObject) -> list[MarkedObject]:
    """The objects that references connect with the first, slowly."""
    group = [first]
    while True:
        more = [
            obj
            for obj in objects
            if obj not in group
            and any(obj.key in each.targets or each.key in obj.targets for each in group)
        ]
        if not more:
            return group
        group += more


@hypothesis.given(graphs(), st.frozensets(NAMES))
def test_nothing_but_what_was_shown_counts_as_the_clusters(
    objects: list[MarkedObject], there: frozenset[Origin]
) -> None:
    lines = origins.strangers(objects, there)
    exclusive = all(
        all(names & there for each in reached(objects, obj) for names in each.origins)
        and any(each.origins for each in reached(objects, obj))
        for obj in objects
    )
    assert (lines == ()) == exclusive
    wrong = {obj.label for obj in objects if any(not names & there for names in obj.origins)}
    assert wrong <= {line.split()[0] for line in lines}
    assert list(lines) == sorted(lines)


@hypothesis.given(graphs())
def test_the_kinds_that_have_to_be_read(objects: list[MarkedObject]) -> None:
    named = any(obj.origins for obj in objects)
    assert origins.kinds_of(objects) == (frozenset({"Service"}) if named else frozenset())
