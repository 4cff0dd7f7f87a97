"""Reconciles one record: gathers the situation, decides, acts, and again, until it must wait.

Observes records, Clusters, AKODeploymentConfigs. Writes the record, our finalizers, the annotation
and condition on the Cluster, and through verbs everything else. The caller opens the attempt's root
span, which gets its attributes here.
"""

from __future__ import annotations

import asyncio
import re
from typing import NamedTuple

from opentelemetry import trace

from akoo_core import external
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import record as record_
from akoo_core.reconcile.act import clients, deadline, decisions, intents, living, status
from akoo_core.reconcile.act import situation as act_situation
from akoo_core.reconcile.act.attempt import Attempt, Services
from akoo_core.reconcile.act.skipped_rounds import Rounds
from akoo_core.reconcile.decide import decisions as decisions_
from akoo_core.reconcile.decide import selection, situation
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.decide.state_machine import decide
from akoo_core.reconcile.read.leader_change import Takeover
from akoo_core.reconcile.read.own_writes import Written
from akoo_core.reconcile.status import conditions
from akoo_core.telemetry import tracing

MAX_STEPS = 40
"""Of one attempt; more means that two steps undo each other, which is a bug, not a state."""
CONFLICT_SECONDS = 1.0


class Outcome(NamedTuple):
    """What the queue does next. ``requeue_after`` None: wait for a change."""

    requeue_after: float | None
    changed: bool
    """Something was written, anywhere."""


