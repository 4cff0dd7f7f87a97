"""The record's state machine, one row per rule."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.config import Config, Policies
from akoo_core.objects.record import ClusterRef, ConfigRef, Record, Workload
from akoo_core.reconcile.decide import decisions, selection
from akoo_core.reconcile.decide.situation import Progress
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.reconcile_decisions import at, held, orphaned

LEAVE = names.LEAVE_ANNOTATION


# Without a record.


def test_a_selected_cluster_gets_a_record_before_anything_else() -> None:
    decision = at(record=None, cluster=builders.make_cluster(finalizers=()))
    assert isinstance(decision, decisions.CreateRecord)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cluster": None}, "there is nothing to record"),
        ({"cluster": builders.make_cluster(moving=True)}, "there is nothing to record"),
        ({"served_by": "akoo-000000000000"}, "there is nothing to record"),
        ({"cluster": builders.make_cluster(paused=True)}, "the Cluster is paused"),
        (
            {"cluster": builders.make_cluster(finalizers=(), deleting=True)},
            "the Cluster is being deleted and was never served",
        ),
        (
            {"cluster": builders.make_cluster(finalizers=()), "choice": builders.NO_CONFIG},
            "no AKODeploymentConfig selects its labels",
        ),
    ],
)
def test_nothing_is_recorded(changes: dict[str, Any], why: str) -> None:
    assert at(record=None, **changes) == decisions.Nothing(why=why)


def test_a_lost_record_of_a_dying_cluster_is_made_again() -> None:
    decision = at(record=None, cluster=builders.make_cluster(deleting=True))
    assert isinstance(decision, decisions.CreateRecord)


def test_a_lost_record_that_cannot_be_made_again_is_said_on_the_cluster() -> None:
    dying = builders.make_cluster(deleting=True)
    decision = at(record=None, cluster=dying, choice=builders.NO_CONFIG)
    assert isinstance(decision, decisions.Refuse)
    assert decision.reason == "RecordMissing"


# The finalizer of the ancestor.


ANCESTORS = (names.ANCESTOR_FINALIZER,)


def of_ancestor(*, on_cluster: bool, ours: tuple[str, ...] = ()) -> dict[str, Any]:
    """A Cluster, or its config, that the ancestor manages."""
    if on_cluster:
        return {"cluster": builders.make_cluster(finalizers=(*ours, *ANCESTORS))}
    raw = {"metadata": {"name": "default", "finalizers": [*ours, *ANCESTORS]}, "spec": {}}
    return {"choice": selection.Choice(config=builders.make_config(raw=raw), current="Present")}


@pytest.mark.parametrize("on_cluster", [True, False])
def test_what_the_ancestor_manages_gets_no_record(on_cluster: bool) -> None:
    decision = at(record=None, **of_ancestor(on_cluster=on_cluster))
    assert isinstance(decision, decisions.Nothing)
    assert names.ANCESTOR_FINALIZER in decision.why
    observed = at(record=None, observes=True, **of_ancestor(on_cluster=on_cluster))
    assert isinstance(observed, decisions.CreateRecord), "a record is all that it makes"


@pytest.mark.parametrize("on_cluster", [True, False])
@pytest.mark.parametrize("ours", [(), (names.FINALIZER,)])
def test_nothing_is_done_beside_the_ancestor(on_cluster: bool, ours: tuple[str, ...]) -> None:
    hold = held("TwoOperators", **of_ancestor(on_cluster=on_cluster, ours=ours))
    assert hold.message.startswith("Cluster " if on_cluster else "AKODeploymentConfig default ")


def test_nothing_is_removed_beside_the_ancestor() -> None:
    record = builders.make_record(policies=Policies(on_unmatch="Remove"))
    there = of_ancestor(on_cluster=True, ours=(names.FINALIZER,))
    held("TwoOperators", record=record, choice=builders.NO_CONFIG, **there)


def test_a_deletion_beside_the_ancestor_goes_on() -> None:
    dying = builders.make_cluster(deleting=True, finalizers=(names.FINALIZER, *ANCESTORS))
    assert isinstance(at(cluster=dying), decisions.StartLeaving)
    assert isinstance(at(cluster=dying, record=None), decisions.CreateRecord)


# The same namespace and name with another UID.


def earlier(uid: str = "workload-1") -> Record:
    old = builders.make_record(workload=Workload(kube_system_uid=uid))
    ref = ClusterRef(namespace="demo", name="shop", uid="old")
    return structs.replace(old, name="akoo-0ld", spec=structs.replace(old.spec, cluster_ref=ref))


def test_an_earlier_record_makes_a_new_cluster_show_who_it_is() -> None:
    fresh = {"record": None, "rivals": (earlier(),)}
    asked = at(**fresh)
    assert asked == decisions.CompareWorkload(
        namespace="demo", name="shop", cluster_uid=builders.CLUSTER_UID
    )
    assert isinstance(at(**fresh, progress=Progress(workload_uid="workload-1")), decisions.Nothing)
    assert isinstance(
        at(**fresh, progress=Progress(workload_uid="workload-2")), decisions.CreateRecord
    )


def test_a_vanished_cluster_is_adopted_only_if_its_workload_is_the_same() -> None:
    namesake = builders.make_cluster(uid="new")
    vanished = {
        "record": builders.make_record(workload=Workload(kube_system_uid="w")),
        "cluster": None,
        "namesake": namesake,
    }
    assert isinstance(at(**vanished), decisions.CompareWorkload)
    assert at(**vanished, progress=Progress(workload_uid="w")) == decisions.AdoptCluster(uid="new")
    held("ClusterVanished", **vanished, progress=Progress(workload_uid="other"))


def test_a_record_of_a_cluster_that_lives_elsewhere_is_dropped_by_annotation() -> None:
    annotations = {names.DELETE_FOR_MOVE_ANNOTATION: ""}
    dropped = builders.make_record(annotations=annotations)
    assert isinstance(at(cluster=None, record=dropped), decisions.DropForMove)
    assert isinstance(at(record=dropped), decisions.Live), "its Cluster is here"


def test_a_record_that_never_saw_its_workload_adopts_nothing() -> None:
    held("ClusterVanished", cluster=None, namesake=builders.make_cluster(uid="new"))


# Living.


def test_a_matched_cluster_lives() -> None:
    assert at() == decisions.Live()


def test_finalizers_come_before_the_outside() -> None:
    bare = builders.make_config(raw={"metadata": {"name": "default"}})
    decision = at(
        cluster=builders.make_cluster(finalizers=()), choice=selection.Choice(config=bare)
    )
    assert decision == decisions.AddFinalizers(on=("Config", "Cluster"))


@pytest.mark.parametrize(
    ("label", "on"), [(None, ()), ("default", ()), ("edge", ("Label",)), ("", ("Label",))]
)
def test_the_label_of_the_ancestor_follows_the_config(
    label: str | None, on: tuple[str, ...]
) -> None:
    """A Cluster without that label gets none: it never was the ancestor's."""
    labels = {} if label is None else {names.ANCESTOR_LABEL: label}
    marked = {names.RECORD_ANNOTATION: builders.make_record().name}
    cluster = builders.make_cluster(labels=labels, annotations=marked)
    decision = at(cluster=cluster)
    assert decision == (decisions.AddFinalizers(on=on) if on else decisions.Live())  # type: ignore[arg-type]
    done = Progress(ensured=frozenset({"Label"}))
    assert at(cluster=cluster, progress=done) == decisions.Live()


