"""The record's state machine: from a situation to one decision. Pure and total.

Absence is not deletion. Leaving starts from a deletionTimestamp seen on a Cluster that is neither
paused nor moving, from a config seen not to match with policy Remove, or from a user's annotation;
never from an object that is not there.
"""

from __future__ import annotations

import datetime

from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.record import SCHEMA_VERSION, Record
from akoo_core.reconcile.decide import (
    leaving,
    living,
    observing,
    relocation,
    two_operators,
    unadopted,
    user_annotations,
)
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
    RestartRecord,
    ResumeLeaving,
    StartLeaving,
    TakeUnadopted,
)
from akoo_core.reconcile.decide.situation import Situation
from akoo_core.reconcile.decide.user_annotations import UserAnnotations

ADOPTION_SECONDS = 5.0
"""Interval at which to look again while another record adopts the Cluster."""


def decide(s: Situation) -> Decision:
    """The next decision about a record."""
    if s.record is None:
        return _without_record(s)
    if s.record.spec.schema_version > SCHEMA_VERSION:
        return _newer("its schema is version", s.record.spec.schema_version, SCHEMA_VERSION)
    if s.record.spec.finished_at is not None:
        return _finished(s, s.record, s.record.spec.finished_at)
    if s.moved_away and not _was_dying(s.record):
        return DropForMove()
    return _observed(s, s.record) if s.record.spec.observed else _with_record(s, s.record)


# No record yet.


def _without_record(s: Situation) -> Decision:
    cluster = s.cluster
    if cluster is None or s.served_by or cluster.moving:
        return Nothing(why="there is nothing to record")
    if why := _why_no_record(s, cluster):
        return Nothing(why=why)
    if held := unadopted.waits(s):
        return held
    if s.rivals:
        if not s.progress.workload_uid:
            return CompareWorkload(
                namespace=cluster.namespace, name=cluster.name, cluster_uid=cluster.uid
            )
        if any(_workload_of(rival) == s.progress.workload_uid for rival in s.rivals):
            return Nothing(why="an earlier record adopts this Cluster", after=ADOPTION_SECONDS)
    taken = unadopted.is_taken(s)
    config = s.choice.config or (s.labelled if taken else None)
    if config is not None:
        return CreateRecord(config=config, observed=s.observes or taken, unadopted=taken)
    if not cluster.deleting:
        return Nothing(why=s.choice.why)
    held_by = names.ANCESTOR_FINALIZER if unadopted.is_held(cluster) else names.FINALIZER
    return Refuse(
        reason="RecordMissing",
        message=(
            f"This Cluster carries the finalizer {held_by}, but it has no AKODeployment "
            f"({s.name}) and no AKODeploymentConfig selects it, so nothing says what to clean up. "
            "Make an AKODeploymentConfig select it again, or remove the finalizer by hand."
        ),
    )


def _why_no_record(s: Situation, cluster: Cluster) -> str:
    """The reason why a Cluster without a record gets none now; "" if it may get one."""
    ours = names.FINALIZER in cluster.finalizers or unadopted.is_held(cluster)
    if cluster.paused:
        return "the Cluster is paused"
    if cluster.deleting and not ours:
        return "the Cluster is being deleted and was never served"
    if s.choice.config is None and not ours:
        return s.choice.why
    thing = two_operators.of_ancestor(s)
    if thing and not cluster.deleting and not s.observes:
        return two_operators.message(thing)
    return ""


def _workload_of(record: Record) -> str:
    return record.spec.workload.kube_system_uid if record.spec.workload else ""


# A record that is done.


def _finished(s: Situation, record: Record, at: datetime.datetime) -> Decision:
    cluster = s.cluster
    left = (at + s.finished_kept - s.now).total_seconds()
    still = cluster if cluster is not None and not cluster.moving else None
    managed = record.spec.leaving is not None or not record.spec.observed
    if still and still.deleting and managed and (release := unadopted.release(s)):
        return release
    if record.deleting:
        return PruneFinished()
    again = s.choice.config is not None and not user_annotations.read(record.annotations).leave
    if still and again and not still.deleting and not still.paused and s.choice.config is not None:
        observed = (s.observes or _adopted(record)) and _ended_clean(s)
        return RestartRecord(config=s.choice.config, observed=observed)
    if cluster is not None and not cluster.deleting:
        # Pruned now, it would be made again for a Cluster that is still selected.
        return Nothing(why="finished, and its Cluster lives")
    return Nothing(why="finished", after=left) if left > 0 else PruneFinished()


# A record that is not finished.


def _with_record(s: Situation, record: Record) -> Decision:
    annotations = user_annotations.read(record.annotations)
    cluster, state = s.cluster, record.spec.leaving
    gone = state is not None and state.let_go is not None
    if gone and (release := unadopted.release(s)):
        return release
    departs = state is not None and state.cause != "Relocated"
    if annotations.let_go and not gone and (departs or (cluster is not None and cluster.deleting)):
        return LetGo(why="UserWord", message=annotations.let_go)
    stopped = _paused(s, record, annotations) or _unknown_data(s, record)
    if stopped is not None:
        return stopped
    if user_annotations.adopts(annotations, record.spec.management_id):
        return HandOver()
    if state is not None and state.paused_at is not None:
        return ResumeLeaving()
    if state is not None and departs:
        return unadopted.obstacle(s) or leaving.decide(s, record, state)
    if state is not None and cluster is not None and not cluster.deleting:
        return relocation.decide(s, record, state, annotations)
    if cluster is None:
        return _vanished(s, record, annotations)
    if cluster.deleting:
        start = StartLeaving(cause="ClusterDeleted", message="the Cluster is being deleted")
        return unadopted.obstacle(s) or start
    return living.decide(s, record, cluster, annotations)


