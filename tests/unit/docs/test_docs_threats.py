"""Every promise about people who do not trust each other has a test, and rights are as
documented."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
PAGE = "explanation/threats.md"
ACTORS = (
    "## The author of a Cluster",
    "## The author of an AKODeploymentConfig",
    "## The administrator of a workload cluster",
)

Rows = Callable[[str, str], list[tuple[str, ...]]]


@pytest.mark.parametrize("actor", ACTORS)
def test_every_row_names_a_test_that_exists(rows: Rows, actor: str) -> None:
    listed = rows(PAGE, actor)
    assert len(listed) >= 3
    for trial, stop, remains, test in listed:
        assert trial
        assert stop
        assert remains
        path, name = re.fullmatch(r"`([\w/.]+)::(test_\w+)`", test).groups()  # type: ignore[union-attr]
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), test


def test_the_rights_on_secrets_are_as_told(page: Callable[[str], str]) -> None:
    rules = [
        (each["kind"], rule)
        for each in yaml.safe_load_all((ROOT / "deploy/rbac/clusterrole.yaml").read_text())
        for rule in each["rules"]
        if "secrets" in rule["resources"] and "" in rule["apiGroups"]
    ]
    assert [(kind, rule["verbs"]) for kind, rule in rules] == [
        ("ClusterRole", ["get", "list", "watch"])
    ]
    assert "resourceNames" not in rules[0][1]
    text = " ".join(page(PAGE).split())
    assert "`get`, `list` and `watch` on **all Secrets**" in text
    assert "No Secret may be written" in text


def test_no_right_is_a_wildcard_but_reading_infrastructure() -> None:
    wide = [
        (rule["apiGroups"], rule["resources"], rule["verbs"])
        for each in yaml.safe_load_all((ROOT / "deploy/rbac/clusterrole.yaml").read_text())
        for rule in each["rules"]
        if "*" in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])
    ]
    assert wide == [(["infrastructure.cluster.x-k8s.io"], ["*"], ["get"])]