def test_a_cluster_of_a_switch_gets_our_annotation_with_its_record() -> None:
    """Our finalizer was there before: without the annotation a lost record would not be seen."""
    labels = {names.ANCESTOR_LABEL: "default"}
    decision = at(cluster=builders.make_cluster(labels=labels))
    assert decision == decisions.AddFinalizers(on=("Cluster",))
    assert at(cluster=builders.make_cluster()) == decisions.Live()


def test_a_config_whose_name_is_no_label_leaves_the_label() -> None:
    long = builders.make_config("c" * 64)
    record = builders.make_record(config_ref=ConfigRef(name=long.name, uid=long.uid))
    marked = {names.RECORD_ANNOTATION: record.name}
    served = builders.make_cluster(labels={names.ANCESTOR_LABEL: "edge"}, annotations=marked)
    choice = selection.Choice(config=long)
    assert at(cluster=served, record=record, choice=choice) == decisions.Live()


@pytest.mark.parametrize(
    "other",
    [
        builders.make_config("edge"),
        builders.make_config(uid="made-again"),
        builders.make_config(policies=Policies(on_unmatch="Remove")),
    ],
)
def test_another_config_or_policy_is_stored_first(other: Config) -> None:
    decision = at(choice=selection.Choice(config=other))
    assert decision == decisions.ChangeConfig(config=other)


def test_a_match_resumes_an_orphan() -> None:
    decision = at(record=builders.make_record(orphaned=orphaned()))
    assert isinstance(decision, decisions.ChangeConfig)


# No config matches any more.


REMOVE = Policies(on_unmatch="Remove")


def test_unmatched_is_orphaned_by_default() -> None:
    assert at(choice=builders.NO_CONFIG) == decisions.Orphan(
        cause="Unmatched", message="no AKODeploymentConfig selects its labels"
    )
    held("Orphaned", record=builders.make_record(orphaned=orphaned()), choice=builders.NO_CONFIG)


