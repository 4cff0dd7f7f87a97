"""drain: tell AKO to delete its Avi objects, and wait for its report.

AKO follows ConfigMap key deleteConfig while it runs, and reports in annotations of its StatefulSet.
Traps (all of them AKO's): a report may be an old one from an earlier round; when the Avi Controller
does not answer at that moment, AKO does nothing, reports nothing and does not try again; the
label of the SE group goes only after ``Done``. And ``Done`` is not clean, ``Timeout`` is not
dirty: verify decides, so each ending here is a Done with a message.

observes ConfigMap, StatefulSet and Pods; writes the ConfigMap's deleteConfig and two annotations of
ours, and removes an old report.
"""

from __future__ import annotations

import datetime
from typing import Any, Literal, NamedTuple

from akoo_ako import desired, installed, names
from akoo_ako.running import pods, workload
from akoo_core.plugin import api, structs
from akoo_core.plugin.kube import CONFIG_MAPS, STATEFUL_SETS, KubeClient

ASK_AGAIN = datetime.timedelta(seconds=60)
"""After this long without a report, deleteConfig is taken back and set once more."""
DRAIN_SECONDS = 600.0
"""AKO usually takes no longer to delete its objects."""
SETTLE = datetime.timedelta(seconds=5)
"""From the first sight of Done until AKO may be stopped, where it still has a label to remove."""

Step = Literal["clear", "ask", "ask again", "stamp", "wait", "settle", "end"]


class State(NamedTuple):
    """The facts that decide the next step."""

    asked: bool
    asked_at: datetime.datetime | None
    answered_at: datetime.datetime | None
    reports: tuple[str, ...]
    """One per container that reports: Started, Done, Timeout or ""."""
    removes_labels: bool
    """AKO takes its label off the SE group after Done."""

    @property
    def finished(self) -> bool:
        return self.asked and all(report in {"Done", "Timeout"} for report in self.reports)


def next_step(state: State, now: datetime.datetime) -> Step:
    """The next step; pure. Each leaves a state from which any later call goes on."""
    if not state.asked:
        return "clear" if any(state.reports) else "ask"
    if not state.finished:
        silent_since = None if any(state.reports) else state.asked_at
        if silent_since is not None and now - silent_since >= ASK_AGAIN:
            return "ask again"
        return "wait"
    if not state.removes_labels or "Timeout" in state.reports:
        return "end"
    if state.answered_at is None:
        return "stamp"
    return "settle" if now - state.answered_at < SETTLE else "end"


async def drain(ctx: api.VerbContext) -> api.Result:
    """One look and at most a few patches; the engine calls again until Done or its timeout."""
    if desired.in_management_cluster(ctx.view):
        return api.Done(message="AKO of the management cluster is never told to delete.")
    if ctx.workload is None:
        return api.Done(message="the workload cluster does not answer: AKO was not asked.")
    if not _is_ours_alone(ctx.view):
        return api.Done(
            message=(
                f'AKO was not asked: its clusterName "{ctx.view.spec.ako_cluster_name}" was not '
                "shown to be this cluster's alone, and AKO would delete everything with that name."
            )
        )
    namespace = installed.namespace_of(ctx.view)
    deployed = await workload.find(ctx.workload, namespace, installed.selector_of(ctx.view))
    config_map = await workload.get(ctx.workload, CONFIG_MAPS, names.CONFIG_MAP, namespace)
    if deployed.stateful_set is None or config_map is None:
        return api.Done(message="AKO is not deployed: there is nothing to drain.")
    for obj in (deployed.stateful_set, config_map):
        if not workload.is_ours(obj, ctx.view.record_name):
            return api.Done(message=f"{obj['kind']} of AKO was not made by us: AKO was not asked.")
    state = read(deployed.stateful_set, config_map)
    if not state.finished and not any(map(pods.running, deployed.pods)):
        return api.Done(message="AKO is not running: it cannot delete its Avi objects.")
    return await _take(ctx, ctx.workload, state, config_map, deployed.stateful_set)


