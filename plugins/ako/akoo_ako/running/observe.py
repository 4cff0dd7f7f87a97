"""observe: is AKO running as it was deployed?

Reads the StatefulSet, AKO's Pods, their Events while AKO starts, and the cluster's version; changes
nothing. AKO's own link to the Avi Controller is not seen here: that it is broken shows as restarts.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from akoo_ako import installed, names
from akoo_ako.releases import gates, loading
from akoo_ako.releases.table import Table
from akoo_ako.running import pods, pushes, starts, workload
from akoo_core.plugin import api, structs
from akoo_core.plugin.kube import KubeClient

_BLOCKED_SECONDS = 30.0
_RESTARTED_SECONDS = 15.0
_STARTING_SECONDS = (1.0, 3.0)
"""Between two looks at an AKO that starts: at first, and once it takes longer."""
YOUNG = datetime.timedelta(minutes=5)
YOUNG_SECONDS = 30.0
ROLLOUT_SECONDS = 300.0
"""A rollout, images pulled, usually takes no longer."""


async def observe(ctx: api.VerbContext, table: Table | None = None) -> api.Result:
    """The state of AKO in this cluster. ``table`` None: only built-in releases are known."""
    return await look(ctx, table, installed.namespace_of(ctx.view), installed.selector_of(ctx.view))


async def look(
    ctx: api.VerbContext, table: Table | None, namespace: str, selector: Mapping[str, str]
) -> api.Result:
    """The state of the AKO in ``namespace``."""
    if ctx.workload is None:
        return api.Wait(
            reason="WorkloadUnreachable",
            message="the workload cluster does not answer, so AKO cannot be seen.",
            after=15.0,
        )
    deployed = await workload.find(ctx.workload, namespace, selector)
    now = ctx.clock.now()
    result = judge(deployed, now, await _pushed_at(ctx.workload, deployed, now))
    if not isinstance(result, api.Done):
        return result
    known = ctx.view.fact(starts.AkoStarts) or starts.AkoStarts()
    fact, waiting = await _look_at_starts(ctx.workload, deployed, known, now)
    if waiting is not None:
        return _starting(result, fact, waiting, now)
    done = structs.replace(result, facts=(fact,), recheck_seconds=_recheck(fact, now))
    version = ctx.view.kubernetes_version or await _kubernetes_version(ctx.workload)
    return _on_kubernetes(table or loading.table(), done, version)


async def _kubernetes_version(kube: KubeClient) -> str:
    """The version of a cluster that is observed only: nobody read it before. A minor such as
    ``34+`` is no exact one."""
    answer = await kube.raw("/version")
    minor = str(answer.get("minor", ""))
    return "" if minor.endswith("+") else str(answer.get("gitVersion", ""))


async def _pushed_at(
    kube: KubeClient, deployed: workload.Deployed, now: datetime.datetime
) -> datetime.datetime | None:
    """Our last write of avi-secret. It is read only while a container has ended lately."""
    ends = filter(None, map(pods.ended_at, deployed.pods))
    if all(now - end > pods.RECENT for end in ends):
        return None
    return pushes.written_at(await workload.credential_metadata(kube, deployed.namespace))


async def _look_at_starts(
    kube: KubeClient,
    deployed: workload.Deployed,
    known: starts.AkoStarts,
    now: datetime.datetime,
) -> tuple[starts.AkoStarts, tuple[str, str] | None]:
    """The progress of AKO in each Pod; reason and message of the first that does not work yet."""
    seen: list[starts.Start] = []
    waits: list[tuple[str, str]] = []
    for pod in sorted(deployed.pods, key=pods.name):
        before = known.of(pod)
        events = starts.Events()
        if before is None or before.state != "ready":
            events = await _events(kube, pod, follows_ready=known.follows_ready(pod))
        start = starts.judge(pod, events, before, now)
        seen += [start] if start is not None else []
        waiting = starts.waiting(pod, start, events, now)
        waits += [waiting] if waiting is not None else []
    return starts.AkoStarts(starts=tuple(seen)), next(iter(waits), None)


async def _events(kube: KubeClient, pod: structs.JSON, *, follows_ready: bool) -> starts.Events:
    """AKO's Events on the Pod. Whether it writes any is read only where none says it works."""
    events = starts.Events(await workload.events(kube, pod), follows_ready=follows_ready)
    if starts.since_start(pod, events, starts.READY_EVENTS):
        return events
    return events._replace(enabled=await workload.writes_events(kube, pods.namespace(pod)))


