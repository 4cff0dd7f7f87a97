"""The deadline of leaving, asked outside of everything that it guards.

It acts after one complete attempt. If every attempt fails, three that failed past the deadline
count as one complete attempt: else a wrong answer somewhere would hold a Cluster for ever. A pause,
a conflict, a silent management API and lost leadership do not count: they are no fault of the
record. Nor does an attempt count if a person wants the Cluster held, or if it is not being deleted.
"""

from __future__ import annotations

from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import leaving
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.status.findings import AttemptReport

ENOUGH = 3
"""Attempts in a row, failed past the deadline, that count as one complete attempt."""


class AttemptTooLongError(Exception):
    """Cancelled attempt: it took longer than it may."""


class Failing:
    """Counts of the attempts that failed past the deadline, by record. In memory: a new process
    counts anew."""

    def __init__(self) -> None:
        self._failed: dict[str, int] = {}

    async def deadline_acts(self, attempt: Attempt) -> bool:
        """True if the deadline lets the Cluster go now that this attempt has done what it could.

        Notes the end of the first complete attempt in the record. Raises KubeError.
        """
        if attempt.record is None:
            return False
        if not attempt.broken:
            self._failed.pop(attempt.name, None)
        elif _late(attempt):
            self._failed[attempt.name] = self._failed.get(attempt.name, 0) + 1
            attempt.complete = attempt.complete or self._failed[attempt.name] >= ENOUGH
        await _note_complete(attempt)
        state = attempt.record.spec.leaving
        if state is None or state.let_go is not None or attempt.cluster is None:
            return False
        now = attempt.services.clock.now()
        acts = leaving.deadline_acts(attempt.record.spec, state, attempt.cluster, now)
        attempt.advance(tried=acts)
        return acts

    def forget(self, name: str) -> None:
        """Drop the count of a record that is gone."""
        self._failed.pop(name, None)


async def _note_complete(attempt: Attempt) -> None:
    """Store the end of the first complete attempt at leaving: from now on the deadline may act."""
    state = attempt.spec.leaving
    if state is None or not attempt.complete:
        return
    if state.attempted_at is None and state.let_go is None and state.cause != "Relocated":
        await attempt.store_leaving(attempted_at=attempt.services.clock.now())


def _late(attempt: Attempt) -> bool:
    """True if a Cluster in deletion is held past its deadline."""
    spec, state = attempt.spec, attempt.spec.leaving
    if state is None or state.paused_at is not None or not leaving.has_deadline(spec, state):
        return False
    deleting = attempt.cluster is not None and attempt.cluster.deleting
    return deleting and attempt.services.clock.now() >= leaving.deadline_at(spec, state)


def report_of(attempt: Attempt, stop: Stop) -> AttemptReport:
    """The report of an attempt that ended half-way: the conditions of plugins stay."""
    report = AttemptReport(plugins=dict(attempt.report.plugins))
    if attempt.record is not None and attempt.record.spec.leaving is not None:
        report.held = (stop.reason, stop.message)
    else:
        report.ready = (stop.reason, stop.message)
    report.requeue(stop.after)
    return report
