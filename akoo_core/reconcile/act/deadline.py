"""The deadline of leaving, asked outside of everything that it guards.

It acts after one complete attempt. Where no attempt becomes complete, since each fails, three that
failed past the deadline count as one: else a wrong answer somewhere would hold a Cluster for ever.
What says nothing about the record does not count: a pause, a conflict, a silent management API,
lost leadership. Nor does any where a person wants the Cluster held, or where it is not deleted.
"""

from __future__ import annotations

from akoo_core.reconcile.act import decisions
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import leaving
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.status.findings import Report

ENOUGH = 3
"""Attempts in a row that failed past the deadline, and count as one that is complete."""


class AttemptTooLongError(Exception):
    """An attempt was cancelled, since it took longer than it may."""


class Failing:
    """Counts, by record, the attempts that failed past the deadline. In memory: a new process
    counts anew."""

    def __init__(self) -> None:
        self._failed: dict[str, int] = {}

    async def deadline_acts(self, work: Attempt) -> bool:
        """Whether the deadline lets the Cluster go now that this attempt has done what it could.

        Notes the end of the first complete attempt in the record. Raises KubeError.
        """
        if work.record is None:
            return False
        if not work.broken:
            self._failed.pop(work.name, None)
        elif _late(work):
            self._failed[work.name] = self._failed.get(work.name, 0) + 1
            work.complete = work.complete or self._failed[work.name] >= ENOUGH
        await decisions.complete(work)
        state = work.record.spec.leaving
        if state is None or state.let_go is not None or work.cluster is None:
            return False
        now = work.services.clock.now()
        work.tried = leaving.deadline_acts(work.record.spec, state, work.cluster, now)
        return work.tried

    def forget(self, name: str) -> None:
        """The record is gone."""
        self._failed.pop(name, None)


def _late(work: Attempt) -> bool:
    """Whether a Cluster in deletion is held past its deadline."""
    spec, state = work.one.spec, work.one.spec.leaving
    if state is None or state.paused_at is not None or not leaving.has_deadline(spec, state):
        return False
    deleting = work.cluster is not None and work.cluster.deleting
    return deleting and work.services.clock.now() >= leaving.deadline_at(spec, state)


def report_of(work: Attempt, stop: Stop) -> Report:
    """What there is to say after an attempt that ended half-way: what plugins said in it stays."""
    report = Report(plugins=dict(work.report.plugins))
    if work.record is not None and work.record.spec.leaving is not None:
        report.held = (stop.reason, stop.message)
    else:
        report.ready = (stop.reason, stop.message)
    report.requeue(stop.after)
    return report
