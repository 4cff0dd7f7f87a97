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
from akoo_core.election import timing
from akoo_core.kube import errors
from akoo_core.testing import virtual_time
from akoo_core.testing.memory import operator
from tests.sim import sim_acts, sim_fleet, sim_peace
from tests.sim.sim_faults import LateWatches, Seam, Weather
from tests.sim.sim_fleet import Process, SimFleet

CHAOS_SECONDS = 300.0
ACT_SECONDS = 12.0
PEACE_SECONDS = 3 * 3600.0
RESYNC_SECONDS = 120.0
SETTLE_SECONDS = 1.5 * RESYNC_SECONDS
REST_SECONDS = 1.5 * RESYNC_SECONDS
"""Every record is looked at once more, and nothing is written."""
TIMING = timing.Timing(retry=8.0)
"""Renewals are most of all calls; rarer ones change nothing but that."""


class Result(NamedTuple):
    """The result of a seed."""

    seed: int
    broken: tuple[str, ...]
    did: tuple[str, ...]
    """The acts of the user and the faults, in order."""
    let_go: tuple[str, ...]
    """The reasons why Clusters were let go."""
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
        run, fleet = self._run, self._run.fleet
        plain = Seam(run.weather, fleet.laws, identity)
        elector = operator.elector(fleet.management, plain, fleet.clock, identity, TIMING)
        guard: external.Guard = elector.guard
        self.seam = Seam(run.weather, fleet.laws, identity, guard)
        self.seams = (self.seam, plain)
        return Process(fleet, self.seam, elector=elector, identity=identity)

    async def _collect(self) -> None:
        if self.process is None or self.seam is None:
            return
        self._run.writes += self.seam.writes
        self.seam.writes = 0
        await self.process.end()

    def kill(self) -> None:
        """SIGKILL: what is in flight is lost."""
        if self.process is not None and self.seam is not None:
            for seam in self.seams:
                seam.dead = True
            self.process.task.cancel()

    async def cut(self, seconds: float) -> None:
        """It reaches nobody for a while; its lease may run out."""
        seams = self.seams
        for seam in seams:
            seam.cut = True
        await asyncio.sleep(seconds)
        for seam in seams:
            seam.cut = False

    async def end(self) -> None:
        self.kill()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self._collect()


class Run:
    """One seed."""

    def __init__(self, fleet: SimFleet) -> None:
        self.fleet = fleet
        self.weather = Weather()
        self.writes = 0
        self.did: list[str] = []
        self._asides: set[asyncio.Task[None]] = set()
        late = LateWatches(fleet.management.store)
        late.weather = self.weather
        fleet.management.watches = late

    async def play(self) -> None:
        self.replicas = [Replica(self, "one"), Replica(self, "two")]
        try:
            async with self.fleet.world():
                await self.fleet.config()
                await self._chaos()
                await self._peace()
        finally:
            for task in self._asides:
                task.cancel()
            await asyncio.gather(*self._asides, return_exceptions=True)
            for replica in self.replicas:
                await replica.end()

    async def _chaos(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + CHAOS_SECONDS
        self.fleet.chance = lambda: 0.5
        while loop.time() < until and not self.fleet.laws.broken:
            await asyncio.sleep(random.expovariate(1 / ACT_SECONDS))
            name, act = random.choice(ACTS)
            self.did.append(f"{self.fleet.clock.now():%H:%M:%S} {name}")
            with contextlib.suppress(errors.NotFoundError, errors.ConflictError):
                await act(self)

    async def _peace(self) -> None:
        """Faults stop, pauses end, the user answers what waits for a person."""
        for task in self._asides:
            task.cancel()
        await asyncio.gather(*self._asides, return_exceptions=True)
        self._asides.clear()
        for replica in self.replicas:
            for seam in replica.seams:
                seam.cut = False
        await sim_peace.begin(self.fleet, self.weather)
        if not await self._until(lambda: sim_peace.settled(self.fleet), PEACE_SECONDS):
            self.fleet.laws.require(
                False, f"no progress: {'; '.join(sim_peace.unsettled(self.fleet))}"
            )
            return
        await self._rest()

    async def _rest(self) -> None:
        """At rest nothing is written."""
        self.fleet.tick_seconds = 4 * sim_fleet.TICK_SECONDS
        await asyncio.sleep(SETTLE_SECONDS)
        before = self.total_writes()
        await asyncio.sleep(REST_SECONDS)
        written = self.total_writes() - before
        self.fleet.laws.require(written == 0, f"{written} writes at rest")

    def total_writes(self) -> int:
        return self.writes + sum(replica.seam.writes for replica in self.replicas if replica.seam)

    async def _until(self, condition: Callable[[], Awaitable[bool]], seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end and not self.fleet.laws.broken:
            if await condition():
                return True
            await asyncio.sleep(20)
        return bool(self.fleet.laws.broken)

    def aside(self, work: Awaitable[None]) -> None:
        self._asides.add(asyncio.ensure_future(work))


async def _kill(run: Run) -> None:
    random.choice(run.replicas).kill()


async def _cut_off(run: Run) -> None:
    run.aside(random.choice(run.replicas).cut(random.uniform(5, 150)))


def _on_fleet(act: sim_acts.Act) -> Callable[[Run], Awaitable[None]]:
    return lambda run: act(run.fleet, run.weather)


ACTS: tuple[tuple[str, Callable[[Run], Awaitable[None]]], ...] = (
    *((act.__name__, _on_fleet(act)) for act in (*sim_acts.USER, *sim_acts.WATCHES)),
    ("kill", _kill),
    ("cut_off", _cut_off),
)


def play(seed: int) -> Result:
    """Play one seed in virtual time. The same seed does the same."""

    async def main(clock: virtual_time.LoopClock) -> Result:
        fleet = SimFleet(clock)
        run = Run(fleet)
        await run.play()
        ends = [
            record.spec.leaving.let_go for record in fleet.laws.records() if record.spec.leaving
        ]
        return Result(
            seed=seed,
            broken=tuple(fleet.laws.broken),
            did=tuple(run.did),
            let_go=tuple(sorted(end.why for end in ends if end is not None)),
            writes=run.writes,
        )

    random.seed(seed)
    return virtual_time.run(main)
