"""The record's state machine: from a situation to the one next thing to do. Pure and total.

Absence is not deletion. Leaving starts from a deletionTimestamp seen on a Cluster that is neither
paused nor moving, from a config seen not to match with policy Remove, or from a user's word; never
from something that is not there.
"""

from __future__ import annotations

import datetime

from akoo_core.objects import cluster, names, record
from akoo_core.reconcile.decide import leaving, living, relocation, user_annotations
from akoo_core.reconcile.decide.decisions import (
    AdoptCluster,
    CompareWorkload,
    CreateRecord,
    Decision,
    DropForMove,
    Finish,
    HandOver,
    Hold,
    LetGo,
    Nothing,
    PauseLeaving,
    PruneFinished,
    Refuse,
    ReleaseCluster,
    RestartRecord,
    ResumeLeaving,
    StartLeaving,
)
from akoo_core.reconcile.decide.situation import Situation

ADOPTION_SECONDS = 5.0
"""How soon to look again while another key adopts the Cluster."""


def decide(s: Situation) -> Decision:
    """The next thing to do."""
    if s.record is None:
        return _without_record(s)
    if s.record.spec.schema_version > record.SCHEMA_VERSION:
        return _newer("its schema is version", s.record.spec.schema_version, record.SCHEMA_VERSION)
    if s.record.spec.finished_at is not None:
        return _finished(s, s.record, s.record.spec.finished_at)
    if s.moved_away and not _was_dying(s.record):
        return DropForMove()
    return _with_record(s, s.record)


# No record yet.


def _without_record(s: Situation) -> Decision:
    one = s.cluster
    if one is None or s.served_by or one.moving:
        return Nothing(why="there is nothing to record")
    if one.paused:
        return Nothing(why="the Cluster is paused")
    ours = names.FINALIZER in one.finalizers
    if one.deleting and not ours:
        return Nothing(why="the Cluster is being deleted and was never served")
    if s.choice.config is None and not ours:
        return Nothing(why=s.choice.why)
    if s.rivals:
        if not s.workload_uid:
            return CompareWorkload(namespace=one.namespace, name=one.name, cluster_uid=one.uid)
        if any(_workload_of(rival) == s.workload_uid for rival in s.rivals):
            return Nothing(why="an earlier record adopts this Cluster", after=ADOPTION_SECONDS)
    if s.choice.config is not None:
        return CreateRecord(config=s.choice.config)
    if not one.deleting:
        return Nothing(why=s.choice.why)
    return Refuse(
        reason="RecordMissing",
        message=(
            f"This Cluster carries our finalizer, but its AKODeployment {s.name} is gone and no "
            "AKODeploymentConfig selects it, so nothing says what to clean up. Make an "
            "AKODeploymentConfig select it again, or remove the finalizer "
            f"{names.FINALIZER} by hand."
        ),
    )


def _workload_of(one: record.Record) -> str:
    return one.spec.workload.kube_system_uid if one.spec.workload else ""


# A record that is done.


def _finished(s: Situation, one: record.Record, at: datetime.datetime) -> Decision:
    target = s.cluster
    left = (at + s.finished_kept - s.now).total_seconds()
    here = target if target is not None and not target.moving else None
    if here and here.deleting and names.FINALIZER in here.finalizers and not s.shared_with:
        return ReleaseCluster()
    if one.deleting:
        return PruneFinished()
    again = s.choice.config is not None and not user_annotations.read(one.annotations).leave
    if here and again and not here.deleting and not here.paused and s.choice.config is not None:
        return RestartRecord(config=s.choice.config)
    if target is not None and not target.deleting:
        # Pruned now, it would be made again for a Cluster that is still selected.
        return Nothing(why="finished, and its Cluster lives")
    return Nothing(why="finished", after=left) if left > 0 else PruneFinished()


# A record at work.


def _with_record(s: Situation, one: record.Record) -> Decision:
    said, target, state = user_annotations.read(one.annotations), s.cluster, one.spec.leaving
    gone = state is not None and state.let_go is not None
    if gone and _must_release(s):
        return ReleaseCluster()
    departs = state is not None and state.cause != "Relocated"
    if said.let_go and not gone and (departs or (target is not None and target.deleting)):
        return LetGo(why="UserWord", message=said.let_go)
    stopped = _paused(s, one, said) or _unknown_data(s, one)
    if stopped is not None:
        return stopped
    if user_annotations.adopts(said, one.spec.management_id):
        return HandOver()
    if state is not None and state.paused_at is not None:
        return ResumeLeaving()
    if state is not None and departs:
        return leaving.step(s, one, state)
    if state is not None and target is not None and not target.deleting:
        return relocation.step(s, one, state, said)
    if target is None:
        return _vanished(s, one, said)
    if target.deleting:
        return StartLeaving(cause="ClusterDeleted", message="the Cluster is being deleted")
    return living.step(s, one, target, said)


