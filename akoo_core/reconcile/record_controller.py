"""Reconciles one record: reads the situation, decides and acts, until it has to wait.

Observes records, Clusters, AKODeploymentConfigs. Writes the record, our finalizers, the annotation
and condition on the Cluster, and through verbs everything else. The caller opens the attempt's root
span, which gets its attributes here.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from opentelemetry import trace

from akoo_core import external
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import record as records
from akoo_core.objects.record import Record
from akoo_core.reconcile.act import decisions, failures, intents, situation, status
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.act.clients import Clients
from akoo_core.reconcile.act.deadline import AttemptTooLongError, Failing, report_of
from akoo_core.reconcile.act.decisions import AttemptEnd
from akoo_core.reconcile.act.services import Services
from akoo_core.reconcile.act.skipped_rounds import Rounds
from akoo_core.reconcile.decide.decisions import Decision, Nothing
from akoo_core.reconcile.decide.selection import Choice
from akoo_core.reconcile.decide.situation import Situation
from akoo_core.reconcile.decide.state_machine import decide
from akoo_core.reconcile.read.leader_change import Takeover
from akoo_core.reconcile.read.own_writes import Written
from akoo_core.reconcile.status import conditions

MAX_DECISIONS = 40
"""Limit of one attempt. More means that two decisions undo each other, which is a bug."""
CONFLICT_SECONDS = 1.0


class Outcome(NamedTuple):
    """Result of an attempt for the queue. ``requeue_after`` None: wait for a change."""

    requeue_after: float | None
    changed: bool
    """Something was written, anywhere."""


class RecordReconciler:
    """Reconciles records by name. One per process; safe for different names at the same time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._plugins = situation.loaded(services.plugins, services.caller)
        self._written = Written(services.clock)
        self._rounds = Rounds(services.clock)
        self._takeover = Takeover(services.management)
        self._failing = Failing()
        self._clients = Clients(services.workloads, services.pace)
        self._failures: dict[str, int] = {}

    async def reconcile(self, name: str, retries: int, *, explained: bool = False) -> Outcome:
        """Make one attempt.

        ``retries`` counts the attempts in a row that raised, for the backoff; failures that do not
        raise (of a verb) are counted here. ``explained``: changes in the caches are its only
        causes, so that it may be skipped (:mod:`akoo_core.reconcile.act.skipped_rounds`).

        Raises KubeError and TimeoutError when the management API does not answer as it should (the
        queue backs off), structs.DecodeError for a record that cannot be read, LeadershipLostError.
        """
        world = self._services.world
        seen = self._written.newest(name, world.record(name))
        if self._written.doubtful(name, seen):
            seen = await self._read(name)
        if seen is not None and not world.follows(seen.spec.cluster_ref.namespace):
            # Its Cluster is not in the caches, and that means nothing.
            trace.get_current_span().set_attribute("akoo.idle", True)
            return Outcome(None, False)
        attempt = Attempt(
            services=self._services,
            name=name,
            number=retries + self._failures.get(name, 0),
            explained=explained,
            record=seen,
        )
        attempt.cluster = situation.cluster_of(world, name, seen)
        _name(attempt)  # Already here: an attempt that hangs is looked for by its cluster.
        with external.noted_writes() as writes:
            attempt.writes = writes
            try:
                await self._attempt(attempt, seen)
            except errors.ConflictError:
                # Somebody wrote after we read: the caches catch up, then it is decided again.
                attempt.report.requeue(CONFLICT_SECONDS)
            finally:
                attempt.end()
                self._remember(attempt, seen)
                _trace(attempt, idle=not writes and not attempt.failed)
        await self._clients.follow(attempt)
        return Outcome(min(attempt.report.after, default=None), bool(writes))

    async def _attempt(self, attempt: Attempt, seen: Record | None) -> None:
        """Make one attempt within its time.

        A failure that nobody foresaw is reported on the record. Past the deadline of leaving it
        does not hold the Cluster.
        """
        try:
            await self._bounded(attempt, seen)
        except (errors.KubeError, TimeoutError, *failures.NOT_THE_RECORD):
            raise  # The management API does not answer as it should, or we may not act.
        except Exception as error:  # noqa: BLE001 - one record's failure is reported on that record
            stop = failures.broken(attempt, error)
            attempt.report = report_of(attempt, stop)
            if await self._failing.deadline_acts(attempt):
                await self._bounded(attempt, seen)
            else:
                await self._write_status(attempt, None)

    async def _bounded(self, attempt: Attempt, seen: Record | None) -> None:
        """Raises AttemptTooLongError; a TimeoutError from within is raised as it is."""
        seconds = self._services.attempt_seconds
        try:
            async with asyncio.timeout(seconds) as limit:
                await self._run(attempt, seen)
        except TimeoutError:
            if limit.expired():
                raise AttemptTooLongError(f"it took longer than {seconds:g} s") from None
            raise

    async def _read(self, name: str) -> Record | None:
        """The record by a quorum read, remembered as if it had been written here."""
        try:
            obj = await self._services.management.get(resources.AKO_DEPLOYMENTS, name)
        except errors.NotFoundError:
            self._written.drop(name)
            return None
        record = records.from_object(obj)
        self._written.note(name, record)
        return record

    def _remember(self, attempt: Attempt, seen: Record | None) -> None:
        """Remember only successful writes. After etcd was restored, a remembered version never
        reappears, so it must expire."""
        if attempt.record is None:
            self._written.drop(attempt.name)
            self._rounds.forget(attempt.name)
            self._failing.forget(attempt.name)
        else:
            same = seen is not None and seen.resource_version == attempt.record.resource_version
            self._written.note(attempt.name, None if same else attempt.record)
        if attempt.failed:
            self._failures[attempt.name] = self._failures.get(attempt.name, 0) + 1
        else:
            self._failures.pop(attempt.name, None)

    async def _run(self, attempt: Attempt, seen: Record | None) -> None:
        for _ in range(MAX_DECISIONS):
            if attempt.record is not None:
                attempt.config = situation.config_of(self._services.world, attempt.record)
                if not attempt.progress.tried:  # Else the deadline acts, whatever fails below.
                    intents.look(attempt)
            now = situation.situation(attempt, self._plugins)
            decision = decide(now)
            if not isinstance(decision, Nothing):
                await self._takeover.check(attempt.name, seen)
            if not await self._act(attempt, now, decision):
                break
        else:
            raise RuntimeError(f"{attempt.name}: no end after {MAX_DECISIONS} decisions")

    async def _act(self, attempt: Attempt, now: Situation, decision: Decision) -> bool:
        """Act on one decision. True: decide again. False: the attempt is over, its status written.

        The deadline is looked at after everything that could be called was called, never before.
        """
        end = await decisions.act(attempt, now, decision, self._rounds)
        if end is None:
            return True
        if end is AttemptEnd.DEADLINE and await self._deadline(attempt):
            return True
        if end is not AttemptEnd.QUIET:
            await self._write_status(attempt, now.choice if attempt.cluster is not None else None)
        return False

    async def _deadline(self, attempt: Attempt) -> bool:
        """True if the deadline acts now that this attempt has done what it could."""
        return not attempt.progress.tried and await self._failing.deadline_acts(attempt)

    async def _write_status(self, attempt: Attempt, choice: Choice | None) -> None:
        await status.write(attempt, choice)
        if attempt.record is not None:
            now = self._services.clock.now()
            attempt.report.requeue(conditions.deadline_seconds(attempt.record, now) or None)


def _name(attempt: Attempt) -> None:
    """Name the record and the Cluster on the attempt's span."""
    span = trace.get_current_span()
    span.set_attribute("akoo.record", attempt.name)
    if attempt.cluster is not None:
        span.set_attribute("akoo.cluster", attempt.cluster.key)
    elif attempt.record is not None:
        ref = attempt.record.spec.cluster_ref
        span.set_attribute("akoo.cluster", f"{ref.namespace}/{ref.name}")


def _trace(attempt: Attempt, *, idle: bool) -> None:
    _name(attempt)
    span = trace.get_current_span()
    span.set_attribute("akoo.operation.id", _operation(attempt))
    span.set_attribute("akoo.idle", idle)


def _operation(attempt: Attempt) -> str:
    """Name of the operation: the same for all attempts that belong to it, also after restarts."""
    record = attempt.record
    if record is None:
        return f"{attempt.name}/select"
    if record.spec.leaving is not None:
        return f"{record.name}/leave/{record.spec.leaving.started_at:%Y%m%dT%H%M%SZ}"
    generation = attempt.config.generation if attempt.config is not None else 0
    return f"{record.name}/live/{record.spec.config_ref.name}/{generation}"
