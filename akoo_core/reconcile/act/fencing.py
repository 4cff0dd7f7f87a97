"""Fencing: makes sure, as far as possible, that this AKO writes no more. Thin.

The core's own fence (Gone) is looked at first; without it every plugin is asked, and the strongest
answer counts. A fence that takes too long is Unfenced, and is asked for again in later attempts.
"""

from __future__ import annotations

import datetime

from akoo_core.kube import errors
from akoo_core.objects.record import FenceGrade, FenceState
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act.answers import StepAnswer, report, stop_of
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import leaving
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.read import machines


async def fence(attempt: Attempt) -> Stop | None:
    """Ask the core's own fence and every plugin's; store the strongest. None: stored."""
    before = attempt.leaving.fence
    now = attempt.services.clock.now()
    none_left, left = await gone(attempt)
    fences = [none_left] if none_left else []
    answers: dict[str, StepAnswer] = {}
    if none_left is None:
        for name, answer in (await _fences(attempt)).items():
            if isinstance(answer, api.Fenced):
                fences.append(
                    FenceState(
                        grade=answer.grade,
                        evidence=answer.evidence,
                        at=now,
                        settle_seconds=answer.settle_seconds,
                    )
                )
            else:
                answers[name] = answer
    stop = stop_of(attempt, answers, complete=False)
    best = leaving.strongest(tuple(fences))
    if best is None or best.grade == "Unfenced":
        if stop is not None and before is None and not leaving.fence_over(attempt.leaving, now):
            return stop
        best = _unfenced(fences, stop, left, now)
    if before is None or leaving.stronger(best, before):
        await attempt.store_leaving(fence=best)
    return None


async def _fences(attempt: Attempt) -> dict[str, StepAnswer | api.Fenced]:
    answers: dict[str, StepAnswer | api.Fenced] = {}
    for plugin in attempt.services.plugins.reverse:
        if not attempt.services.caller.implements(plugin, "fence"):
            continue
        reached = await attempt.workload()
        try:
            answer = await attempt.services.caller.call(
                "fence", plugin, attempt.context(plugin, reached.client)
            )
        except VerbError as error:
            answers[plugin.name] = error
        else:
            if answer is not None:
                answers[plugin.name] = answer
        if plugin.name in answers:
            report(attempt, plugin.name, answers[plugin.name])
    return answers


async def gone(attempt: Attempt) -> tuple[FenceState | None, str]:
    """The core's own fence, else None and the obstacle: nothing was ever deployed, or the deleted
    Cluster has nothing left that AKO could run on."""
    if attempt.spec.never_deployed:
        never = "AKO was never deployed into this cluster."
        return _fenced("Stopped", never, attempt.services.clock.now()), ""
    cluster = attempt.cluster
    if cluster is None or not cluster.deleting:
        return None, ""
    try:
        remnants = await machines.remnants(
            attempt.services.management, attempt.services.clusters, cluster
        )
    except (errors.KubeError, TimeoutError) as error:
        cause = str(error) or "the API server did not answer in time"
        return None, f"what is left of the Cluster cannot be read: {cause}"
    if not remnants.nothing:
        return None, f"of the Cluster are left: {remnants}"
    evidence = "The Cluster has no Machine, MachinePool or infrastructure object any more."
    return _fenced("Gone", evidence, attempt.services.clock.now()), ""


def _fenced(grade: FenceGrade, evidence: str, now: datetime.datetime) -> FenceState:
    return FenceState(grade=grade, evidence=evidence, at=now)


def _unfenced(
    fences: list[FenceState], stop: Stop | None, left: str, now: datetime.datetime
) -> FenceState:
    reasons = [fence.evidence for fence in fences]
    reasons += [stop.message] if stop is not None else []
    reasons += [left] if left else []
    evidence = "; ".join(reasons) or "no plugin can fence"
    settle = max((fence.settle_seconds for fence in fences), default=0)
    return FenceState(grade="Unfenced", evidence=evidence[:512], at=now, settle_seconds=settle)