def _was_dying(one: record.Record) -> bool:
    """Whether the Cluster was being deleted before it was paused and marked, so that it was no
    move: nothing of ours begins in what is paused or marked."""
    return one.spec.leaving is not None and one.spec.leaving.cause == "ClusterDeleted"


def _must_release(s: Situation) -> bool:
    target = s.cluster
    return target is not None and names.FINALIZER in target.finalizers and not s.shared_with


def _paused(s: Situation, one: record.Record, said: user_annotations.Words) -> Decision | None:
    target = s.cluster
    by = ""
    if target is not None and target.paused:
        by = f"Cluster {target.key} is paused"
    elif said.paused:
        by = f"the record is paused by its annotation {names.PAUSED_ANNOTATION}"
    marked = target is not None and target.moving
    if not by and not marked:
        return None
    if one.spec.leaving is not None and one.spec.leaving.paused_at is None:
        return PauseLeaving()
    if target is not None and marked:
        return _marked(target)
    if target is not None and target.deleting:
        return Hold(
            reason="DeletionPaused",
            message=(
                f"Cluster {target.key} is being deleted, and the deletion waits, since nothing is "
                f"done while {by}. End the pause to clean up and let the Cluster go, or annotate "
                f"this record {names.LET_GO_ANNOTATION}=<reason> to let it go as it is."
            ),
        )
    return Hold(
        reason="Paused",
        message=f"Nothing is done while {by}; what is there stays as it is.",
        ready=False,
    )


def _marked(target: cluster.Cluster) -> Hold:
    """A mark alone is no move: whoever may edit a Cluster can set it, and take it away again."""
    return Hold(
        reason="MoveAwaited",
        message=(
            f"Cluster {target.key} is marked to be moved away "
            f"({names.DELETE_FOR_MOVE_ANNOTATION}): nothing is done while it is here. If it goes "
            "while it is paused, marked and being deleted, it has moved, and this record goes, "
            "too. If nobody moves it, remove the annotation from the Cluster."
        ),
        ready=target.deleting,
    )


def _unknown_data(s: Situation, one: record.Record) -> Decision | None:
    for name in sorted(one.spec.plugins):
        if name not in s.loaded:
            return Hold(
                reason="PluginMissing",
                message=(
                    f'Plugin "{name}" has worked for this cluster and is not loaded. Start '
                    f"akoo-core with it (--plugins), or the cluster can not be looked after nor "
                    "cleaned up."
                ),
            )
    for name, intent in sorted(one.spec.intents.items()):
        if name in s.loaded and intent.version > s.loaded[name].intent_version:
            known = s.loaded[name].intent_version
            return _newer(f'the intent of plugin "{name}" is version', intent.version, known)
    for kind, fact in sorted(one.spec.facts.items()):
        known = s.loaded[fact.plugin].facts.get(kind, 0) if fact.plugin in s.loaded else 0
        if known and fact.version > known:
            return _newer(f'the fact "{kind}" is version', fact.version, known)
    return None


def _newer(what: str, found: int, known: int) -> Hold:
    return Hold(
        reason="NewerRecord",
        message=(
            f"A newer akoo-core wrote this record: {what} {found}, this one knows {known}. "
            "Nothing is done until it is upgraded."
        ),
    )


def _vanished(s: Situation, one: record.Record, said: user_annotations.Words) -> Decision:
    ref = one.spec.cluster_ref
    if names.DELETE_FOR_MOVE_ANNOTATION in one.annotations:
        return DropForMove()  # A person says so: nobody here had seen it move.
    if one.spec.untouched:
        return Finish(untouched=True)
    if s.namesake is not None and _workload_of(one) and not s.namesake.moving:
        if not s.workload_uid:
            return CompareWorkload(
                namespace=ref.namespace, name=ref.name, cluster_uid=s.namesake.uid
            )
        if s.workload_uid == _workload_of(one):
            return AdoptCluster(uid=s.namesake.uid)
    if said.leave == "sweep":
        return StartLeaving(cause="UserWord", message=f"{names.LEAVE_ANNOTATION}: sweep")
    return Hold(
        reason="ClusterVanished",
        message=(
            f"Cluster {ref.namespace}/{ref.name} ({ref.uid}) is gone, and its deletion was not "
            "seen here: it may have been moved, restored elsewhere or torn away. If it lives "
            f"elsewhere, annotate this record {names.DELETE_FOR_MOVE_ANNOTATION}= to drop it and "
            f"touch nothing; if it is gone for good, {names.LEAVE_ANNOTATION}=sweep to clean up."
        ),
    )
