"""The election on a real Lease, and the guard that is asked before every external write."""

from __future__ import annotations

import asyncio
import datetime
import logging
import random
from collections.abc import Awaitable, Callable, Mapping

from akoo_core import errors, structs
from akoo_core.clock import Clock
from akoo_core.election import core
from akoo_core.election.timing import Timing
from akoo_core.kube import errors as kube_errors
from akoo_core.kube.client import KubeClient, Object
from akoo_core.kube.resource import LEASES
from akoo_core.telemetry import metrics

RELEASE_SECONDS = 2.0
CANCEL_SECONDS = 5.0
"""Seconds that a leader's body gets to end after the lease was lost and it was cancelled."""

_SPEC_FIELDS = (
    "holderIdentity",
    "leaseDurationSeconds",
    "acquireTime",
    "renewTime",
    "leaseTransitions",
)

_log = logging.getLogger(__name__)


def micro_time(now: datetime.datetime) -> str:
    """``now`` as Kubernetes writes MicroTime: UTC with microseconds."""
    return now.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class LeaseGuard:
    """The guard (akoo_core.external.Guard) of a process that shares its work by a Lease."""

    def __init__(self, state: core.ElectionCore, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def check(self) -> None:
        """Raises LeadershipLostError unless the lease was renewed within the renew deadline."""
        if not self._state.may_act(self._clock.monotonic()):
            holder = self._state.holder or "nobody"
            raise errors.LeadershipLostError(
                f"not the leader (any more): the lease was last seen with {holder}; "
                "no write is started, another replica goes on"
            )


class Elector:
    """One candidate for one Lease.

    ``client`` must not use our own guard, or the Lease could never be taken. ``identity`` is new
    for every process (Pod name and a random part). ``clock`` must go on while the machine is
    suspended (:class:`akoo_core.clock.LeaseClock`), or a suspended leader trusts an old Lease.
    ``labels`` are on the Lease from the moment it is taken; one with the value "" is taken off.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        namespace: str,
        name: str,
        identity: str,
        clock: Clock,
        labels: Mapping[str, str] | None = None,
        timing: Timing | None = None,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._labels = dict(labels or {})
        self._namespace = namespace
        self._name = name
        self._clock = clock
        self._state = core.ElectionCore(identity, timing=timing, uniform=uniform)
        self._gauge = metrics.LEADER.labels(name)
        self._gauge.set(0)
        self._last_problem = ""
        self.guard = LeaseGuard(self._state, clock)
        self.acquired = asyncio.Event()
        self.lost = asyncio.Event()

    @property
    def leading(self) -> bool:
        """True if a write could start now."""
        return self._state.may_act(self._clock.monotonic())

    async def lead(self, body: Callable[[], Awaitable[None]]) -> None:
        """Wait for the lease, then run ``body`` and renew until ``body`` ends.

        When the lease is lost, ``lost`` is set, ``body`` is cancelled and awaited for at most
        CANCEL_SECONDS, and LeadershipLostError is raised: end the process. When ``body`` ends or
        raises, renewing stops with it; call ``release`` once everything it started has stopped.
        """
        await self.acquire()
        body_task = asyncio.ensure_future(body())
        renewal = asyncio.create_task(self._renew(), name="lease-renewal")
        try:
            await asyncio.wait({body_task, renewal}, return_when=asyncio.FIRST_COMPLETED)
            if not body_task.done():
                raise errors.LeadershipLostError(self._how_it_was_lost())
        finally:
            await _end(renewal)
            await _end(body_task)
        await body_task

    async def acquire(self) -> None:
        """Try until the lease is ours. Any error is a failed try.

        Raises LeadershipLostError after a loss or a release: lead again as a new process.
        """
        waits_for = None
        while not self._state.leading:
            if self._state.over:
                self.guard.check()
            await self._try()
            if not self._state.leading and self._state.holder not in (waits_for, ""):
                waits_for = self._state.holder
                lease = f"{self._namespace}/{self._name}"
                _log.info("waiting for Lease %s, held by %s", lease, waits_for)
            if not self._state.leading:
                await asyncio.sleep(self._state.pause_seconds(self._clock.monotonic()))
        _log.info("leading: holds Lease %s/%s", self._namespace, self._name)
        self._gauge.set(1)
        self.acquired.set()

    async def release(self) -> None:
        """Release the lease, within RELEASE_SECONDS and without errors; then write nothing more.

        Call it only after everything that acted under the lease has stopped.
        """
        self._state.give_up()
        self._gauge.set(0)
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                obj = await self._client.get(LEASES, self._name, self._namespace)
                spec = self._state.released(_spec(obj), micro_time(self._clock.now()))
                if spec is not None:
                    await self._client.replace(LEASES, _with_spec(obj, spec))
        except Exception as error:  # noqa: BLE001 - it runs out by itself, only later
            _log.warning("the lease was not handed back: %s: %s", type(error).__name__, error)

    def _how_it_was_lost(self) -> str:
        lease = f"Lease {self._namespace}/{self._name}"
        if self._state.holder != self._state.identity:
            return f"{lease} was taken by {self._state.holder or 'nobody'}: this replica stops"
        seconds = self._state.timing.renew_deadline
        return f"{lease} could not be renewed for {seconds:g} s: this replica stops"

    async def _renew(self) -> None:
        """Return when the lease is lost."""
        while not self._state.expire(self._clock.monotonic()):
            await asyncio.sleep(self._state.pause_seconds(self._clock.monotonic()))
            await self._try()
        self._gauge.set(0)
        self.lost.set()
        _log.error("lost Lease %s/%s", self._namespace, self._name)

    async def _try(self) -> None:
        """Read, decide, write; an error is logged, and the next try reads again."""
        try:
            async with asyncio.timeout(self._state.try_seconds(self._clock.monotonic())):
                await self._read_and_write()
            self._last_problem = ""
        except Exception as error:  # noqa: BLE001 - no kind of error may leave us leading
            problem = f"{type(error).__name__}: {error}"
            level = logging.DEBUG if _lost_race(error) else logging.WARNING
            if problem != self._last_problem:
                _log.log(level, "Lease %s/%s: %s", self._namespace, self._name, problem)
            self._last_problem = problem

    async def _read_and_write(self) -> None:
        obj = await self._read()
        self._state.observe(_spec(obj) if obj else None, self._clock.monotonic())
        sent_at = self._clock.monotonic()
        spec = self._state.plan(sent_at, micro_time(self._clock.now()))
        if spec is None:
            return
        if obj is None:
            await self._client.create(LEASES, self._new(spec), self._namespace)
        else:
            await self._client.replace(LEASES, self._labelled(_with_spec(obj, spec)))
        self._state.confirmed(spec, sent_at, self._clock.monotonic())

    async def _read(self) -> Object | None:
        try:
            return await self._client.get(LEASES, self._name, self._namespace)
        except kube_errors.NotFoundError as error:
            if error.kind_missing:
                raise
            return None

    def _new(self, spec: core.LeaseSpec) -> Object:
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {"namespace": self._namespace, "name": self._name, **self._marks({})},
            "spec": structs.to_object(spec),
        }

    def _labelled(self, obj: Object) -> Object:
        """The Lease with our labels, beside those of others."""
        metadata = obj["metadata"]
        return {**obj, "metadata": {**metadata, **self._marks(metadata.get("labels") or {})}}

    def _marks(self, others: Mapping[str, str]) -> Object:
        merged = {**others, **self._labels}
        labels = {key: value for key, value in merged.items() if value or key not in self._labels}
        return {"labels": labels} if merged else {}


def _lost_race(error: Exception) -> bool:
    """True if another candidate wrote first: normal in an election."""
    return isinstance(error, kube_errors.ConflictError | kube_errors.AlreadyExistsError)


async def _end(task: asyncio.Future[None]) -> None:
    """Cancel ``task`` and wait for it, at most CANCEL_SECONDS. Its outcome counts as read."""
    task.cancel()
    await asyncio.wait({task}, timeout=CANCEL_SECONDS)
    if task.done() and not task.cancelled():
        task.exception()


def _spec(obj: Object) -> core.LeaseSpec:
    """The spec of a Lease; null and absent are the same."""
    fields = {key: value for key, value in (obj.get("spec") or {}).items() if value is not None}
    return structs.convert(fields, core.LeaseSpec, path="spec")


def _with_spec(obj: Object, spec: core.LeaseSpec) -> Object:
    """The Lease as it was read, version included, with ``spec`` in place of its own fields.

    Empty fields are left out: the API server refuses an empty holder.
    """
    others = {k: v for k, v in (obj.get("spec") or {}).items() if k not in _SPEC_FIELDS}
    return {**obj, "spec": {**others, **structs.to_object(spec)}}
