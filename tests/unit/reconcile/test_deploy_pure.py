"""Order, difference and digest of wanted objects."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core.plugin import api
from akoo_core.reconcile.deploy import drift, inventory, kind_order
from tests.unit.reconcile import deploy_world


def test_kind_order() -> None:
    order = ["Namespace", "CustomResourceDefinition", "ServiceAccount", "ClusterRole"]
    groups = ["v1", "apiextensions.k8s.io/v1", "v1", "rbac.authorization.k8s.io/v1"]
    ranks = [kind_order.rank(*pair) for pair in zip(groups, order, strict=True)]
    assert ranks == sorted(set(ranks))
    unknown = kind_order.rank("example.com/v1", "Namespace")
    assert unknown > kind_order.rank("apps/v1", "StatefulSet"), "only by name a Namespace"


@pytest.mark.parametrize(
    ("wanted", "live", "expected"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["a.b[1]"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
        ({"a": {}}, {}, []),
        ({"a": ""}, {}, []),
        ({"a": False}, {}, ["a"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": 1}, None, ["."]),
    ],
)
def test_differences(wanted: Any, live: Any, expected: list[str]) -> None:
    assert drift.differences(wanted, live) == expected


def test_a_digest_tells_sources_apart_and_holds_no_value() -> None:
    other = api.SecretObject(
        namespace="avi-system",
        name="avi-secret",
        data={"password": api.SecretSource(namespace="akoo", name="other", key="password")},
    )
    first, second = (
        inventory.wanted("r", {"ako": api.Contribution(secrets=(secret,))})[0]
        for secret in (deploy_world.SECRET, other)
    )
    assert first.digest != second.digest
    assert "data" not in first.manifest
