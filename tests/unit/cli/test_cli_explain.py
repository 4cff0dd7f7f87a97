"""`akoo-core explain`: which config and why, what is wrong, what to do next."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from akoo_core.api import names, record
from tests.unit.cli.commands_bed import NOW, Bed, condition, open_bed

AVI = 'network "vip-edge" does not exist; nearest: vip-edge-1'
NONE = "no AKODeploymentConfig selects its labels"
EMPTY = 'its selector is empty, which matches only under the name "install-ako-for-all"'


def test_a_selected_cluster_with_trouble(bed: Bed) -> None:
    uid = bed.cluster("team-c/lab", labels={"lb": "avi", "site": "edge"})
    bed.config("default", {"lb": "avi"})
    bed.config("edge", {"site": "edge"}, priority=10)
    status = record.RecordStatus(
        phase="Running",
        last_trace_id="4bf92f",
        conditions=(
            condition("Ready", "False", "NetworkNotFound", f"AviReady=False: {AVI}"),
            condition("AkoReady", "True", "Ready"),
            condition("AviReady", "False", "NetworkNotFound", AVI),
        ),
    )
    bed.record(key="team-c/lab", uid=uid, config="edge", status=status)
    code, out, _ = bed("explain", "team-c/lab")
    assert code == 0
    assert out.splitlines() == [
        'team-c/lab is managed by AKODeploymentConfig "edge" (priority 10).',
        '  "default" matches too and lost: "edge" has priority 10, "default" 0.',
        "Running",
        f"Ready=False since 40m: AviReady=False, NetworkNotFound: {AVI}",
        "record akoo-1 - last trace 4bf92f",
    ]


def test_a_cluster_that_is_not_selected(bed: Bed) -> None:
    bed.cluster(labels={"lb": "other"})
    bed.config("default", {"lb": "avi"})
    bed.config("loose")
    bed.config("install-ako-for-management-cluster")
    rule = {"key": "site", "operator": "In", "values": ["a", "b"]}
    bed.config("ruled", clusterSelector={"matchExpressions": [rule]})
    bed.config("wrong", {"-": "x"})
    bed.config("odd", clusterSelector={"matchLabels": 7})
    code, out, _ = bed("explain", "team-a/shop")
    assert code == 0
    assert out.splitlines() == [
        f"team-a/shop is selected by no AKODeploymentConfig: {NONE}.",
        '  "default": it asks for lb=avi (the Cluster has lb=other).',
        '  "install-ako-for-management-cluster": it serves Clusters in tkg-system only.',
        f'  "loose": {EMPTY}.',
        '  "ruled": it asks for site In (a, b) (the Cluster has no site).',
        next(one for one in out.splitlines() if '"wrong": cannot be used: spec.cluster' in one),
        next(one for one in out.splitlines() if '"odd": cannot be used: spec.cluster' in one),
        "  labels of the Cluster: lb=other",
        "  next: label the Cluster, or create or change an AKODeploymentConfig.",
    ]


def test_an_opted_out_cluster(bed: Bed) -> None:
    bed.cluster(labels={"lb": "avi"}, annotations={names.OPT_OUT_ANNOTATION: ""})
    bed.config("default", {"lb": "avi"})
    _, out, _ = bed("explain", "team-a/shop")
    assert names.OPT_OUT_ANNOTATION in out
    assert '"default"' not in out


def test_a_management_cluster(bed: Bed) -> None:
    bed.cluster("tkg-system/mgmt", labels={"lb": "avi"})
    bed.config("default", {"lb": "avi"})
    _, out, _ = bed("explain", "tkg-system/mgmt")
    assert 'served only by "install-ako-for-management-cluster"' in out


def test_a_selected_cluster_without_a_record(bed: Bed) -> None:
    bed.cluster(labels={"lb": "avi"})
    bed.config("default", {"lb": "avi"})
    _, out, _ = bed("explain", "team-a/shop")
    assert "the operator has not looked at it, or does not run" in out


def test_a_held_cluster_that_is_gone(bed: Bed) -> None:
    held = condition("Held", "True", "ForeignReference", "Pool shop-web is used by legacy-lb.")
    status = record.RecordStatus(
        phase="Sweeping",
        left=7,
        conditions=(condition("Ready", "False", "Leaving", held.message), held),
    )
    leaving = record.Leaving(cause="ClusterDeleted", started_at=NOW)
    bed.record(status=status, leaving=leaving)
    _, out, _ = bed("explain", "team-a/shop")
    assert "Cluster team-a/shop is gone" in out
    assert "Sweeping: AKO is being taken away since 0s (ClusterDeleted), 7 objects left" in out
    assert "  Held=True, ForeignReference: Pool shop-web is used by legacy-lb." in out
    assert "akoo-core let-go team-a/shop --reason" in out


def test_a_move_that_is_held(bed: Bed) -> None:
    held = condition("Held", "True", "VerbFailed", "avi.example.com does not answer.")
    status = record.RecordStatus(
        phase="Sweeping", conditions=(condition("Ready", "False", "Relocating"), held)
    )
    leaving = record.Leaving(cause="Relocated", started_at=NOW)
    bed.record(uid=bed.cluster(), status=status, leaving=leaving)
    _, out, _ = bed("explain", "team-a/shop")
    assert "AKO is moving to another place since 0s (Relocated)" in out
    assert "akoo-core abandon-placement team-a/shop --reason" in out


@pytest.mark.parametrize(
    ("annotations", "reason", "spec", "expected"),
    [
        ({names.PAUSED_ANNOTATION: ""}, "Paused", {}, "akoo-core resume team-a/shop"),
        ({}, "RemovalHeld", {}, "akoo-core confirm-removal team-a/shop"),
        ({}, "ConfigMissing", {}, "akoo-core leave team-a/shop sweep"),
        ({}, "ClusterVanished", {}, f"akoo-1 {names.DELETE_FOR_MOVE_ANNOTATION}="),
        (
            {names.LEAVE_ANNOTATION: "orphan"},
            "Orphaned",
            {"orphaned": record.Orphaned(cause="UserWord", at=NOW)},
            f"remove {names.LEAVE_ANNOTATION} from the record",
        ),
    ],
)
def test_the_next_step(
    bed: Bed, annotations: dict[str, str], reason: str, spec: dict[str, Any], expected: str
) -> None:
    status = record.RecordStatus(conditions=(condition("Ready", "False", reason, "So."),))
    bed.record(uid=bed.cluster(), annotations=annotations, status=status, **spec)
    _, out, _ = bed("explain", "team-a/shop")
    assert [one for one in out.splitlines() if one.startswith("next: ") and expected in one]


def test_a_name_that_is_not_there_is_wrong_input(bed: Bed) -> None:
    bed.cluster()
    code, out, err = bed("explain", "team-a/shup")
    assert (code, out) == (2, "")
    assert 'Did you mean "team-a/shop"?' in err
    assert bed("explain", "shop")[0] == 2


def test_which_kubeconfig(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    used: list[pathlib.Path | None] = []
    bed = open_bed(monkeypatch, capsys, used.append)
    bed.cluster()
    monkeypatch.setenv("HOME", str(tmp_path))
    bed("explain", "team-a/shop")
    home = tmp_path / ".kube/config"
    home.parent.mkdir()
    home.touch()
    bed("explain", "team-a/shop")
    monkeypatch.setenv("AKOO_KUBECONFIG", "operator")
    bed("explain", "team-a/shop")
    monkeypatch.setenv("KUBECONFIG", "variable")
    bed("explain", "team-a/shop")
    bed("--kubeconfig", "before", "explain", "team-a/shop")
    bed("--kubeconfig", "before", "explain", "team-a/shop", "--kubeconfig", "after")
    named = [str(one) for one in used[2:]]
    assert used[:2] == [None, home]
    assert named == ["operator", "variable", "before", "after"]
    monkeypatch.setenv("KUBECONFIG", "one:two")
    code, _, err = bed("explain", "team-a/shop")
    assert (code, "several files" in err) == (2, True)
