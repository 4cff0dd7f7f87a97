"""The page of a cluster: the words of explain, the steps of leaving, the proof, commands."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from akoo_core import structs
from akoo_core.cli import fleet
from akoo_core.cli.explain import command as explain
from akoo_core.cli.ui import cluster_page
from akoo_core.objects import names, record
from akoo_core.objects.cluster import from_object
from akoo_core.testing import builders
from tests.unit.cli.commands_world import NOW, condition

LEAVING = record.Leaving(
    cause="ClusterDeleted",
    started_at=NOW - datetime.timedelta(minutes=5),
    fence=record.FenceState(grade="Revoked", evidence="no user logs in", at=NOW),
    proof=record.StoredProof(
        plugin="avi", at=NOW, own=3, suspect=1, held=0, queries=tuple(map(str, range(99)))
    ),
)


def page(**fields: Any) -> cluster_page.ClusterPage:
    annotations = fields.pop("annotations", {})
    conditions = fields.pop("conditions", (condition("Ready", "True", "Running"),))
    usual = fields.pop("usual_until", None)
    status = record.RecordStatus(phase="Running", conditions=conditions, usual_until=usual)
    obj = record.to_object("akoo-1", builders.record_spec(**fields))
    obj["status"] = structs.to_object(status)
    obj["metadata"] |= {
        "uid": "u",
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "annotations": annotations,
    }
    made = record.from_object(obj)
    cluster = from_object(builders.cluster_object())
    facts = explain.Facts("team-a/shop", cluster, (made,), fleet.Configs())
    assert cluster_page.page_of(facts, NOW).words == tuple(explain.lines(facts, NOW))
    return cluster_page.page_of(facts, NOW)


def commands(**fields: Any) -> list[str]:
    return [command.line for command in page(**fields).commands]


def test_the_steps_of_leaving_show_which_are_reached() -> None:
    (shown,) = page(leaving=LEAVING).records
    reached = [(step.name, step.note) for step in shown.milestones if step.at]
    assert reached == [
        ("Leaving", "ClusterDeleted"),
        ("Fenced", "Revoked: no user logs in"),
        ("Counted", "own 3, suspect 1, held 0"),
    ]
    ahead = [step.name for step in shown.milestones if not step.at]
    assert ahead == ["Drained", "AKO removed", "Cluster let go", "Released", "Finished"]
    assert shown.proof is not None
    assert (shown.proof.own, len(shown.proof.queries)) == (3, cluster_page.SHOWN_ITEMS)


def test_a_finished_record_shows_only_what_was_reached() -> None:
    (shown,) = page(leaving=LEAVING, finished_at=NOW).records
    assert [step.name for step in shown.milestones] == ["Leaving", "Fenced", "Counted", "Finished"]


def test_a_living_cluster_has_neither_steps_nor_proof() -> None:
    (shown,) = page().records
    assert (shown.milestones, shown.proof) == ((), None)


@pytest.mark.parametrize(
    ("kind", "status", "good"),
    [
        ("Ready", "True", True),
        ("Ready", "Unknown", False),
        ("AviReady", "False", False),
        ("Held", "True", False),
        ("Held", "False", True),
        ("Leaked", "True", False),
    ],
)
def test_a_condition_is_good_or_bad_by_its_type(kind: str, status: Any, good: bool) -> None:
    (shown,) = page(conditions=(condition(kind, status, "Reason"),)).records
    assert shown.conditions[0].good == good


def test_commands_fit_the_state() -> None:
    assert commands()[2:5] == [
        "akoo-core plan team-a/shop",
        "akoo-core pause team-a/shop",
        "akoo-core leave team-a/shop sweep",
    ]
    paused = {names.PAUSED_ANNOTATION: ""}
    assert "akoo-core resume team-a/shop" in commands(annotations=paused)
    leaving = commands(leaving=LEAVING)
    assert "akoo-core plan team-a/shop --verb sweep" in leaving
    assert not any("let-go" in line or "leave" in line for line in leaving)
    held = (condition("Held", "True", "ForeignReference"),)
    assert "akoo-core let-go team-a/shop --reason TEXT" in commands(
        leaving=LEAVING, conditions=held
    )
    waits = commands(
        leaving=LEAVING, conditions=held, usual_until=NOW + datetime.timedelta(seconds=1)
    )
    assert not any("let-go" in line for line in waits)


def test_a_clean_proof_is_said_to_be_one() -> None:
    def proof(**fields: Any) -> bool:
        counted = {"plugin": "avi", "at": NOW, "own": 0, "suspect": 0, "held": 0, **fields}
        leaving = structs.replace(LEAVING, proof=record.StoredProof(**counted))
        (shown,) = page(leaving=leaving).records
        assert shown.proof is not None
        return shown.proof.clean

    assert proof()
    for left in ({"own": 1}, {"suspect": 1}, {"held": 1}, {"unseen": ("tenant a",)}):
        assert not proof(**left)


@pytest.mark.parametrize(
    ("shown", "tone"),
    [
        ({"Ready": ("True", "Running")}, "good"),
        ({"Ready": ("False", "Leaving"), "AkoReady": ("False", "AkoStopping")}, "quiet"),
        ({"Ready": ("False", "NoSight")}, "bad"),
        ({"Ready": ("True", "Running"), "Leaked": ("True", "Deadline")}, "bad"),
        ({}, "quiet"),
    ],
)
def test_a_cluster_that_leaves_is_no_fault(shown: dict[str, Any], tone: str) -> None:
    conditions = tuple(condition(kind, *state) for kind, state in shown.items())
    (record_shown,) = page(conditions=conditions).records
    assert record_shown.tone == tone
