"""Acts that cannot be undone: leaving begins, the Cluster is let go, the record ends. Thin.

Each is stored before it is done, and caches are checked by a quorum read first.
"""

from __future__ import annotations

from collections.abc import Callable

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.config import Config
from akoo_core.objects.record import Cause, Leaving, StoredLetGo
from akoo_core.reconcile.act import status
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import decisions, placements, selection, user_annotations
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.decide.situation import Situation
from akoo_core.reconcile.decide.state_machine import decide
from akoo_core.telemetry import metrics

BRAKED = ("Unmatched", "ConfigDeleted", "Relocated")
"""Causes that one mistake in a config can give to a whole fleet."""


async def start(
    attempt: Attempt, situation: Situation, decision: decisions.StartLeaving
) -> Stop | None:
    """Begin to leave, if a decision from quorum reads is the same. Raises ConflictError if not."""
    held = _braked(attempt, decision, attempt.services.brake.held)
    if held is not None:
        return held  # Nothing is read for it: a mistake in a selector holds many at once.
    attempt.cluster = await attempt.read_cluster()
    current = structs.replace(situation, cluster=attempt.cluster)
    if attempt.cluster is not None and decision.cause in BRAKED:
        current = structs.replace(current, choice=await _read_choice(attempt, attempt.cluster))
    behind = decision.cause == "Relocated" and not _same_config(attempt, current.choice)
    decided = decide(current)
    same = isinstance(decided, decisions.StartLeaving) and decided.cause == decision.cause
    if behind or not same:
        raise errors.ConflictError(f"{attempt.name}: the caches are behind; deciding again")
    held = _braked(attempt, decision, attempt.services.brake.ask)  # Others may have begun by now.
    if held is not None:
        return held
    await _store_start(attempt, decision.cause)
    note = f"AKO's objects are being cleaned up: {decision.message} ({attempt.name})."
    status.event(attempt, "AKOCleanupStarted", note)
    if decision.cause != "Relocated":
        deleted = decision.cause == "ClusterDeleted"
        attempt.notify("ClusterDeleting" if deleted else "ClusterUnmatched")
    return None


async def _store_start(attempt: Attempt, cause: Cause) -> None:
    """Store that leaving begins.

    The same write removes the annotation that confirms this removal, so that it confirms no later
    one, and an annotation about an earlier relocation.
    """
    before, now = attempt.spec.leaving, attempt.services.clock.now()
    relocating = tuple(sorted(attempt.progress.relocations))
    leaving = placements.started(before, cause, now, relocating)
    await attempt.change(
        structs.replace(attempt.spec, leaving=leaving),
        consumed=(names.CONFIRM_REMOVAL_ANNOTATION, names.ABANDON_PLACEMENT_ANNOTATION),
    )
    attempt.advance(relocations={})


def _same_config(attempt: Attempt, choice: selection.Choice) -> bool:
    """True if intend was asked about the current config."""
    current, asked = choice.config, attempt.config
    return current is not None and asked is not None and current.generation == asked.generation


async def _read_choice(attempt: Attempt, cluster: Cluster) -> selection.Choice:
    """Selection among the configs of a quorum list."""
    configs: list[Config] = []
    unreadable: list[selection.Unreadable] = []
    management, token = attempt.services.management, ""
    while True:
        page = await management.list(resources.AKO_DEPLOYMENT_CONFIGS, token=token)
        for config in map(selection.read, page.items):
            if isinstance(config, selection.Unreadable):
                unreadable.append(config)
            else:
                configs.append(config)
        token = page.token
        if not token:
            break
    current = attempt.spec.config_ref.name
    return selection.choose(cluster, configs, unreadable=unreadable, current=current)


def _braked(
    attempt: Attempt, decision: decisions.StartLeaving, brake: Callable[..., float]
) -> Stop | None:
    if decision.cause not in BRAKED:
        return None
    if user_annotations.read(attempt.existing.annotations).confirm_removal:
        return None
    now = attempt.services.clock.now()
    seconds = brake(attempt.name, attempt.services.world.removals(), now=now)
    if seconds == 0.0:
        return None
    relocates = decision.cause == "Relocated"
    origin = "from its old place" if relocates else "here"
    message = (
        f"AKO is to be removed {origin} ({decision.message}), but many removals have begun within "
        f"the hour. Annotate this record {names.CONFIRM_REMOVAL_ANNOTATION} to go on now."
    )
    # AKO works as before a removal; before a relocation it is not where it should be.
    attempt.report.keep_ready = not relocates
    attempt.report.ready = ("RemovalHeld", message) if relocates else None
    return Stop("RemovalHeld", message, seconds)