def _starting(
    result: api.Done, fact: starts.AkoStarts, waiting: tuple[str, str], now: datetime.datetime
) -> api.Wait:
    reason, message = waiting
    return api.Wait(
        reason=reason,
        message=message,
        after=next_look(fact, now) if reason == "AkoStarting" else _BLOCKED_SECONDS,
        expected_seconds=ROLLOUT_SECONDS,
        version=result.version,
        facts=(fact,),
    )


def next_look(fact: starts.AkoStarts, now: datetime.datetime) -> float:
    """Seconds to the next look at an AKO that starts; pure."""
    soon, later = _STARTING_SECONDS
    youngest = max((start.started_at for start in fact.starts), default=now)
    return min(max((now - youngest).total_seconds() / 5, soon), later)


def _recheck(fact: starts.AkoStarts, now: datetime.datetime) -> float | None:
    """A young AKO is looked at again soon: what ends it ends it early."""
    young = any(now - start.started_at < YOUNG for start in fact.starts)
    return YOUNG_SECONDS if young else None


def judge(
    deployed: workload.Deployed,
    now: datetime.datetime,
    pushed_at: datetime.datetime | None = None,
) -> api.Result:
    """The result by the objects alone; pure. ``pushed_at``: our last write of avi-secret."""
    if deployed.stateful_set is None:
        return api.Wait(
            reason="AkoMissing",
            message=f"StatefulSet {deployed.namespace}/{names.STATEFUL_SET} is not there (yet).",
            after=5.0,
        )
    for pod in sorted(deployed.pods, key=pods.name):
        problem = pods.problem(pod, now, pushed_at)
        if problem is not None:
            return api.Blocked(
                reason=problem.reason, message=problem.message, after=_BLOCKED_SECONDS
            )
    version = next(filter(None, map(pods.image_version, deployed.pods)), "")
    for pod in deployed.pods:
        if message := pods.restarted(pod, now, pushed_at):
            return api.Wait(
                reason="AkoRestarted",
                message=message,
                after=_RESTARTED_SECONDS,
                version=version,
            )
    waiting = _rollout(deployed.stateful_set, deployed.pods)
    if waiting:
        patience = _patience(deployed, now)
        return api.Wait(
            reason="AkoNotReady",
            message=waiting,
            after=patience,
            expected_seconds=ROLLOUT_SECONDS,
            version=version,
        )
    wanted = pods.image_version(deployed.stateful_set["spec"]["template"])
    return api.Done(version=wanted, message=_deletion(deployed.stateful_set))


def _rollout(stateful_set: structs.JSON, listed: list[structs.JSON]) -> str:
    """A sentence on what the StatefulSet still lacks to be as its template; "" for nothing."""
    status = stateful_set.get("status") or {}
    replicas = stateful_set["spec"].get("replicas", 1)
    ready, updated = (int(status.get(key) or 0) for key in ("readyReplicas", "updatedReplicas"))
    if status.get("observedGeneration", 0) < stateful_set["metadata"].get("generation", 0):
        return "the controller manager of the workload cluster has not seen the StatefulSet yet."
    if replicas == 0:
        return "somebody scaled the StatefulSet to 0; the next change scales it up."
    if not listed:
        return (
            "the StatefulSet has no Pod. If this lasts, see its events (quota, Pod Security): "
            f"kubectl -n {stateful_set['metadata'].get('namespace', names.NAMESPACE)} events"
        )
    if updated < replicas:
        return f"{updated} of {replicas} Pods have the new configuration."
    if ready < replicas:
        return f"{ready} of {replicas} Pods are ready."
    return ""


def _deletion(stateful_set: structs.JSON) -> str:
    """A sentence on a living AKO that was told by label to delete its Avi objects; "" otherwise."""
    status = workload.annotation(stateful_set, names.DELETION_STATUS)
    if not status:
        return ""
    return f"AKO was told to delete its Avi objects (label {names.DELETE_CONFIG_LABEL}): {status}."


def _patience(deployed: workload.Deployed, now: datetime.datetime) -> float:
    """Seconds to the next look: short for what has just begun, up to 15 later."""
    stamps = [pod["metadata"].get("creationTimestamp") for pod in deployed.pods]
    made = [structs.convert(stamp, datetime.datetime) for stamp in stamps if stamp]
    youngest = max(made, default=now)
    return min(max((now - youngest).total_seconds() / 5, 1.0), 15.0)


def _on_kubernetes(table: Table, result: api.Done, version: str) -> api.Result:
    release = table.find(result.version)
    if release is None:
        return result
    problem = gates.kubernetes_problem(table, release, version)
    if problem is None:
        return result
    return api.Blocked(
        reason="KubernetesVersionUnsupported", message=f"AKO still runs. {problem}", after=300.0
    )