def _is_ours_alone(view: api.View) -> bool:
    """Nobody else's objects have the clusterName: akoo-core made it, or a plugin has shown that, or
    a person named the tenants that are swept."""
    if view.spec.ako_cluster_name == view.record_name or view.sweep_tenants:
        return True
    use = view.fact(api.ClusterNameUse)
    return use is not None and use.exclusive


def read(stateful_set: structs.JSON, config_map: structs.JSON) -> State:
    """The State in AKO's two objects; pure."""
    data = config_map.get("data") or {}
    reporting = [names.DELETION_STATUS]
    if workload.has_gateway(stateful_set):
        reporting.append(names.GATEWAY_DELETION_STATUS)
    return State(
        asked=data.get(names.DELETE_CONFIG) == "true",
        asked_at=_time(config_map, names.ASKED_AT_ANNOTATION),
        answered_at=_time(config_map, names.ANSWERED_AT_ANNOTATION),
        reports=tuple(workload.annotation(stateful_set, key) for key in reporting),
        removes_labels=data.get("serviceType") == "ClusterIP"
        and data.get("primaryInstance") == "true"
        and data.get("disableStaticRouteSync") != "true",
    )


async def _take(
    ctx: api.VerbContext,
    kube: KubeClient,
    state: State,
    config_map: structs.JSON,
    stateful_set: structs.JSON,
) -> api.Result:
    now = ctx.clock.now()
    step = next_step(state, now)
    if step == "clear":
        await _clear(kube, stateful_set)
    if step == "ask again":
        # AKO compares old and new: only a flip is a question.
        back = {"data": {names.DELETE_CONFIG: "false"}}
        config_map = await patch_config_map(kube, config_map, back)
    if step in {"clear", "ask", "ask again"}:
        asked = {names.ASKED_AT_ANNOTATION: now.isoformat(), names.ANSWERED_AT_ANNOTATION: None}
        question = {"data": {names.DELETE_CONFIG: "true"}, "metadata": {"annotations": asked}}
        await patch_config_map(kube, config_map, question)
    if step == "stamp":
        answered = {names.ANSWERED_AT_ANNOTATION: now.isoformat()}
        await patch_config_map(kube, config_map, {"metadata": {"annotations": answered}})
    return _result(step, state)


def _result(step: Step, state: State) -> api.Result:
    reports = ", ".join(report or "nothing yet" for report in state.reports)
    if step == "end":
        hint = "" if set(state.reports) == {"Done"} else "; it gave up, something may be left"
        return api.Done(message=f"AKO says {reports}{hint}.")
    if step in {"stamp", "settle"}:
        message = f"AKO says {reports}, and has a few seconds to take its label off the SE group."
        return _deleting(message, SETTLE.total_seconds())
    if step == "wait":
        return _deleting(f"AKO was told to delete its Avi objects and says {reports}.", 2.0)
    again = " once more, because it did not report" if step == "ask again" else ""
    return _deleting(f"AKO is told to delete its Avi objects{again}.", 1.0)


def _deleting(message: str, after: float) -> api.Wait:
    return api.Wait(
        reason="AkoDeleting", message=message, after=after, expected_seconds=DRAIN_SECONDS
    )


async def _clear(kube: KubeClient, stateful_set: structs.JSON) -> None:
    old = {names.DELETION_STATUS: None, names.GATEWAY_DELETION_STATUS: None}
    version = stateful_set["metadata"]["resourceVersion"]
    await kube.merge_patch(
        STATEFUL_SETS,
        names.STATEFUL_SET,
        {"metadata": {"annotations": old, "resourceVersion": version}},
        stateful_set["metadata"]["namespace"],
    )


async def patch_config_map(
    kube: KubeClient, config_map: structs.JSON, patch: dict[str, Any]
) -> structs.JSON:
    """Merge the patch into the ConfigMap as it was read. Raises ConflictError if it has changed."""
    version = {"resourceVersion": config_map["metadata"]["resourceVersion"]}
    return await kube.merge_patch(
        CONFIG_MAPS,
        names.CONFIG_MAP,
        {**patch, "metadata": {**patch.get("metadata", {}), **version}},
        config_map["metadata"]["namespace"],
    )


def _time(obj: structs.JSON, key: str) -> datetime.datetime | None:
    text = workload.annotation(obj, key)
    return structs.convert(text, datetime.datetime) if text else None
