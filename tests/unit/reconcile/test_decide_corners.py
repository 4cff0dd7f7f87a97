"""Corners of the state machine that look alike and are not."""

from __future__ import annotations

from typing import Any

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.record import Orphaned, Record, StoredIntent, Workload
from akoo_core.reconcile.decide import decisions
from akoo_core.reconcile.decide.situation import Progress
from akoo_core.reconcile.decide.state_machine import decide
from tests.unit.reconcile import reconcile_builders as builders

WEEK = 7 * 24 * 3600


def at(**changes: Any) -> decisions.Decision:
    return decide(builders.make_situation(**changes))


def finished(ago: float) -> Record:
    return builders.make_record(finished_at=builders.NOW - builders.seconds(ago))


def test_a_paused_cluster_of_a_finished_record_does_not_begin_anew() -> None:
    paused = at(record=finished(60), cluster=builders.make_cluster(paused=True))
    assert paused == decisions.Nothing(why="finished, and its Cluster lives")


def test_a_finished_record_whose_cluster_dies_without_us_is_pruned_in_time() -> None:
    """Others still hold the Cluster; that is none of ours."""
    dying = builders.make_cluster(deleting=True, finalizers=("theirs",))
    assert at(record=finished(60), cluster=dying) == decisions.Nothing(
        why="finished", after=WEEK - 60
    )
    assert at(record=finished(WEEK), cluster=dying) == decisions.PruneFinished()


def test_a_namesake_that_is_moving_away_is_not_adopted() -> None:
    """The original, seen by a target that has the copy: it is about to go."""
    known = builders.make_record(workload=Workload(kube_system_uid="w"))
    moving = builders.make_cluster(uid="new", moving=True)
    decision = at(record=known, cluster=None, namesake=moving, progress=Progress(workload_uid="w"))
    assert isinstance(decision, decisions.Hold)
    assert decision.reason == "ClusterVanished"


def test_a_record_that_is_being_deleted_is_given_no_finalizer() -> None:
    """The API server refuses that, and all else would wait for it."""
    bare = structs.replace(builders.make_record(), finalizers=("theirs",))
    assert at(record=bare) == decisions.AddFinalizers(on=("Record",))
    assert at(record=structs.replace(bare, deleting=True)) == decisions.Live()


def test_why_it_is_an_orphan_is_kept_up_to_date() -> None:
    """By an annotation it is one although a config matches: without it the record resumes."""
    stored = Orphaned(cause="Unmatched", at=builders.NOW)
    record = builders.make_record(orphaned=stored, annotations={names.LEAVE_ANNOTATION: "orphan"})
    decision = at(record=record)
    assert isinstance(decision, decisions.Orphan)
    assert decision.cause == "UserWord"


def test_a_finished_record_leaves_a_cluster_alone_that_is_moving_away() -> None:
    """Its finalizer goes with it: clusterctl takes it off at the source."""
    moving = builders.make_cluster(moving=True, deleting=True, paused=True)
    assert isinstance(at(record=finished(60), cluster=moving), decisions.Nothing)


def test_let_go_ends_a_removal_from_a_cluster_that_lives() -> None:
    """Nothing holds the Cluster's deletion there; the annotation ends the record's wait."""
    removal = builders.make_leaving(cause="Unmatched")
    annotations = {names.LET_GO_ANNOTATION: "INC-1"}
    record = builders.make_record(leaving=removal, annotations=annotations)
    assert at(record=record) == decisions.LetGo(why="UserWord", message="INC-1")
    relocation = builders.make_leaving(cause="Relocated")
    moving = builders.make_record(leaving=relocation, annotations=annotations)
    assert not isinstance(at(record=moving), decisions.LetGo), "a move lets nobody go"


def test_an_intent_of_a_plugin_that_never_worked_here_is_no_business_of_ours() -> None:
    record = builders.make_record(intents={"other": StoredIntent(version=9)})
    assert at(record=record) == decisions.Live()
