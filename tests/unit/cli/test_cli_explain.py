"""`akoo-core explain`: which config and why, what is wrong, what to do next."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import pytest

from akoo_core.kube.access import kubefiles
from akoo_core.objects import conditions, names, record
from tests.unit.cli.commands_world import NOW, CommandWorld, condition, open_world

AVI = 'network "vip-edge" does not exist; nearest: vip-edge-1'
NONE = "no AKODeploymentConfig selects its labels"
EMPTY = 'its selector is empty, which matches only under the name "install-ako-for-all"'


def test_a_selected_cluster_with_trouble(world: CommandWorld) -> None:
    uid = world.cluster("team-c/lab", labels={"lb": "avi", "site": "edge"})
    world.config("default", {"lb": "avi"})
    world.config("edge", {"site": "edge"}, priority=10)
    status = record.RecordStatus(
        phase="Running",
        last_trace_id="4bf92f",
        next_try_at=NOW + datetime.timedelta(seconds=27),
        conditions=(
            condition("Ready", "False", "NetworkNotFound", f"AviReady=False: {AVI}"),
            condition("AkoReady", "True", "Ready"),
            condition("AviReady", "False", "NetworkNotFound", AVI),
        ),
    )
    world.record(key="team-c/lab", uid=uid, config="edge", status=status)
    code, out, _ = world("explain", "team-c/lab")
    assert code == 0
    assert out.splitlines() == [
        'team-c/lab is managed by AKODeploymentConfig "edge" (priority 10).',
        '  "default" matches too and lost: "edge" has priority 10, "default" 0.',
        "Running",
        f"Ready=False since 40m: AviReady=False, NetworkNotFound: {AVI}",
        "next: repair that; the operator tries again by itself",
        "next try in 27 s, or on a change",
        "record akoo-1 - last trace 4bf92f",
    ]


@pytest.mark.parametrize(
    ("at", "seconds", "ready", "line"),
    [
        (27, 60, "False", "next try in 27 s, or on a change"),
        (-3600, 60, "False", "next try within 60 s, or on a change"),
        (-3600, None, "False", ""),
        (None, 60, "False", ""),
        (27, 60, "True", ""),
    ],
)
def test_the_next_try(
    world: CommandWorld, at: float | None, seconds: int | None, ready: conditions.Status, line: str
) -> None:
    status = record.RecordStatus(
        next_try_at=None if at is None else NOW + datetime.timedelta(seconds=at),
        retry_seconds=seconds,
        conditions=(condition("Ready", ready, "NetworkNotFound", "AviReady=False: no"),),
    )
    world.record(status=status)
    shown = [row for row in world("explain", "team-a/shop")[1].splitlines() if "next try" in row]
    assert shown == ([line] if line else [])


def test_json(world: CommandWorld) -> None:
    uid = world.cluster(labels={"lb": "avi"})
    world.config("default", {"lb": "avi"})
    world.config("other", {"lb": "avi"}, priority=-1)
    status = record.RecordStatus(
        phase="Running",
        next_try_at=NOW + datetime.timedelta(seconds=27),
        retry_seconds=60,
        conditions=(condition("Ready", "False", "NetworkNotFound", "AviReady=False: no"),),
    )
    world.record(uid=uid, status=status)
    code, out, _ = world("explain", "team-a/shop", "-o", "json")
    answer = json.loads(out)
    assert (code, answer["cluster"], answer["config"]) == (0, "team-a/shop", "default")
    assert [loser["name"] for loser in answer["losers"]] == ["other"]
    (shown,) = answer["records"]
    assert (shown["name"], shown["phase"], shown["retrySeconds"]) == ("akoo-1", "Running", 60)
    assert shown["nextTryAt"] == (NOW + datetime.timedelta(seconds=27)).isoformat()[:-6] + "Z"
    assert shown["conditions"][0]["reason"] == "NetworkNotFound"
    assert shown["next"].startswith("repair that")


def test_declined_facts(world: CommandWorld) -> None:
    declined = {"PortGroup": record.DeclinedFact(plugin="vsphere")}
    world.record(declined=declined)
    assert (
        "  plugin vsphere gives no PortGroup for this cluster"
        in world("explain", "team-a/shop")[1].splitlines()
    )
    (shown,) = json.loads(world("explain", "team-a/shop", "-o", "json")[1])["records"]
    assert shown["declined"] == {"PortGroup": "vsphere"}


def test_notes_of_facts(world: CommandWorld) -> None:
    facts = {
        "AkoValues": record.StoredFact(plugin="ako", version=1, data={"notes": ["a = b (c)", 1]}),
        "Other": record.StoredFact(plugin="avi", version=1, data={"notes": "none"}),
    }
    world.record(facts=facts)
    rows = world("explain", "team-a/shop")[1].splitlines()
    assert [row for row in rows if "plugin" in row] == ["  AkoValues of plugin ako: a = b (c)"]
    (shown,) = json.loads(world("explain", "team-a/shop", "-o", "json")[1])["records"]
    assert shown["notes"] == {"AkoValues": ["a = b (c)"]}


def test_a_word_to_leave_goes_before_the_config(world: CommandWorld) -> None:
    uid = world.cluster(labels={"lb": "avi"})
    world.config("default", {"lb": "avi"})
    orphaned = record.Orphaned(cause="UserWord", at=NOW)
    world.record(uid=uid, orphaned=orphaned, annotations={names.LEAVE_ANNOTATION: "orphan"})
    first, *rest = world("explain", "team-a/shop")[1].splitlines()
    assert first == (
        'team-a/shop would be managed by AKODeploymentConfig "default", but its record says '
        "akoo.io/leave=orphan."
    )
    assert any("akoo-core leave team-a/shop undo" in row for row in rest)


def test_a_cluster_that_is_not_selected(world: CommandWorld) -> None:
    world.cluster(labels={"lb": "other"})
    world.config("default", {"lb": "avi"})
    world.config("loose")
    world.config("install-ako-for-management-cluster")
    rule = {"key": "site", "operator": "In", "values": ["a", "b"]}
    world.config("ruled", clusterSelector={"matchExpressions": [rule]})
    world.config("wrong", {"-": "x"})
    world.config("odd", clusterSelector={"matchLabels": 7})
    code, out, _ = world("explain", "team-a/shop")
    assert code == 0
    assert out.splitlines() == [
        f"team-a/shop is selected by no AKODeploymentConfig: {NONE}.",
        '  "default": it asks for lb=avi (the Cluster has lb=other).',
        '  "install-ako-for-management-cluster": it serves Clusters in tkg-system only.',
        f'  "loose": {EMPTY}.',
        '  "ruled": it asks for site In (a, b) (the Cluster has no site).',
        next(line for line in out.splitlines() if '"wrong": cannot be used: spec.cluster' in line),
        next(line for line in out.splitlines() if '"odd": cannot be used: spec.cluster' in line),
        "  labels of the Cluster: lb=other",
        "  next: label the Cluster, or create or change an AKODeploymentConfig.",
    ]


def test_an_opted_out_cluster(world: CommandWorld) -> None:
    world.cluster(labels={"lb": "avi"}, annotations={names.OPT_OUT_ANNOTATION: ""})
    world.config("default", {"lb": "avi"})
    _, out, _ = world("explain", "team-a/shop")
    assert names.OPT_OUT_ANNOTATION in out
    assert '"default"' not in out


def test_a_management_cluster(world: CommandWorld) -> None:
    world.cluster("tkg-system/mgmt", labels={"lb": "avi"})
    world.config("default", {"lb": "avi"})
    _, out, _ = world("explain", "tkg-system/mgmt")
    assert 'served only by "install-ako-for-management-cluster"' in out


def test_a_selected_cluster_without_a_record(world: CommandWorld) -> None:
    world.cluster(labels={"lb": "avi"})
    world.config("default", {"lb": "avi"})
    _, out, _ = world("explain", "team-a/shop")
    assert "the operator has not seen it yet, or is not running" in out


def test_a_held_cluster_that_is_gone(world: CommandWorld) -> None:
    held = condition("Held", "True", "ForeignReference", "Pool shop-web is used by legacy-lb.")
    status = record.RecordStatus(
        phase="Sweeping",
        left=7,
        conditions=(condition("Ready", "False", "Leaving", held.message), held),
    )
    leaving = record.Leaving(cause="ClusterDeleted", started_at=NOW)
    world.record(status=status, leaving=leaving)
    _, out, _ = world("explain", "team-a/shop")
    assert "Cluster team-a/shop is gone" in out
    assert "Sweeping: AKO is being removed since 0s (ClusterDeleted), 7 objects left" in out
    assert "  Held=True, ForeignReference: Pool shop-web is used by legacy-lb." in out
    assert "akoo-core let-go team-a/shop --reason" in out


def test_a_fence_that_is_waited_for(world: CommandWorld) -> None:
    message = 'Plugin "tenancy" has not finished its fence: The Avi Controller does not answer.'
    held = condition("Held", "True", "FencePending", message)
    status = record.RecordStatus(phase="Verifying", left=0, conditions=(held,))
    stopped = record.FenceState(grade="Stopped", evidence="no Pod", at=NOW)
    leaving = record.Leaving(
        cause="ClusterDeleted", started_at=NOW, fence=stopped, fences={"ako": stopped}
    )
    world.cluster()
    world.record(status=status, leaving=leaving)
    _, out, _ = world("explain", "team-a/shop")
    assert "0 objects left outside, fenced: Stopped (ako Stopped)" in out
    assert f"  Held=True, FencePending: {message}" in out


LET_GO = "repair what holds it, or abandon what is left: akoo-core let-go team-a/shop --reason TEXT"
ABANDON = (
    "repair what holds it, undo the change, or abandon what is left at the old place: akoo-core "
    "abandon-placement team-a/shop --reason TEXT"
)


@pytest.mark.parametrize(
    ("reason", "usual", "cause", "expected"),
    [
        ("AkoStopping", 27.5, "ClusterDeleted", "wait: this usually ends within 28 s"),
        ("AkoStopping", 0, "ClusterDeleted", LET_GO),
        ("AkoStopping", -1, "ClusterDeleted", LET_GO),
        ("NoRights", None, "ClusterDeleted", LET_GO),
        ("QuietPeriod", None, "ClusterDeleted", "wait: it ends by itself"),
        ("AkoStopping", 27, "Relocated", "wait: this usually ends within 27 s"),
        ("AkoStopping", None, "Relocated", ABANDON),
    ],
)
def test_nothing_is_abandoned_within_the_usual_time_of_a_step(
    world: CommandWorld, reason: str, usual: float | None, cause: Any, expected: str
) -> None:
    until = None if usual is None else NOW + datetime.timedelta(seconds=usual)
    status = record.RecordStatus(
        phase="Fencing",
        usual_until=until,
        conditions=(
            condition("Ready", "False", "Leaving", "So."),
            condition("Held", "True", reason, "So."),
        ),
    )
    leaving = record.Leaving(cause=cause, started_at=NOW)
    world.record(uid=world.cluster(), status=status, leaving=leaving)
    _, out, _ = world("explain", "team-a/shop")
    assert [line for line in out.splitlines() if line.startswith("next: ")] == [f"next: {expected}"]
    (shown,) = json.loads(world("explain", "team-a/shop", "-o", "json")[1])["records"]
    assert shown["next"] == expected


def test_a_wait_of_usual_length_needs_no_repair(world: CommandWorld) -> None:
    status = record.RecordStatus(
        usual_until=NOW + datetime.timedelta(seconds=300),
        conditions=(condition("Ready", "False", "KubeconfigMissing", "So."),),
    )
    world.record(uid=world.cluster(), status=status)
    assert "next: wait: this usually ends within 300 s" in world("explain", "team-a/shop")[1]


def test_a_relocation_that_is_held(world: CommandWorld) -> None:
    held = condition("Held", "True", "VerbFailed", "avi.example.com does not answer.")
    status = record.RecordStatus(
        phase="Sweeping", conditions=(condition("Ready", "False", "Relocating"), held)
    )
    leaving = record.Leaving(cause="Relocated", started_at=NOW)
    world.record(uid=world.cluster(), status=status, leaving=leaving)
    _, out, _ = world("explain", "team-a/shop")
    assert "AKO is being relocated since 0s (Relocated)" in out
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
            "akoo-core leave team-a/shop undo, and let a config select",
        ),
    ],
)
def test_the_next_step(
    world: CommandWorld,
    annotations: dict[str, str],
    reason: str,
    spec: dict[str, Any],
    expected: str,
) -> None:
    status = record.RecordStatus(conditions=(condition("Ready", "False", reason, "So."),))
    world.record(uid=world.cluster(), annotations=annotations, status=status, **spec)
    _, out, _ = world("explain", "team-a/shop")
    assert [line for line in out.splitlines() if line.startswith("next: ") and expected in line]


def test_a_name_that_is_not_there_is_wrong_input(world: CommandWorld) -> None:
    world.cluster()
    code, out, err = world("explain", "team-a/shup")
    assert (code, out) == (2, "")
    assert 'Did you mean "team-a/shop"?' in err
    assert world("explain", "shop")[0] == 2


def test_which_kubeconfig(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    used: list[kubefiles.KubeconfigChoice] = []
    world = open_world(monkeypatch, capsys, used.append)
    world.cluster()
    monkeypatch.setenv("HOME", str(tmp_path))
    world("explain", "team-a/shop")
    home = tmp_path / ".kube/config"
    home.parent.mkdir()
    home.touch()
    world("explain", "team-a/shop")
    monkeypatch.setenv("AKOO_KUBECONFIG", "operator")
    world("explain", "team-a/shop")
    monkeypatch.setenv("KUBECONFIG", "one:two")
    world("explain", "team-a/shop")
    world("--kubeconfig", "before", "explain", "team-a/shop")
    world("--kubeconfig", "before", "explain", "team-a/shop", "--kubeconfig", "after")
    named = [choice.kubeconfig for choice in used]
    assert named == [None, str(home), "operator", "one:two", "before", "after"]


def test_which_context(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    used: list[kubefiles.KubeconfigChoice] = []
    world = open_world(monkeypatch, capsys, used.append)
    world.cluster()
    world("explain", "team-a/shop")
    world("--context", "before", "explain", "team-a/shop")
    world("--context", "before", "explain", "team-a/shop", "--context", "after")
    assert [choice.context for choice in used] == ["", "before", "after"]


def test_the_operator_looks_where_commands_look(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    used: list[kubefiles.KubeconfigChoice] = []

    async def run(
        _settings: object, _plugins: object, management: kubefiles.KubeconfigChoice
    ) -> int:
        used.append(management)
        return 0

    monkeypatch.setattr("akoo_core.app.operator.run", run)
    world = open_world(monkeypatch, capsys)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert world("--plugins", "none")[0] == 0
    home = tmp_path / ".kube/config"
    home.parent.mkdir()
    home.touch()
    world("--plugins", "none")
    monkeypatch.setenv("KUBECONFIG", "a:b")
    world("--plugins", "none", "--context", "x")
    world("--plugins", "none", "--kubeconfig", "typed")
    assert used == [(None, ""), (str(home), ""), ("a:b", "x"), ("typed", "")]
