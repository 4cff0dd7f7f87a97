"""What cannot be taken back: leaving begins, the Cluster is let go, the record ends. Thin.

Each of these is stored before it is done, and what is only seen in a cache is read live first.
"""

from __future__ import annotations

from collections.abc import Callable

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import cluster, config, names, record
from akoo_core.reconcile.act import relocation, status
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import decisions, placements, selection, situation, user_annotations
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.decide.state_machine import decide
from akoo_core.telemetry import metrics

BRAKED = ("Unmatched", "ConfigDeleted", "Relocated")
"""Causes that one mistake in a config can give to a whole fleet."""


async def act(work: Attempt, now: situation.Situation, decision: decisions.Decision) -> Stop | None:
    """The decisions of this module. None: decide again."""
    match decision:
        case decisions.StartLeaving():
            return await _start(work, now, decision)
        case decisions.LetGo():
            await _let_go(work, decision)
        case decisions.ReleaseCluster():
            return await _release_cluster(work)
        case decisions.Finish():
            if decision.untouched and await live_cluster(work) is not None:
                return Stop("CacheBehind", "the Cluster is there", 1.0)
            await work.store(finished_at=work.services.clock.now())
            work.services.deployer.forget(work.name)
            work.notify("RecordFinished")
        case decisions.PruneFinished() | decisions.DropForMove():
            await _drop(work)
        case decisions.CancelRelocation() | decisions.EndRelocation() | decisions.HandOver():
            await relocation.act(work, decision)
        case _:
            raise TypeError(f"nobody acts on {decision!r}")
    return None


async def live_cluster(work: Attempt) -> cluster.Cluster | None:
    """The attempt's Cluster, read live; None when it is gone or another has its name."""
    seen = work.cluster
    ref = work.record.spec.cluster_ref if work.record is not None else seen
    if ref is None:
        return None
    clusters = work.services.clusters
    try:
        found = await work.services.management.get(clusters, ref.name, ref.namespace)
    except errors.NotFoundError as error:
        if error.kind_missing:
            raise
        return None
    live = cluster.from_object(found)
    return live if live.uid == ref.uid else None


async def _start(
    work: Attempt, now: situation.Situation, decision: decisions.StartLeaving
) -> Stop | None:
    held = _braked(work, decision, work.services.brake.held)
    if held is not None:
        return held  # Nothing is read for it: a mistake in a selector holds many at once.
    work.cluster = await live_cluster(work)
    again = structs.replace(now, cluster=work.cluster)
    if work.cluster is not None and decision.cause in BRAKED:
        again = structs.replace(again, choice=await _live_choice(work, work.cluster))
    behind = decision.cause == "Relocated" and not _same_config(work, again.choice)
    decided = decide(again)
    same = isinstance(decided, decisions.StartLeaving) and decided.cause == decision.cause
    if behind or not same:
        raise errors.ConflictError(f"{work.name}: the caches are behind, it is decided again")
    held = _braked(work, decision, work.services.brake.ask)  # Others may have begun meanwhile.
    if held is not None:
        return held
    await _store_start(work, decision.cause)
    note = f"AKO's objects are being cleaned up: {decision.message} ({work.name})."
    status.event(work, "AKOCleanupStarted", note)
    if decision.cause != "Relocated":
        work.notify("ClusterDeleting" if decision.cause == "ClusterDeleted" else "ClusterUnmatched")
    return None


async def _store_start(work: Attempt, cause: record.Cause) -> None:
    """Store that leaving begins. In the same write go the word that confirms this removal, so that
    it confirms no later one, and words about moves that were not said about this."""
    before, now = work.one.spec.leaving, work.services.clock.now()
    state = placements.started(before, cause, now, tuple(sorted(work.report.moves)))
    spec = structs.replace(work.one.spec, leaving=state)
    spent = (names.CONFIRM_REMOVAL_ANNOTATION, names.ABANDON_PLACEMENT_ANNOTATION)
    work.record = await work.services.records.change(work.one, spec, consumed=spent)
    work.report.moves = {}


def _same_config(work: Attempt, choice: selection.Choice) -> bool:
    """Whether what intend was asked about is the config as it is now."""
    live, seen = choice.config, work.config
    return live is not None and seen is not None and live.generation == seen.generation


