"""Fencing: makes sure, as far as possible, that this AKO writes no more. Thin.

Every plugin with a fence is asked until it has finished, also where the core itself sees that AKO
cannot run. Sweeping starts with the first fence. Without one, after some time, the record is
Unfenced.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from akoo_core.kube import errors
from akoo_core.objects.record import FenceGrade, FenceState
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act import status
from akoo_core.reconcile.act.answers import StepAnswer, report, stop_of
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import fences
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.read import machines


async def fence(attempt: Attempt) -> Stop | None:
    """Ask the core's own fence and every plugin's; store what they prove. None: one is stored."""
    before = attempt.leaving.fence
    now = attempt.services.clock.now()
    own, left = await _of_core(attempt, before)
    answers = await _answers(attempt, own or before)
    notices = [
        notice
        for answer in answers.values()
        if isinstance(answer, api.Fenced)
        for notice in answer.notices
    ]
    fenced, waiting = _sorted(answers, now)
    stored = fences.added(attempt.leaving.fences, fenced)
    unfinished = {name: answer for name, answer in waiting.items() if name not in stored}
    stop = stop_of(attempt, unfinished, complete=False)
    best = fences.counting(before, [*([own] if own is not None else []), *stored.values()])
    if best is None and stop is not None and not fences.over(attempt.leaving, now):
        status.announce(attempt, notices)
        return stop
    if best is None or (before is None and best.grade == "Unfenced"):
        reasons = [*([stop.message] if stop is not None else []), *([left] if left else [])]
        best = fences.unfenced(stored.values(), reasons, now)
    with status.announced(attempt, notices):
        await attempt.store_leaving(fence=best, fences=stored)
    _ask_again(attempt, stop_of(attempt, waiting), waiting)
    _note_unfinished(attempt, unfinished)
    return None


def _sorted(
    answers: Mapping[str, StepAnswer | api.Fenced], now: datetime.datetime
) -> tuple[dict[str, FenceState], dict[str, StepAnswer]]:
    """The fences by plugin, and the answers of the plugins that have not finished."""
    fenced: dict[str, FenceState] = {}
    unfinished: dict[str, StepAnswer] = {}
    for name, answer in answers.items():
        if isinstance(answer, api.Fenced):
            fenced[name] = FenceState(
                grade=answer.grade,
                evidence=answer.evidence,
                at=now,
                settle_seconds=answer.settle_seconds,
            )
        else:
            unfinished[name] = answer
    return fenced, unfinished


async def _answers(
    attempt: Attempt, known: FenceState | None
) -> dict[str, StepAnswer | api.Fenced]:
    """The answers of the plugins that have not finished; None is no answer.

    Without Machines the workload cluster is not there any more: nobody waits for its API.
    """
    answers: dict[str, StepAnswer | api.Fenced] = {}
    for plugin in attempt.services.plugins.reverse:
        if not _is_asked(attempt, plugin):
            continue
        gone = known is not None and known.grade == "Gone"
        client = None if gone else (await attempt.workload()).client
        try:
            answer = await attempt.services.caller.call(
                "fence", plugin, attempt.context(plugin, client)
            )
        except VerbError as error:
            answers[plugin.name] = error
        else:
            if answer is not None:
                answers[plugin.name] = answer
        if plugin.name in answers:
            report(attempt, plugin.name, answers[plugin.name])
    return answers


def _is_asked(attempt: Attempt, plugin: api.Plugin) -> bool:
    implements = attempt.services.caller.implements
    if not implements(plugin, "fence") or fences.final(attempt.leaving.fences.get(plugin.name)):
        return False
    return fences.asked(attempt.spec, plugin.name, intends=implements(plugin, "intend"))


def _ask_again(attempt: Attempt, stop: Stop | None, waiting: Mapping[str, StepAnswer]) -> None:
    """Look again when the first of the plugins is to be asked again."""
    after = [
        answer.after for answer in waiting.values() if isinstance(answer, api.Wait | api.Blocked)
    ]
    after += [stop.after] if stop is not None else []
    if after:
        attempt.report.requeue(max(min(after), fences.PENDING_SECONDS))


def _note_unfinished(attempt: Attempt, unfinished: Mapping[str, StepAnswer]) -> None:
    """Note the plugins that the Cluster waits for."""
    reasons: dict[str, str] = {}
    expected: list[float] = []
    for name, answer in unfinished.items():
        reasons[name] = str(answer) if isinstance(answer, VerbError) else answer.message
        expected.append(answer.expected_seconds if isinstance(answer, api.Wait) else 0.0)
    attempt.report.expected[fences.REASON] = min(expected, default=0.0)
    attempt.advance(unfenced=reasons)


async def _of_core(attempt: Attempt, before: FenceState | None) -> tuple[FenceState | None, str]:
    """The core's own fence as :func:`gone` sees it; not looked for where something is proven."""
    if before is not None and before.grade != "Unfenced":
        return None, ""
    return await gone(attempt)


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
