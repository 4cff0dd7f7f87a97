"""What acting on each decision means. Thin; every write is guarded or harmless when repeated."""

from __future__ import annotations

import logging
import traceback

from akoo_core import errors as core_errors
from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import cluster, conditions, names, record
from akoo_core.plugin.errors import describe
from akoo_core.reconcile.act import leaving as act_leaving
from akoo_core.reconcile.act import letting_go, record_writes, status
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import decisions, leaving, situation, user_annotations
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.read import workload
from akoo_core.telemetry import metrics

_log = logging.getLogger(__name__)

NOT_THE_RECORD = (
    core_errors.LeadershipLostError,
    core_errors.ReadOnlyError,
    core_errors.NotReadyError,
)
"""They say nothing about the record: the attempt is made again, and nothing is told."""
SILENT = (errors.UnreachableError, errors.ServerError, errors.TooManyRequestsError)
"""The management API does not answer as it should: no fault of the record's."""
REST_SECONDS = 10.0
COMPARE_SECONDS = 15.0
UNKNOWN_WORKLOAD = "?"
"""Equal to no UID: it could not be asked."""


async def refuse(work: Attempt, decision: decisions.Refuse) -> None:
    """There is no record to say it on."""
    work.report.requeue(decision.after)
    if work.cluster is None:
        return
    condition = conditions.Condition(
        type=names.LOAD_BALANCER_READY,
        status="False",
        reason=decision.reason,
        message=decision.message,
    )
    await status.refused(work, work.cluster, condition)


def hold(work: Attempt, decision: decisions.Hold) -> None:
    """Nothing is done, and the record says why."""
    resync = work.services.resync_seconds
    work.report.requeue(resync if decision.after is None else decision.after)
    said = (decision.reason, decision.message)
    if decision.ready:
        work.report.ready = said
    else:
        work.report.keep_ready = True
    dying = work.cluster is not None and work.cluster.deleting
    if work.one.spec.leaving is not None or dying or not decision.ready:
        work.report.held = said
        work.report.endless = True


def rest(work: Attempt, decision: decisions.Rest) -> None:
    """All has been called; the answers are in the report."""
    work.complete = True
    if decision.reason:
        work.report.held = (decision.reason, decision.message)
    if decision.after is not None or not work.report.after:
        work.report.requeue(REST_SECONDS if decision.after is None else decision.after)


async def leave(work: Attempt, decision: decisions.Leave) -> Stop | None:
    """One leaving step. Whatever goes wrong in it stops the attempt, not the record."""
    try:
        return await act_leaving.step(work, decision.step)
    except errors.ConflictError:
        raise
    except (errors.KubeError, TimeoutError) as error:
        work.broken = isinstance(error, errors.KubeError) and not isinstance(error, SILENT)
        message = str(error) or "an API server did not answer in time"
        return Stop("KubernetesError", message, work.backoff(), complete=False)
    except NOT_THE_RECORD:
        raise
    except Exception as error:  # noqa: BLE001 - the deadline must be able to act all the same
        return broken(work, error)


def broken(work: Attempt, error: Exception) -> Stop:
    """Why an attempt ends by what nobody foresaw. It is logged here, once."""
    work.broken = True
    metrics.RECONCILE_ERRORS.labels("record").inc()
    seconds = work.backoff()
    _log.error(
        "record %s: an attempt failed unexpectedly, next in %.0f s: %s",
        work.name,
        seconds,
        describe(error),
        # Where it happened, without the text of the exception, which may quote anything.
        extra={"record": work.name, "stack": "".join(traceback.format_tb(error.__traceback__))},
    )
    message = (
        f"An attempt failed unexpectedly: {describe(error)}. It is tried again. If this stays, "
        "report it with the operator's log."
    )
    return Stop("AttemptFailed", message, seconds, complete=False)


async def complete(work: Attempt) -> None:
    """Note the end of the first complete attempt at leaving: from now on the deadline may act."""
    state = work.one.spec.leaving
    if state is None or not work.complete:
        return
    if state.attempted_at is None and state.let_go is None and state.cause != "Relocated":
        await work.store_leaving(attempted_at=work.services.clock.now())


async def act(work: Attempt, now: situation.Situation, decision: decisions.Decision) -> Stop | None:
    """Everything that is not a verb. None: decide again."""
    match decision:
        case decisions.CompareWorkload():
            return await _compare(work, decision)
        case decisions.AdoptCluster():
            await _adopt(work, decision)
        case decisions.CreateRecord():
            return await _create(work, decision)
        case decisions.RestartRecord():
            await _restart(work, decision)
        case decisions.AddFinalizers():
            return await _add_finalizers(work, now, decision)
        case decisions.ChangeConfig():
            chosen = decision.config
            ref = record.ConfigRef(name=chosen.name, uid=chosen.uid)
            await work.store(config_ref=ref, policies=chosen.policies, orphaned=None)
        case decisions.Orphan():
            at = work.services.clock.now()
            await work.store(orphaned=record.Orphaned(cause=decision.cause, at=at))
            work.notify("ClusterUnmatched")
        case decisions.PauseLeaving():
            await work.store_leaving(paused_at=work.services.clock.now())
        case decisions.ResumeLeaving():
            await _resume(work)
        case _:
            return await letting_go.act(work, now, decision)
    return None