def _observed(s: Situation, record: Record) -> Decision:
    """A record for which nothing was written: it ends with its Cluster."""
    annotations, cluster = user_annotations.read(record.annotations), s.cluster
    if cluster is None:
        return Finish(untouched=True)
    if observing.goes(cluster):
        taken = TakeUnadopted() if unadopted.is_taken(s) else Finish()
        return unadopted.waits(s) or taken
    stopped = _paused(s, record, annotations) or _unknown_data(s, record)
    return stopped or observing.decide(s, record, annotations)


def _ended_clean(s: Situation) -> bool:
    """The finished record left nothing behind, so that nothing has to be cleaned up again."""
    return s.record is not None and leaving.ended_clean(s.record.spec)


def _adopted(record: Record) -> bool:
    """It has the name of an AKO that it adopted, which is somebody else's by now. Only the end of
    observing may give it its own."""
    return record.spec.ako_cluster_name != record.name


def _was_dying(record: Record) -> bool:
    """True if the Cluster was being deleted before it was paused and marked, so that it was no
    move: nothing of ours begins while a Cluster is paused or marked."""
    return record.spec.leaving is not None and record.spec.leaving.cause == "ClusterDeleted"


def _paused(s: Situation, record: Record, annotations: UserAnnotations) -> Decision | None:
    cluster = s.cluster
    by = ""
    if cluster is not None and cluster.paused:
        by = f"Cluster {cluster.key} is paused"
    elif annotations.paused:
        by = f"the record is paused by its annotation {names.PAUSED_ANNOTATION}"
    marked = cluster is not None and cluster.moving
    if not by and not marked:
        return None
    if record.spec.leaving is not None and record.spec.leaving.paused_at is None:
        return PauseLeaving()
    if cluster is not None and marked:
        return _marked(cluster)
    if cluster is not None and cluster.deleting:
        return Hold(
            reason="DeletionPaused",
            message=(
                f"Cluster {cluster.key} is being deleted, and the deletion waits, since nothing is "
                f"done while {by}. End the pause to clean up and let the Cluster go, or annotate "
                f"this record {names.LET_GO_ANNOTATION}=<reason> to let it go as it is."
            ),
        )
    return Hold(
        reason="Paused",
        message=f"Nothing is done while {by}; what is there stays as it is.",
        ready=False,
    )


def _marked(cluster: Cluster) -> Hold:
    """A mark alone is no move: whoever may edit a Cluster can set it, and take it away again."""
    return Hold(
        reason="MoveAwaited",
        message=(
            f"Cluster {cluster.key} is marked to be moved away "
            f"({names.DELETE_FOR_MOVE_ANNOTATION}): nothing is done while it is here. If it goes "
            "while it is paused, marked and being deleted, it has moved, and this record goes, "
            "too. If nobody moves it, remove the annotation from the Cluster."
        ),
        ready=cluster.deleting,
    )


def _unknown_data(s: Situation, record: Record) -> Decision | None:
    for name in sorted(record.spec.plugins):
        if name not in s.loaded:
            return Hold(
                reason="PluginMissing",
                message=(
                    f'Plugin "{name}" has worked for this cluster and is not loaded. Start '
                    "akoo-core with it (--plugins). Without it the cluster is neither managed nor "
                    "cleaned up."
                ),
            )
    for name, intent in sorted(record.spec.intents.items()):
        if name in s.loaded and intent.version > s.loaded[name].intent_version:
            known = s.loaded[name].intent_version
            return _newer(f'the intent of plugin "{name}" is version', intent.version, known)
    for kind, fact in sorted(record.spec.facts.items()):
        known = s.loaded[fact.plugin].facts.get(kind, 0) if fact.plugin in s.loaded else 0
        if known and fact.version > known:
            return _newer(f'the fact "{kind}" is version', fact.version, known)
    return None


def _newer(subject: str, version: int, known: int) -> Hold:
    return Hold(
        reason="NewerRecord",
        message=(
            f"A newer akoo-core wrote this record: {subject} {version}, this one knows {known}. "
            "Nothing is done until it is upgraded."
        ),
    )


def _vanished(s: Situation, record: Record, annotations: UserAnnotations) -> Decision:
    ref = record.spec.cluster_ref
    if names.DELETE_FOR_MOVE_ANNOTATION in record.annotations:
        return DropForMove()  # A person says so: nobody here had seen it move.
    if record.spec.untouched:
        return Finish(untouched=True)
    if s.namesake is not None and _workload_of(record) and not s.namesake.moving:
        if not s.progress.workload_uid:
            return CompareWorkload(
                namespace=ref.namespace, name=ref.name, cluster_uid=s.namesake.uid
            )
        if s.progress.workload_uid == _workload_of(record):
            return AdoptCluster(uid=s.namesake.uid)
    if annotations.leave == "sweep":
        return StartLeaving(cause="UserWord", message=f"{names.LEAVE_ANNOTATION}: sweep")
    return Hold(
        reason="ClusterVanished",
        message=(
            f"Cluster {ref.namespace}/{ref.name} ({ref.uid}) is gone, and its deletion was not "
            "seen here: it may have been moved, restored elsewhere or deleted by force. If it "
            "lives "
            f"elsewhere, annotate this record {names.DELETE_FOR_MOVE_ANNOTATION}= to drop the "
            f"record and change nothing; if it is gone for good, {names.LEAVE_ANNOTATION}=sweep "
            "to clean up."
        ),
    )
