"""fence: stop AKO, and see that it is stopped.

observes StatefulSet and Pods; writes spec.replicas = 0. Grade Stopped only when no Pod of AKO is
left, and nothing else in the cluster may write under the same name
(:mod:`akoo_ako.running.others`).
"""

from __future__ import annotations

import datetime

from akoo_ako import desired, installed, names
from akoo_ako.running import others, pods, workload
from akoo_core.plugin import api, structs
from akoo_core.plugin.kube import STATEFUL_SETS, KubeClient

FULL_SYNC = "fullSyncSeconds"
"""In the intent, so that it is known when the config is gone."""
LONGEST_SETTLE_SECONDS = 30 * 86400
_STUCK = datetime.timedelta(seconds=30)
STOP_SECONDS = 120.0
"""A Pod that is ending usually takes no longer."""


async def fence(ctx: api.VerbContext) -> api.Fenced | api.Wait:
    """Scale to 0, then wait until no Pod is seen."""
    if ctx.workload is None and ctx.view.spec.never_deployed:
        return api.Fenced(grade="Stopped", evidence="AKO was never deployed into this cluster.")
    if ctx.workload is None:
        return api.Fenced(
            grade="Unfenced",
            evidence="the workload cluster does not answer: AKO may still run there.",
            settle_seconds=settle_seconds(ctx.view),
        )
    namespace = installed.namespace_of(ctx.view)
    deployed = await workload.find(ctx.workload, namespace, installed.selector_of(ctx.view))
    if deployed.stateful_set is not None:
        if not workload.is_ours(deployed.stateful_set, ctx.view.record_name):
            return api.Fenced(
                grade="Unfenced",
                evidence=f"StatefulSet {namespace}/{names.STATEFUL_SET} was not made by us "
                "and is not stopped.",
                settle_seconds=max(settle_seconds(ctx.view), desired.FULL_SYNC_SECONDS),
            )
        if deployed.stateful_set["spec"].get("replicas", 1) != 0:
            await _stop(ctx.workload, deployed.stateful_set)
            return api.Wait(
                reason="AkoStopping",
                message="AKO is scaled to 0.",
                after=1.0,
                expected_seconds=STOP_SECONDS,
            )
    answer = judge(deployed, ctx.clock.now())
    if isinstance(answer, api.Wait):
        return answer
    beside = await others.find(ctx.workload, ctx.view.spec.ako_cluster_name, namespace)
    return with_others(answer, beside, ctx.view)


def settle_seconds(view: api.View) -> int:
    """Seconds that an AKO that nobody stopped may be quiet before it writes again; pure.

    Its full sync finds deleted objects and makes them anew. The interval of an AKO that was not
    made by us is unknown: its caller takes at least AKO's default.
    """
    stored = view.intent(names.PLUGIN)
    interval = stored.data.get(FULL_SYNC) if stored else None
    seconds = interval if isinstance(interval, int) else desired.FULL_SYNC_SECONDS
    return min(max(seconds, 0), LONGEST_SETTLE_SECONDS)


def judge(deployed: workload.Deployed, now: datetime.datetime) -> api.Fenced | api.Wait:
    """The result for a StatefulSet that is at 0 or gone, and these Pods; pure."""
    left = sorted([*deployed.pods, *deployed.strangers], key=pods.name)
    for pod in left:
        late = pods.overdue(pod, now)
        if late > _STUCK:
            node = (pod.get("spec") or {}).get("nodeName", "none")
            message = (
                f"Pod {pods.name(pod)} should have been gone {int(late.total_seconds())} s ago; "
                f"its Node {node} has probably died. If so, delete the Node, or the Pod by force."
            )
            return api.Wait(reason="AkoPodStuck", message=message, after=10.0, expected_seconds=0.0)
    if left:
        message = f"Pods are ending: {', '.join(map(pods.name, left))}."
        return api.Wait(
            reason="AkoStopping", message=message, after=1.0, expected_seconds=STOP_SECONDS
        )
    state = "is gone" if deployed.stateful_set is None else "is at 0 replicas"
    return api.Fenced(
        grade="Stopped",
        evidence=f"StatefulSet {deployed.namespace}/{names.STATEFUL_SET} {state}, and no Pod with "
        f"{names.POD_SELECTOR} is left.",
    )


def with_others(stopped: api.Fenced, beside: others.Others, view: api.View) -> api.Fenced:
    """The grade that is left when others may write, too; pure."""
    if not beside.evidence:
        return stopped
    return api.Fenced(
        grade="Unfenced",
        evidence=f"{stopped.evidence} But {beside.evidence}.",
        settle_seconds=max(settle_seconds(view), desired.FULL_SYNC_SECONDS),
    )


async def _stop(kube: KubeClient, stateful_set: structs.JSON) -> None:
    metadata = stateful_set["metadata"]
    patch = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "spec": {"replicas": 0}}
    await kube.merge_patch(STATEFUL_SETS, names.STATEFUL_SET, patch, metadata["namespace"])
