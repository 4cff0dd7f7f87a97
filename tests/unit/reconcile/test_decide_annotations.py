"""Data this process does not know, the user's annotations, and what is finished."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.record import Record, StoredFact, StoredIntent
from akoo_core.reconcile.decide import decisions, situation, user_annotations
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.reconcile_decisions import at, held, orphaned

LEAVE = names.LEAVE_ANNOTATION


# Data that this process does not know.


def test_newer_data_waits() -> None:
    dying = builders.make_cluster(deleting=True)
    schema = builders.make_record(schema_version=2)
    intent = builders.make_record(intents={"ako": StoredIntent(version=2)})
    fact = builders.make_record(facts={"Network": StoredFact(plugin="ako", version=3)})
    held("NewerRecord", record=schema, cluster=dying)
    held("NewerRecord", record=intent, cluster=dying)
    loaded = {"ako": situation.LoadedPlugin(facts={"Network": 2})}
    held("NewerRecord", record=fact, cluster=dying, loaded=loaded)
    loaded = {"ako": situation.LoadedPlugin(facts={"Network": 3})}
    assert isinstance(at(record=fact, cluster=dying, loaded=loaded), decisions.StartLeaving)


def test_a_missing_plugin_waits_in_life_and_in_leaving() -> None:
    worked = builders.make_record(plugins=("ako", "avi"))
    assert 'Plugin "avi"' in held("PluginMissing", record=worked).message
    leaving = builders.make_record(plugins=("avi",), leaving=builders.make_leaving())
    held("PluginMissing", record=leaving, cluster=builders.make_cluster(deleting=True))


def test_a_record_of_another_management_cluster_lives_but_does_not_leave() -> None:
    foreign = builders.make_record(management_id="elsewhere")
    assert at(record=foreign) == decisions.Live()
    leaving = builders.make_record(management_id="elsewhere", leaving=builders.make_leaving())
    held("ClaimedElsewhere", record=leaving, cluster=builders.make_cluster(deleting=True))


# The user's annotations.


def test_leave_sweep_starts_leaving_whatever_the_policy() -> None:
    asked = builders.make_record(annotations={LEAVE: "sweep"})
    for changes in ({}, {"cluster": None}):
        decision = at(record=asked, **changes)
        assert isinstance(decision, decisions.StartLeaving)
        assert decision.cause == "UserWord"


def test_leave_orphan_stops_and_its_end_resumes() -> None:
    asked = builders.make_record(annotations={LEAVE: "orphan"})
    assert isinstance(at(record=asked), decisions.Orphan)
    record = builders.make_record(orphaned=orphaned("UserWord"), annotations={LEAVE: "orphan"})
    held("Orphaned", record=record)
    done = builders.make_record(orphaned=orphaned("UserWord"))
    assert isinstance(at(record=done), decisions.ChangeConfig)


@pytest.mark.parametrize("value", ["Sweep ", "purge", "", "true"])
def test_an_annotation_that_is_misspelled_does_nothing(value: str) -> None:
    assert at(record=builders.make_record(annotations={LEAVE: value})) == decisions.Live()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"paused": True},
    ],
)
def test_let_go_works_on_a_dying_cluster_even_when_all_else_waits(changes: Any) -> None:
    dying = builders.make_cluster(deleting=True, **changes)
    asked = builders.make_record(annotations={names.LET_GO_ANNOTATION: "INC-1"}, plugins=("avi",))
    assert at(record=asked, cluster=dying) == decisions.LetGo(why="UserWord", message="INC-1")


def test_let_go_does_nothing_to_a_living_cluster_and_without_a_reason() -> None:
    asked = builders.make_record(annotations={names.LET_GO_ANNOTATION: "INC-1"})
    assert at(record=asked) == decisions.Live()
    mute = builders.make_record(annotations={names.LET_GO_ANNOTATION: " "})
    decision = at(record=mute, cluster=builders.make_cluster(deleting=True))
    assert isinstance(decision, decisions.StartLeaving)


# Finished.


def finished(ago: float, **changes: Any) -> Record:
    return builders.make_record(finished_at=builders.NOW - builders.seconds(ago), **changes)


def test_a_finished_record_is_kept_for_a_week() -> None:
    week = 7 * 24 * 3600
    decision = at(record=finished(60), cluster=None)
    assert decision == decisions.Nothing(why="finished", after=week - 60)
    assert at(record=finished(week), cluster=None) == decisions.PruneFinished()


def test_how_long_it_is_kept_is_a_setting() -> None:
    hour = datetime.timedelta(hours=1)
    kept = at(record=finished(60), cluster=None, finished_kept=hour)
    assert kept == decisions.Nothing(why="finished", after=3600 - 60)
    assert at(record=finished(3600), cluster=None, finished_kept=hour) == decisions.PruneFinished()


def test_a_selected_cluster_of_a_finished_record_begins_anew() -> None:
    assert isinstance(at(record=finished(60)), decisions.RestartRecord)
    unmatched = at(record=finished(60), choice=builders.NO_CONFIG)
    assert unmatched == decisions.Nothing(why="finished, and its Cluster lives")


def test_a_finished_record_outlives_its_week_while_the_cluster_lives() -> None:
    old = finished(30 * 24 * 3600, annotations={LEAVE: "sweep"})
    assert isinstance(at(record=old), decisions.Nothing)


def test_the_users_annotation_outlives_what_it_asked_for() -> None:
    record = finished(60, annotations={LEAVE: "sweep"})
    assert isinstance(at(record=record), decisions.Nothing)


def test_a_finished_record_still_takes_its_finalizer_off() -> None:
    dying = builders.make_cluster(deleting=True)
    assert at(record=finished(60), cluster=dying) == decisions.ReleaseCluster()
    shared = at(record=finished(60), cluster=dying, shared_with=("akoo-other",))
    assert isinstance(shared, decisions.Nothing), "another record still needs it"


def test_a_finished_record_that_is_deleted_lets_go_first() -> None:
    dying = builders.make_cluster(deleting=True)
    deleted = structs.replace(finished(60), deleting=True)
    assert at(record=deleted, cluster=dying) == decisions.ReleaseCluster()
    assert at(record=deleted, cluster=None) == decisions.PruneFinished()
    assert at(record=deleted) == decisions.PruneFinished(), "made anew, not begun anew"


@pytest.mark.parametrize(
    ("value", "tenants"),
    [("a", ("a",)), (" a , b,a,", ("a", "b")), ("客户", ("客户",)), ("", ()), (" , ", ())],
)
def test_tenants_are_listed_with_commas_between(value: str, tenants: tuple[str, ...]) -> None:
    annotations = user_annotations.read({names.SWEEP_TENANTS_ANNOTATION: value})
    assert annotations.sweep_tenants == tenants
    assert bool(annotations.problems) == (not tenants)


def test_nobody_named_tenants() -> None:
    assert user_annotations.read({}) == user_annotations.UserAnnotations()