async def _live_choice(work: Attempt, target: cluster.Cluster) -> selection.Choice:
    configs: list[config.Config] = []
    unreadable: list[selection.Unreadable] = []
    token = ""
    while True:
        page = await work.services.management.list(resources.AKO_DEPLOYMENT_CONFIGS, token=token)
        for item in map(selection.read, page.items):
            if isinstance(item, selection.Unreadable):
                unreadable.append(item)
            else:
                configs.append(item)
        token = page.token
        if not token:
            break
    current = work.one.spec.config_ref.name
    return selection.choose(target, configs, unreadable=unreadable, current=current)


def _braked(
    work: Attempt, decision: decisions.StartLeaving, brake: Callable[..., float]
) -> Stop | None:
    if decision.cause not in BRAKED:
        return None
    if user_annotations.read(work.one.annotations).confirm_removal:
        return None
    now = work.services.clock.now()
    seconds = brake(work.name, work.services.world.removals(), now=now)
    if seconds == 0.0:
        return None
    moves = decision.cause == "Relocated"
    what = "from its old place" if moves else "here"
    message = (
        f"AKO is to be removed {what} ({decision.message}), but many removals have begun within "
        f"the hour. Annotate this record {names.CONFIRM_REMOVAL_ANNOTATION} to go on now."
    )
    # What is to be removed works as before; what is to move is not where it should be.
    work.report.keep_ready = not moves
    work.report.ready = ("RemovalHeld", message) if moves else None
    return Stop("RemovalHeld", message, seconds)


async def _let_go(work: Attempt, decision: decisions.LetGo) -> None:
    """Store it, and take the user's word away: it let this Cluster go, and no other. The finalizer
    goes in the next step, for as long as it takes."""
    if decision.why == "Gone":
        work.cluster = await live_cluster(work)
        if work.cluster is not None:
            return
    now = work.services.clock.now()
    state = work.one.spec.leaving
    if state is None:
        dying = work.cluster is not None and work.cluster.deleting
        state = record.Leaving(cause="ClusterDeleted" if dying else "UserWord", started_at=now)
    elif state.cause == "Relocated":
        state = placements.started(state, "ClusterDeleted", now)
    let_go = record.StoredLetGo(at=now, why=decision.why, message=decision.message)
    spec = structs.replace(work.one.spec, leaving=structs.replace(state, let_go=let_go))
    spent = (names.LET_GO_ANNOTATION,)
    work.record = await work.services.records.change(work.one, spec, consumed=spent)
    work.reached = None
    metrics.CLEANUP_SECONDS.observe(max(0.0, (now - state.started_at).total_seconds()))
    note = f"{decision.why}: {decision.message} ({work.name})."
    status.event(work, "ClusterLetGo", note, warning=decision.why != "Proven")
    work.notify("ClusterLetGo")


async def _release_cluster(work: Attempt) -> Stop | None:
    """Take the finalizer off. Cluster API's webhooks may refuse; it is tried for ever."""
    target = work.cluster
    if target is None:
        return None
    try:
        if not target.deleting:
            await status.take_back(work, target)
            await _take_annotation(work, target)
        await work.services.finalizers.remove(
            work.services.clusters,
            names.FINALIZER,
            target.name,
            target.namespace,
            uid=target.uid,
        )
    except (errors.KubeError, TimeoutError) as error:
        told = str(error) or "the API server did not answer in time"
        message = f"The finalizer cannot be taken off Cluster {target.key}; tried again: {told}."
        return Stop("LetGoRefused", message, min(60.0, work.backoff()))
    left = tuple(finalizer for finalizer in target.finalizers if finalizer != names.FINALIZER)
    work.cluster = structs.replace(target, finalizers=left)
    await work.services.workloads.forget(target.uid)
    return None


async def _take_annotation(work: Attempt, target: cluster.Cluster) -> None:
    if target.annotations.get(names.RECORD_ANNOTATION) != work.name:
        return
    patch = {"metadata": {"uid": target.uid, "annotations": {names.RECORD_ANNOTATION: None}}}
    await work.services.management.merge_patch(
        work.services.clusters, target.name, patch, target.namespace
    )


async def _drop(work: Attempt) -> None:
    one = work.one
    await work.services.finalizers.remove(
        resources.AKO_DEPLOYMENTS, names.RECORD_FINALIZER, one.name, None, uid=one.uid
    )
    await work.services.records.delete(one)
    work.services.deployer.forget(work.name)
    work.record = None