async def _compare(work: Attempt, decision: decisions.CompareWorkload) -> Stop | None:
    reached = await workload.reach(
        work.services.workloads,
        namespace=decision.namespace,
        name=decision.name,
        turn=work.turn_of(decision.cluster_uid),
    )
    work.compared = reached.uid or UNKNOWN_WORKLOAD
    if reached.uid:
        return None
    work.report.requeue(COMPARE_SECONDS)
    if work.record is None:
        told = "whether this is a moved cluster cannot be told yet"
        return Stop(reached.reason, f"{told}: {reached.message}", COMPARE_SECONDS)
    return None


async def _adopt(work: Attempt, decision: decisions.AdoptCluster) -> None:
    ref = structs.replace(work.one.spec.cluster_ref, uid=decision.uid)
    await work.store(cluster_ref=ref)
    work.cluster = work.services.world.cluster_at(ref.namespace, ref.name)
    work.reached = None


async def _create(work: Attempt, decision: decisions.CreateRecord) -> Stop | None:
    """Make the record, for the Cluster as it is live: a record of one that is gone would wait for a
    person. Our marks on the Cluster show that a record of it was lost."""
    live = await letting_go.live_cluster(work)
    if live is None:
        return Stop("CacheBehind", "the Cluster is gone", 1.0)
    work.cluster = live
    served = names.FINALIZER in live.finalizers
    if live.deleting and not served:
        return Stop("CacheBehind", "the Cluster is being deleted and was never served", 1.0)
    noted = live.annotations.get(names.RECORD_ANNOTATION) == work.name
    spec = record_writes.fresh(
        name=work.name,
        management_id=work.services.management_id,
        cluster_ref=record.ClusterRef(namespace=live.namespace, name=live.name, uid=live.uid),
        chosen=decision.config,
        history_unknown=served or noted,
    )
    work.record = await work.services.records.create(work.name, spec)
    work.notify("ClusterSelected")
    return None


async def _restart(work: Attempt, decision: decisions.RestartRecord) -> None:
    """Begin anew, without the words that were said in the former life."""
    old = work.one.spec
    spec = record_writes.fresh(
        name=old.ako_cluster_name,
        management_id=old.management_id,
        cluster_ref=old.cluster_ref,
        chosen=decision.config,
        history_unknown=not leaving.ended_clean(old),
    )
    kept = {"instance": old.instance, "epoch": old.epoch, "foreign_akos": old.foreign_akos}
    spec = structs.replace(spec, **kept)
    work.services.deployer.forget(work.name)
    work.record = await work.services.records.change(
        work.one, spec, consumed=user_annotations.OF_ONE_LIFE
    )
    work.notify("ClusterSelected")


async def _add_finalizers(
    work: Attempt, now: situation.Situation, decision: decisions.AddFinalizers
) -> Stop | None:
    """Record first, the Cluster last: what it promises must be true when it is there."""
    add = work.services.finalizers.add
    behind = Stop("CacheBehind", "it is gone or being deleted", 1.0)
    if "Record" in decision.on:
        one = work.one
        kind = resources.AKO_DEPLOYMENTS
        live = await add(kind, names.RECORD_FINALIZER, one.name, None, uid=one.uid)
        if live is None:
            return behind
        work.record = record.from_object(live)
    chosen = now.choice.config
    if "Config" in decision.on and chosen is not None:
        kind = resources.AKO_DEPLOYMENT_CONFIGS
        if await add(kind, names.FINALIZER, chosen.name, None, uid=chosen.uid) is None:
            return behind
    target = work.cluster
    if "Cluster" in decision.on and target is not None:
        live = await add(
            work.services.clusters,
            names.FINALIZER,
            target.name,
            target.namespace,
            uid=target.uid,
            annotations={names.RECORD_ANNOTATION: work.name},
            seen=target.raw,
        )
        if live is None:
            return behind
        work.cluster = cluster.from_object(live)
    work.ensured |= set(decision.on)
    return None


async def _resume(work: Attempt) -> None:
    state = work.leaving
    since = state.paused_at or work.services.clock.now()
    paused = int((work.services.clock.now() - since).total_seconds())
    await work.store_leaving(paused_at=None, paused_seconds=state.paused_seconds + max(0, paused))