async def let_go(attempt: Attempt, decision: decisions.LetGo) -> None:
    """Store that the Cluster is let go, and remove the user's annotation: it let this Cluster go,
    and no other. The finalizer goes in the next decision, for as long as it takes."""
    if decision.why == "Gone":
        attempt.cluster = await attempt.read_cluster()
        if attempt.cluster is not None:
            return
    now = attempt.services.clock.now()
    leaving = attempt.spec.leaving
    if leaving is None:
        deleting = attempt.cluster is not None and attempt.cluster.deleting
        leaving = Leaving(cause="ClusterDeleted" if deleting else "UserWord", started_at=now)
    elif leaving.cause == "Relocated":
        leaving = placements.started(leaving, "ClusterDeleted", now)
    stored = StoredLetGo(at=now, why=decision.why, message=decision.message)
    await attempt.change(
        structs.replace(attempt.spec, leaving=structs.replace(leaving, let_go=stored)),
        consumed=(names.LET_GO_ANNOTATION,),
    )
    attempt.reached = None
    metrics.CLEANUP_SECONDS.observe(max(0.0, (now - leaving.started_at).total_seconds()))
    note = f"{decision.why}: {decision.message} ({attempt.name})."
    status.event(attempt, "ClusterLetGo", note, warning=decision.why != "Proven")
    attempt.notify("ClusterLetGo")


async def release_cluster(attempt: Attempt) -> Stop | None:
    """Take the finalizer off the Cluster. Cluster API's webhooks may refuse; then try for ever."""
    cluster = attempt.cluster
    if cluster is None:
        return None
    ours = _held_by_us(attempt, cluster)
    try:
        if not cluster.deleting:
            await status.take_back(attempt, cluster)
            await _take_annotation(attempt, cluster)
        for finalizer in ours:
            await attempt.services.finalizers.remove(
                attempt.services.clusters,
                finalizer,
                cluster.name,
                cluster.namespace,
                uid=cluster.uid,
            )
    except (errors.KubeError, TimeoutError) as error:
        cause = str(error) or "the API server did not answer in time"
        message = (
            f"The finalizer cannot be removed from Cluster {cluster.key}; tried again: {cause}."
        )
        return Stop("LetGoRefused", message, min(60.0, attempt.backoff()))
    left = tuple(finalizer for finalizer in cluster.finalizers if finalizer not in ours)
    attempt.cluster = structs.replace(cluster, finalizers=left)
    await attempt.services.workloads.forget(cluster.uid)
    return None


def _held_by_us(attempt: Attempt, cluster: Cluster) -> tuple[str, ...]:
    """Our finalizer, and the ancestor's where it stands for ours."""
    stands = cluster.deleting and attempt.progress.ancestor == "Stopped"
    wanted = (names.FINALIZER, *((names.ANCESTOR_FINALIZER,) if stands else ()))
    return tuple(finalizer for finalizer in wanted if finalizer in cluster.finalizers)


async def _take_annotation(attempt: Attempt, cluster: Cluster) -> None:
    if cluster.annotations.get(names.RECORD_ANNOTATION) != attempt.name:
        return
    patch = {"metadata": {"uid": cluster.uid, "annotations": {names.RECORD_ANNOTATION: None}}}
    await attempt.services.management.merge_patch(
        attempt.services.clusters, cluster.name, patch, cluster.namespace
    )


async def finish(attempt: Attempt, decision: decisions.Finish) -> Stop | None:
    """Store that nothing is left to do for the record."""
    if decision.untouched and await attempt.read_cluster() is not None:
        return Stop("CacheBehind", "the Cluster is there", 1.0)
    await attempt.store(finished_at=attempt.services.clock.now())
    attempt.services.deployer.forget(attempt.name)
    attempt.notify("RecordFinished")
    return None


async def drop(attempt: Attempt) -> None:
    """Delete the record, and nothing else."""
    record = attempt.existing
    await attempt.services.finalizers.remove(
        resources.AKO_DEPLOYMENTS, names.RECORD_FINALIZER, record.name, None, uid=record.uid
    )
    await attempt.services.records.delete(record)
    attempt.services.deployer.forget(attempt.name)
    attempt.record = None
