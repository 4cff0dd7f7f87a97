"""Acts on a decision: one match over all of them, proven complete by mypy. Thin.

Every write has the state that was read as its precondition, or is harmless when repeated.
"""

from __future__ import annotations

import enum
import re
from typing import assert_never

from akoo_core.objects import conditions, names
from akoo_core.reconcile.act import (
    leaving,
    letting_go,
    relocation,
    selection,
    status,
)
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.act.observed import look, unadopted
from akoo_core.reconcile.act.skipped_rounds import Rounds
from akoo_core.reconcile.decide import decisions
from akoo_core.reconcile.decide.decisions import Decision, Stop
from akoo_core.reconcile.decide.situation import Situation
from akoo_core.telemetry import tracing

REST_SECONDS = 10.0
WITHOUT_SPAN = (
    decisions.Nothing,
    decisions.Refuse,
    decisions.Hold,
    decisions.Rest,
    decisions.Live,
    decisions.Observe,
    decisions.Leave,
)
"""They do nothing outside, or call verbs, which have spans of their own."""


class AttemptEnd(enum.Enum):
    """Last act of an attempt before it ends."""

    QUIET = "quiet"
    """There is nothing to write."""
    STATUS = "status"
    """The status is written."""
    DEADLINE = "deadline"
    """Everything that could be called was called. If the deadline of leaving acts now, the attempt
    goes on; else the status is written."""


async def act(
    attempt: Attempt, situation: Situation, decision: Decision, rounds: Rounds
) -> AttemptEnd | None:
    """Act on one decision. None: decide again. Raises KubeError and TimeoutError."""
    if isinstance(decision, WITHOUT_SPAN):
        result = await _act(attempt, situation, decision, rounds)
    else:
        with tracing.step(_kebab(type(decision).__name__)) as span:
            result = await _act(attempt, situation, decision, rounds)
            stop = result if isinstance(result, Stop) else None
            reason = getattr(decision, "why", getattr(decision, "cause", ""))
            span.set_attribute("akoo.result", "done" if stop is None else "stopped")
            span.set_attribute("akoo.reason", reason if stop is None else stop.reason)
    return _stopped(attempt, result) if isinstance(result, Stop) else result


async def _act(  # noqa: C901 - a flat match is read as a table, and mypy proves it complete
    attempt: Attempt, situation: Situation, decision: Decision, rounds: Rounds
) -> Stop | AttemptEnd | None:
    match decision:
        case decisions.Nothing():
            return _nothing(attempt, decision)
        case decisions.Refuse():
            return await _refuse(attempt, decision)
        case decisions.Hold():
            return _hold(attempt, decision)
        case decisions.Rest():
            return _rest(attempt, decision)
        case decisions.CompareWorkload():
            return await selection.compare(attempt, decision)
        case decisions.AskAncestor():
            await unadopted.ask(attempt)
        case decisions.TakeUnadopted():
            return await unadopted.take(attempt)
        case decisions.AdoptCluster():
            await selection.adopt(attempt, decision)
        case decisions.CreateRecord():
            return await selection.create(attempt, decision)
        case decisions.RestartRecord():
            await selection.restart(attempt, decision)
        case decisions.AddFinalizers():
            return await selection.add_finalizers(attempt, situation, decision)
        case decisions.ChangeConfig():
            await selection.change_config(attempt, decision)
        case decisions.EndObserving():
            await selection.end_observing(attempt)
        case decisions.Observe():
            return None if await look.observe_only(attempt, decision) else AttemptEnd.STATUS
        case decisions.Orphan():
            await selection.orphan(attempt, decision)
        case decisions.Live():
            await rounds.live(attempt)
            return None if attempt.progress.relocations else AttemptEnd.STATUS
        case decisions.StartLeaving():
            return await letting_go.start(attempt, situation, decision)
        case decisions.PauseLeaving():
            await leaving.pause(attempt)
        case decisions.ResumeLeaving():
            await leaving.resume(attempt)
        case decisions.Leave():
            stop = await leaving.leave(attempt, decision)
            return None if stop is None else _stopped(attempt, stop, AttemptEnd.DEADLINE)
        case decisions.CancelRelocation():
            await relocation.cancel(attempt)
        case decisions.EndRelocation():
            await relocation.end(attempt, decision)
        case decisions.HandOver():
            await relocation.hand_over(attempt)
        case decisions.LetGo():
            await letting_go.let_go(attempt, decision)
        case decisions.ReleaseCluster():
            return await letting_go.release_cluster(attempt)
        case decisions.Finish():
            return await letting_go.finish(attempt, decision)
        case decisions.PruneFinished() | decisions.DropForMove():
            await letting_go.drop(attempt)
            return AttemptEnd.QUIET
        case _:
            assert_never(decision)
    return None


def _nothing(attempt: Attempt, decision: decisions.Nothing) -> AttemptEnd:
    attempt.report.requeue(decision.after)
    finished = attempt.record is not None and attempt.record.spec.finished_at is not None
    return AttemptEnd.STATUS if finished else AttemptEnd.QUIET


async def _refuse(attempt: Attempt, decision: decisions.Refuse) -> AttemptEnd:
    """Write the refusal on the Cluster, since there is no record."""
    attempt.report.requeue(decision.after)
    if attempt.cluster is not None:
        condition = conditions.Condition(
            type=names.LOAD_BALANCER_READY,
            status="False",
            reason=decision.reason,
            message=decision.message,
        )
        await status.refused(attempt, attempt.cluster, condition)
    return AttemptEnd.STATUS


def _hold(attempt: Attempt, decision: decisions.Hold) -> AttemptEnd:
    """Put the reason for doing nothing into the report."""
    resync = attempt.services.resync_seconds
    attempt.report.requeue(resync if decision.after is None else decision.after)
    reason = (decision.reason, decision.message)
    if decision.ready:
        attempt.report.ready = reason
    else:
        attempt.report.keep_ready = True
    deleting = attempt.cluster is not None and attempt.cluster.deleting
    if attempt.spec.leaving is not None or deleting or not decision.ready:
        attempt.report.held = reason
        attempt.report.endless = True
    return AttemptEnd.STATUS


def _rest(attempt: Attempt, decision: decisions.Rest) -> AttemptEnd:
    """End an attempt that has called all steps; their answers are in the report."""
    attempt.complete = True
    if decision.reason:
        attempt.report.held = (decision.reason, decision.message)
    if decision.after is not None or not attempt.report.after:
        attempt.report.requeue(REST_SECONDS if decision.after is None else decision.after)
    return AttemptEnd.DEADLINE


def _stopped(attempt: Attempt, stop: Stop, end: AttemptEnd = AttemptEnd.STATUS) -> AttemptEnd:
    """Put the Stop into the report."""
    attempt.report.held = (stop.reason, stop.message)
    attempt.report.left = stop.left
    attempt.report.requeue(stop.after)
    attempt.complete = attempt.complete or stop.complete
    return end


def _kebab(name: str) -> str:
    """``LetGo`` -> ``let-go``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