class RecordReconciler:
    """Reconciles records by name. One per process; safe for different names at the same time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._loaded = act_situation.loaded(services.plugins, services.caller)
        self._written = Written(services.clock)
        self._rounds = Rounds(services.clock)
        self._takeover = Takeover(services.management)
        self._failing = deadline.Failing()
        self._clients = clients.Clients(services.workloads, services.pace)
        self._failures: dict[str, int] = {}

    async def reconcile(self, name: str, attempt: int, *, explained: bool = False) -> Outcome:
        """One attempt. ``attempt`` counts those in a row that raised, for the backoff; what failed
        without raising (a verb) is counted here. ``explained``: nothing but changes in the caches
        caused it, so that it may come to nothing (:mod:`akoo_core.reconcile.act.skipped_rounds`).

        Raises KubeError and TimeoutError when the management API does not answer as it should (the
        queue backs off), structs.DecodeError for a record that cannot be read, LeadershipLostError.
        """
        world = self._services.world
        seen = self._written.newest(name, world.record(name))
        if self._written.doubtful(name, seen):
            seen = await self._read(name)
        number = attempt + self._failures.get(name, 0)
        work = Attempt(
            services=self._services, name=name, number=number, explained=explained, record=seen
        )
        work.cluster = act_situation.cluster_of(world, name, seen)
        _name(work)  # now already: an attempt that hangs is looked for by its cluster
        with external.noted_writes() as writes:
            work.writes = writes
            try:
                await self._attempt(work, seen)
            except errors.ConflictError:
                # Somebody wrote since we read: the caches catch up, then it is decided again.
                work.report.requeue(CONFLICT_SECONDS)
            finally:
                work.end()
                self._remember(work, seen)
                _trace(work, idle=not writes and not work.failed)
        await self._clients.follow(work)
        return Outcome(min(work.report.after, default=None), bool(writes))

    async def _attempt(self, work: Attempt, seen: record_.Record | None) -> None:
        """One attempt within its time. What nobody foresaw is told on the record, and past the
        deadline of leaving it does not hold the Cluster."""
        try:
            await self._bounded(work, seen)
        except (errors.KubeError, TimeoutError, *decisions.NOT_THE_RECORD):
            raise  # The management API does not answer as it should, or we may not act.
        except Exception as error:  # noqa: BLE001 - one record's mistake is told on that record
            stop = decisions.broken(work, error)
            work.report = deadline.report_of(work, stop)
            if await self._failing.deadline_acts(work):
                await self._bounded(work, seen)
            else:
                await self._say(work, None)

    async def _bounded(self, work: Attempt, seen: record_.Record | None) -> None:
        """Raises AttemptTooLongError; of a TimeoutError of its own the caller learns no more."""
        seconds = self._services.attempt_seconds
        try:
            async with asyncio.timeout(seconds) as limit:
                await self._run(work, seen)
        except TimeoutError:
            if limit.expired():
                raise deadline.AttemptTooLongError(f"it took longer than {seconds:g} s") from None
            raise

    async def _read(self, name: str) -> record_.Record | None:
        """The record as the API server has it, remembered as if it had been written here."""
        try:
            live = await self._services.management.get(resources.AKO_DEPLOYMENTS, name)
        except errors.NotFoundError:
            self._written.drop(name)
            return None
        one = record_.from_object(live)
        self._written.note(name, one)
        return one

    def _remember(self, work: Attempt, seen: record_.Record | None) -> None:
        """What was written, not what was only tried: where etcd was restored, what is remembered
        conflicts with what is, and must run out."""
        if work.record is None:
            self._written.drop(work.name)
            self._rounds.forget(work.name)
            self._failing.forget(work.name)
        else:
            same = seen is not None and seen.resource_version == work.record.resource_version
            self._written.note(work.name, None if same else work.record)
        if work.failed:
            self._failures[work.name] = self._failures.get(work.name, 0) + 1
        else:
            self._failures.pop(work.name, None)

    async def _run(self, work: Attempt, seen: record_.Record | None) -> None:
        for _ in range(MAX_STEPS):
            if work.record is not None:
                work.config = act_situation.config_of(self._services.world, work.record)
                if not work.tried:  # Else the deadline acts, whatever fails below.
                    intents.look(work)
            now = act_situation.situation(work, self._loaded)
            decision = decide(now)
            if not isinstance(decision, decisions_.Nothing):
                await self._takeover.check(work.name, seen)
            if not await self._act(work, now, decision):
                break
        else:
            raise RuntimeError(f"{work.name}: no end after {MAX_STEPS} steps")

    async def _act(
        self, work: Attempt, now: situation.Situation, decision: decisions_.Decision
    ) -> bool:
        """Act on one decision. True: decide again; False: the attempt is over, all said."""
        match decision:
            case decisions_.Nothing():
                work.report.requeue(decision.after)
                if work.record is not None and work.record.spec.finished_at is not None:
                    await self._tell(work, now)
                return False
            case decisions_.PruneFinished() | decisions_.DropForMove():
                await _act_traced(work, now, decision)
                return False
        again = await self._go_on(work, now, decision)
        if not again:
            await self._tell(work, now)
        return again

    async def _go_on(
        self, work: Attempt, now: situation.Situation, decision: decisions_.Decision
    ) -> bool:
        """Act, and tell whether there is more to decide."""
        match decision:
            case decisions_.Refuse():
                await decisions.refuse(work, decision)
                return False
            case decisions_.Hold():
                decisions.hold(work, decision)
                return False
            case decisions_.Live():
                await self._live(work)
                return bool(work.report.moves)
            case decisions_.Rest():
                decisions.rest(work, decision)
                return await self._deadline(work)
            case decisions_.Leave():
                stop = await decisions.leave(work, decision)
            case _:
                stop = await _act_traced(work, now, decision)
        if stop is None:
            return True
        _stopped(work, stop)
        return isinstance(decision, decisions_.Leave) and await self._deadline(work)

    async def _live(self, work: Attempt) -> None:
        """A round of the lives verbs, unless the last one still says how things are."""
        stands = self._rounds.standing(work) if work.explained else None
        if stands is not None:
            work.report = stands
            return
        self._rounds.forget(work.name)
        spec, written = work.one.spec, len(work.writes)
        await living.live(work)
        if work.one.spec == spec and len(work.writes) == written:
            self._rounds.note(work)

    async def _deadline(self, work: Attempt) -> bool:
        """Whether the deadline acts now that this attempt has done what it could."""
        return not work.tried and await self._failing.deadline_acts(work)

    async def _tell(self, work: Attempt, now: situation.Situation) -> None:
        await self._say(work, now.choice if work.cluster is not None else None)

    async def _say(self, work: Attempt, choice: selection.Choice | None) -> None:
        await status.tell(work, choice)
        if work.record is not None:
            now = self._services.clock.now()
            work.report.requeue(conditions.deadline_seconds(work.record, now) or None)


async def _act_traced(
    work: Attempt, now: situation.Situation, decision: decisions_.Decision
) -> Stop | None:
    with tracing.step(_kebab(type(decision).__name__)) as span:
        stop = await decisions.act(work, now, decision)
        span.set_attribute("akoo.result", "done" if stop is None else "stopped")
        reason = getattr(decision, "why", getattr(decision, "cause", ""))
        span.set_attribute("akoo.reason", stop.reason if stop is not None else reason)
    return stop


def _kebab(name: str) -> str:
    """``LetGo`` -> ``let-go``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def _stopped(work: Attempt, stop: Stop) -> None:
    work.report.held = (stop.reason, stop.message)
    work.report.left = stop.left
    work.report.requeue(stop.after)
    work.complete = work.complete or stop.complete


def _name(work: Attempt) -> None:
    """Say on the attempt's span which record and which Cluster it is about."""
    span = trace.get_current_span()
    span.set_attribute("akoo.record", work.name)
    if work.cluster is not None:
        span.set_attribute("akoo.cluster", work.cluster.key)
    elif work.record is not None:
        ref = work.record.spec.cluster_ref
        span.set_attribute("akoo.cluster", f"{ref.namespace}/{ref.name}")


def _trace(work: Attempt, *, idle: bool) -> None:
    _name(work)
    span = trace.get_current_span()
    span.set_attribute("akoo.operation.id", _operation(work))
    span.set_attribute("akoo.idle", idle)


def _operation(work: Attempt) -> str:
    """The same for all attempts that belong to one thing being done, also after restarts."""
    one = work.record
    if one is None:
        return f"{work.name}/select"
    if one.spec.leaving is not None:
        return f"{one.name}/leave/{one.spec.leaving.started_at:%Y%m%dT%H%M%SZ}"
    generation = work.config.generation if work.config is not None else 0
    return f"{one.name}/live/{one.spec.config_ref.name}/{generation}"
