"""observe: is AKO running as it was deployed?

Reads the StatefulSet, AKO's Pods and the cluster's version; changes nothing. AKO's own link to the
Avi Controller is not seen here: that it is broken shows as restarts.
"""

from __future__ import annotations

import datetime

from akoo_ako import names, pods, versions, workload
from akoo_core import structs
from akoo_core.plugins import api

_BLOCKED_SECONDS = 30.0
ROLLOUT_SECONDS = 300.0
"""A rollout, images pulled, usually takes no longer."""


async def observe(ctx: api.VerbContext) -> api.Result:
    """The state of AKO in this cluster."""
    if ctx.workload is None:
        return api.Wait(
            reason="WorkloadUnreachable",
            message="the workload cluster does not answer, so AKO cannot be seen.",
            after=15.0,
        )
    found = await workload.find(ctx.workload)
    result = judge(found, ctx.clock.now())
    if not isinstance(result, api.Done):
        return result
    answer = await ctx.workload.raw("/version")
    return _on_kubernetes(result, str(answer.get("gitVersion", "")), str(answer.get("minor", "")))


def judge(found: workload.Found, now: datetime.datetime) -> api.Result:
    """What the objects say; pure."""
    if found.stateful_set is None:
        return api.Wait(
            reason="AkoMissing",
            message=f"StatefulSet {names.NAMESPACE}/{names.STATEFUL_SET} is not there (yet).",
            after=5.0,
        )
    for pod in sorted(found.pods, key=pods.name):
        problem = pods.problem(pod, now)
        if problem is not None:
            return api.Blocked(
                reason=problem.reason, message=problem.message, after=_BLOCKED_SECONDS
            )
    version = next(filter(None, map(pods.image_version, found.pods)), "")
    waiting = _rollout(found.stateful_set, found.pods)
    if waiting:
        patience = _patience(found, now)
        return api.Wait(
            reason="AkoNotReady",
            message=waiting,
            after=patience,
            expected_seconds=ROLLOUT_SECONDS,
            version=version,
        )
    wanted = pods.image_version(found.stateful_set["spec"]["template"])
    return api.Done(version=wanted, message=_deletion(found.stateful_set))


def _rollout(stateful_set: structs.JSON, found: list[structs.JSON]) -> str:
    """What is still missing for the StatefulSet to be what its template says; "" for nothing."""
    status = stateful_set.get("status") or {}
    replicas = stateful_set["spec"].get("replicas", 1)
    ready, updated = (int(status.get(key) or 0) for key in ("readyReplicas", "updatedReplicas"))
    if status.get("observedGeneration", 0) < stateful_set["metadata"].get("generation", 0):
        return "the controller manager of the workload cluster has not seen the StatefulSet yet."
    if replicas == 0:
        return "the StatefulSet was scaled to 0 by somebody; it is scaled up with the next change."
    if not found:
        return (
            "the StatefulSet has no Pod. If this lasts, see its events (quota, Pod Security): "
            f"kubectl -n {names.NAMESPACE} events"
        )
    if updated < replicas:
        return f"{updated} of {replicas} Pods have the new configuration."
    if ready < replicas:
        return f"{ready} of {replicas} Pods are ready."
    return ""


def _deletion(stateful_set: structs.JSON) -> str:
    """What to say of a living AKO that was told by label to delete its Avi objects."""
    status = workload.annotation(stateful_set, names.DELETION_STATUS)
    if not status:
        return ""
    return f"AKO was told to delete its Avi objects (label {names.DELETE_CONFIG_LABEL}): {status}."


def _patience(found: workload.Found, now: datetime.datetime) -> float:
    """Seconds to the next look: short for what has just begun, up to 15 later."""
    stamps = [one["metadata"].get("creationTimestamp") for one in found.pods]
    made = [structs.convert(stamp, datetime.datetime) for stamp in stamps if stamp]
    youngest = max(made, default=now)
    return min(max((now - youngest).total_seconds() / 5, 1.0), 15.0)


def _on_kubernetes(result: api.Done, version: str, minor: str) -> api.Result:
    release = versions.RELEASES.get(result.version)
    if release is None or minor.endswith("+"):
        return result
    problem = versions.unsupported_kubernetes(release, version)
    if problem is None:
        return result
    return api.Blocked(
        reason="KubernetesVersionUnsupported", message=f"AKO runs still. {problem}", after=300.0
    )
