"""One simulated afternoon: two replicas, a user and bad weather by seed, then peace.

The laws are checked at every write; once faults stop, everything must come to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from akoo_core import external
from akoo_core.api import names
from akoo_core.api import record as record_
from akoo_core.election import timing
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.testing import memory_operator, virtual_time
from tests.sim import sim_stage
from tests.sim.sim_faults import LateWatches, Seam, Weather
from tests.sim.sim_stage import Process, Stage

CHAOS_SECONDS = 300.0
ACT_SECONDS = 12.0
PEACE_SECONDS = 3 * 3600.0
RESYNC_SECONDS = 120.0
SETTLE_SECONDS = 1.5 * RESYNC_SECONDS
REST_SECONDS = 1.5 * RESYNC_SECONDS
"""Every record is looked at once more, and nothing is written."""
TIMING = timing.Timing(retry=8.0)
"""Renewals are most of all calls; rarer ones change nothing but that."""
CLUSTERS = ("a", "b", "c")


class Result(NamedTuple):
    """What came of a seed."""

    seed: int
    broken: tuple[str, ...]
    did: tuple[str, ...]
    """What the user did and what went wrong, in order."""
    let_go: tuple[str, ...]
    """Why Clusters were let go."""
    writes: int


class Replica:
    """A replica of the operator: when its process ends, another one starts."""

    def __init__(self, run: Run, name: str) -> None:
        self._run = run
        self._name = name
        self._count = 0
        self.seam: Seam | None = None
        self.process: Process | None = None
        self.seams: tuple[Seam, ...] = ()
        self.task = asyncio.create_task(self._live(), name=name)

    async def _live(self) -> None:
        while True:
            self._count += 1
            identity = f"{self._name}-{self._count}"
            self.process = self._start(identity)
            try:
                await asyncio.wait({self.process.task})
            finally:
                await self._collect()
            await asyncio.sleep(random.uniform(0.5, 20))

    def _start(self, identity: str) -> Process:
        run, stage = self._run, self._run.stage
        plain = Seam(run.weather, stage.laws, identity)
        elector = memory_operator.elector(stage.management, plain, stage.clock, identity, TIMING)
        guard: external.Guard = elector.guard
        self.seam = Seam(run.weather, stage.laws, identity, guard)
        self.seams = (self.seam, plain)
        return Process(stage, self.seam, elector=elector, identity=identity)

    async def _collect(self) -> None:
        if self.process is None or self.seam is None:
            return
        self._run.writes += self.seam.writes
        self.seam.writes = 0
        await self.process.end()

    def kill(self) -> None:
        """SIGKILL: what is in flight is lost."""
        if self.process is not None and self.seam is not None:
            for one in self.seams:
                one.dead = True
            self.process.task.cancel()

    async def cut(self, seconds: float) -> None:
        """It reaches nobody for a while; its lease may run out."""
        seams = self.seams
        for one in seams:
            one.cut = True
        await asyncio.sleep(seconds)
        for one in seams:
            one.cut = False

    async def end(self) -> None:
        self.kill()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self._collect()


class Run:
    """One seed."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.weather = Weather()
        self.writes = 0
        self.did: list[str] = []
        self._asides: set[asyncio.Task[None]] = set()
        late = LateWatches(stage.management.store)
        late.weather = self.weather
        stage.management.watches = late

    async def play(self) -> None:
        self.replicas = [Replica(self, "one"), Replica(self, "two")]
        try:
            async with self.stage.world():
                await self.stage.config()
                await self._chaos()
                await self._peace()
        finally:
            for task in self._asides:
                task.cancel()
            await asyncio.gather(*self._asides, return_exceptions=True)
            for one in self.replicas:
                await one.end()

    async def _chaos(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + CHAOS_SECONDS
        self.stage.chance = lambda: 0.5
        while loop.time() < until and not self.stage.laws.broken:
            await asyncio.sleep(random.expovariate(1 / ACT_SECONDS))
            act = random.choice(ACTS)
            self.did.append(f"{self.stage.clock.now():%H:%M:%S} {act.__name__.strip('_')}")
            with contextlib.suppress(errors.NotFoundError, errors.ConflictError):
                await act(self)

    async def _peace(self) -> None:
        """Faults stop, pauses end, the user answers what waits for a person."""
        for task in self._asides:
            task.cancel()
        await asyncio.gather(*self._asides, return_exceptions=True)
        self._asides.clear()
        self.weather.failing = self.weather.latency = self.weather.lag = 0.0
        self.stage.chance = lambda: 0.0
        for one in self.replicas:
            for seam in one.seams:
                seam.cut = False
        for workload in self.stage.workloads.values():
            workload.silent = False
        for name in self.stage.clusters():
            await self.stage.patch_cluster(name, {"spec": {"paused": None}})
        for record in self.stage.laws.records():
            await self.stage.annotate(record.name, paused=None)
        if not await self._until(self._settled, PEACE_SECONDS):
            self.stage.laws.require(False, f"no progress: {'; '.join(self.unsettled())}")
            return
        await self._rest()

    async def _rest(self) -> None:
        """At rest nothing is written."""
        self.stage.tick_seconds = 4 * sim_stage.TICK_SECONDS
        await asyncio.sleep(SETTLE_SECONDS)
        before = self.total_writes()
        await asyncio.sleep(REST_SECONDS)
        written = self.total_writes() - before
        self.stage.laws.require(written == 0, f"{written} writes at rest")

    def total_writes(self) -> int:
        return self.writes + sum(one.seam.writes for one in self.replicas if one.seam)

    async def _settled(self) -> bool:
        for one in self.stage.laws.records():
            held = [c.reason for c in one.status.conditions]
            if "ClusterVanished" in held:
                await self.stage.annotate(one.name, leave="sweep")
            if "RemovalHeld" in held:
                await self.stage.annotate(one.name, confirm_removal="yes")
        return not self.unsettled()

    def unsettled(self) -> list[str]:
        """What is not yet as it should be."""
        found: list[str] = []
        clusters = self.stage.clusters()
        uids = {one["metadata"]["uid"]: one for one in clusters.values()}
        for name, one in clusters.items():
            if "deletionTimestamp" in one["metadata"]:
                found.append(f"Cluster {name} is still there")
        for record in self.stage.laws.records():
            found += _unsettled(record, uids.get(record.spec.cluster_ref.uid))
        served = {one.spec.cluster_ref.uid for one in self.stage.laws.records() if _runs(one)}
        for uid, one in uids.items():
            wanted = (one["metadata"].get("labels") or {}).get("lb") == "avi"
            word = self.stage.record_of(uid)
            said = word is not None and names.LEAVE_ANNOTATION in _annotations(word)
            if wanted and not said and uid not in served:
                found.append(f"Cluster {one['metadata']['name']} is selected and not Running")
        return found

    async def _until(self, what: Callable[[], Awaitable[bool]], seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end and not self.stage.laws.broken:
            if await what():
                return True
            await asyncio.sleep(20)
        return bool(self.stage.laws.broken)

    def aside(self, work: Awaitable[None]) -> None:
        self._asides.add(asyncio.ensure_future(work))


def _annotations(one: record_.Record) -> dict[str, str]:
    return one.annotations


def _runs(one: record_.Record) -> bool:
    return one.status.phase == "Running" and one.spec.leaving is None


def _unsettled(one: record_.Record, cluster: object) -> list[str]:
    state = one.spec.leaving
    if one.spec.finished_at is not None or (state is None and cluster is not None):
        return []
    held = [f"{c.type} {c.reason}" for c in one.status.conditions if c.type in ("Held", "Ready")]
    return [f"record {one.name} has not ended: {one.status.phase} {held}"]


# What happens.


def _any(run: Run) -> str | None:
    names_ = sorted(run.stage.clusters())
    return random.choice(names_) if names_ else None


async def _create(run: Run) -> None:
    free = [name for name in CLUSTERS if name not in run.stage.clusters()]
    taken = {o["metadata"]["name"] for o in run.stage.management.objects(resources.MACHINES)}
    free = [name for name in free if f"{name}-1" not in taken]
    if free:
        await run.stage.create_cluster(random.choice(free))


async def _delete(run: Run) -> None:
    name = _any(run)
    if name:
        await run.stage.delete_cluster(name)


async def _relabel(run: Run) -> None:
    name = _any(run)
    if name:
        labels = (run.stage.clusters()[name]["metadata"].get("labels") or {}).get("lb")
        patch = {"metadata": {"labels": {"lb": None if labels else "avi"}}}
        await run.stage.patch_cluster(name, patch)


async def _pause(run: Run) -> None:
    name = _any(run)
    if name:
        await run.stage.patch_cluster(name, {"spec": {"paused": random.random() < 0.4}})


async def _edit(run: Run) -> None:
    await run.stage.change_config(logLevel=random.choice(("INFO", "DEBUG", "WARN")))


async def _policy(run: Run) -> None:
    await run.stage.change_config(
        onUnmatch=random.choice(("Remove", "Remove", "Orphan")),
        deadline=random.choice(("5m", "1h", "1h")),
    )


WORDS: tuple[dict[str, str | None], ...] = (
    {"leave": "sweep"},
    {"leave": "orphan"},
    {"leave": None},
    {"let_go": "enough"},
    {"paused": ""},
    {"paused": None},
    {"confirm_removal": "yes"},
)


async def _word(run: Run) -> None:
    records = [one for one in run.stage.laws.records() if one.spec.finished_at is None]
    if records:
        one = random.choice(records)
        await run.stage.annotate(one.name, **random.choice(WORDS))


async def _storm(run: Run) -> None:
    run.weather.failing = random.choice((0.0, 0.05, 0.3, 0.9))
    run.weather.latency = random.choice((0.1, 2.0, 12.0))
    run.weather.lag = random.choice((0.0, 1.0, 20.0))


async def _calm(run: Run) -> None:
    run.weather.failing = run.weather.latency = run.weather.lag = 0.0


async def _cut_watches(run: Run) -> None:
    failure = random.choice((None, errors.ServerError("watch ended", status=500)))
    run.stage.management.watches.end(failure)


async def _compact(run: Run) -> None:
    run.stage.management.expire()


async def _silence(run: Run) -> None:
    for _, workload in sorted(run.stage.workloads.items()):
        workload.silent = random.random() < 0.4


async def _kill(run: Run) -> None:
    random.choice(run.replicas).kill()


async def _cut_off(run: Run) -> None:
    run.aside(random.choice(run.replicas).cut(random.uniform(5, 150)))


ACTS: tuple[Callable[[Run], Awaitable[None]], ...] = (
    _create,
    _create,
    _create,
    _delete,
    _delete,
    _relabel,
    _pause,
    _edit,
    _policy,
    _word,
    _storm,
    _calm,
    _cut_watches,
    _compact,
    _silence,
    _kill,
    _cut_off,
)


def play(seed: int) -> Result:
    """Play one seed in virtual time. The same seed does the same."""

    async def main(clock: virtual_time.LoopClock) -> Result:
        stage = Stage(clock)
        run = Run(stage)
        await run.play()
        ends = [one.spec.leaving.let_go for one in stage.laws.records() if one.spec.leaving]
        return Result(
            seed=seed,
            broken=tuple(stage.laws.broken),
            did=tuple(run.did),
            let_go=tuple(sorted(one.why for one in ends if one is not None)),
            writes=run.writes,
        )

    random.seed(seed)
    return virtual_time.run(main)