def test_unmatched_is_removed_when_the_stored_policy_says_so() -> None:
    decision = at(record=builders.make_record(policies=REMOVE), choice=builders.NO_CONFIG)
    assert isinstance(decision, decisions.StartLeaving)
    assert decision.cause == "Unmatched"


@pytest.mark.parametrize(
    ("current", "policies", "expected"),
    [
        ("Deleting", REMOVE, "ConfigDeleted"),
        ("Missing", REMOVE, "ConfigMissing"),
        ("Missing", Policies(), "ConfigMissing"),
        ("Unusable", REMOVE, "ConfigInvalid"),
    ],
)
def test_absence_and_mistakes_remove_nothing(
    current: selection.ConfigState, policies: Policies, expected: str
) -> None:
    choice = selection.Choice(why="none", current=current, current_problem="spec.priority: x")
    decision = at(record=builders.make_record(policies=policies), choice=choice)
    if current == "Deleting":
        assert isinstance(decision, decisions.StartLeaving)
        assert decision.cause == expected
    else:
        assert isinstance(decision, decisions.Hold)
        assert decision.reason == expected


def test_an_orphan_stays_one_when_its_config_is_gone() -> None:
    record = builders.make_record(orphaned=orphaned("ConfigDeleted"))
    held("Orphaned", record=record, choice=selection.Choice(why="none", current="Missing"))


# The Cluster.


def test_a_cluster_that_is_not_there_is_not_deleted() -> None:
    decision = held("ClusterVanished", cluster=None)
    assert "akoo.io/leave=sweep" in decision.message


@pytest.mark.parametrize("changes", [{}, {"orphaned": orphaned()}, {"policies": REMOVE}])
def test_a_deletion_that_is_seen_starts_leaving(changes: dict[str, Any]) -> None:
    decision = at(
        record=builders.make_record(**changes), cluster=builders.make_cluster(deleting=True)
    )
    assert isinstance(decision, decisions.StartLeaving)
    assert decision.cause == "ClusterDeleted"


def test_a_paused_cluster_is_left_alone_even_in_deletion() -> None:
    paused = builders.make_cluster(paused=True)
    assert held("Paused", cluster=paused).ready is False
    by_annotation = builders.make_record(annotations={names.PAUSED_ANNOTATION: ""})
    assert held("Paused", record=by_annotation).ready is False
    dying = builders.make_cluster(deleting=True, paused=True)
    decision = held("DeletionPaused", cluster=dying)
    assert decision.ready is True, "Ready says that a deletion waits"
    assert "the deletion waits" in decision.message
    held("DeletionPaused", record=by_annotation, cluster=builders.make_cluster(deleting=True))


def test_pauses_are_stored_while_leaving() -> None:
    leaving = builders.make_record(leaving=builders.make_leaving())
    paused = builders.make_cluster(deleting=True, paused=True)
    assert at(record=leaving, cluster=paused) == decisions.PauseLeaving()
    since = builders.make_record(leaving=builders.make_leaving(paused_at=builders.NOW))
    held("DeletionPaused", record=since, cluster=paused)
    moved_on = builders.make_cluster(deleting=True)
    assert at(record=since, cluster=moved_on) == decisions.ResumeLeaving()


@pytest.mark.parametrize("changes", [{}, {"paused": True}, {"deleting": True, "paused": True}])
def test_a_mark_alone_is_no_move(changes: dict[str, Any]) -> None:
    """Whoever may edit a Cluster can set it."""
    marked = builders.make_cluster(moving=True, **changes)
    assert held("MoveAwaited", cluster=marked).ready is bool(changes.get("deleting"))
    leaving = builders.make_record(leaving=builders.make_leaving())
    assert at(record=leaving, cluster=marked) == decisions.PauseLeaving()
    dropped = builders.make_record(annotations={names.DELETE_FOR_MOVE_ANNOTATION: ""})
    held("MoveAwaited", record=dropped, cluster=marked)


def test_a_cluster_that_has_moved_takes_its_record_along() -> None:
    assert at(cluster=None, moved_away=True) == decisions.DropForMove()
    relocating = builders.make_record(leaving=builders.make_leaving(cause="Relocated"))
    assert at(cluster=None, moved_away=True, record=relocating) == decisions.DropForMove()


def test_a_cluster_whose_deletion_was_seen_has_not_moved() -> None:
    """It is paused and marked when it is being cleaned up already, and its finalizers are taken."""
    dying = builders.make_record(leaving=builders.make_leaving())
    decision = at(cluster=None, moved_away=True, record=dying)
    assert decision == decisions.LetGo(why="Gone", message="the Cluster is not there any more")
