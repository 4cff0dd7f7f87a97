"""One seed of moves: a user, two replicas and their caches, bad weather, then peace.

A move is one thing that happens: an attempt begins, a cache catches up a little, the user does
something, another replica leads, a process dies, time passes. Between two moves the attempts under
way get a few steps on, so that they meet each other in the middle. The laws are checked at every
write; once faults stop, everything must come to its end, and then nothing may be written any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from akoo_core.kube import errors
from akoo_core.testing import virtual_time
from tests.sim import sim_acts, sim_laws, sim_peace
from tests.sim.sim_faults import Weather
from tests.sim.sim_fleet import CONFIG, SimFleet
from tests.sim.sim_replica import NOBODY, Lead, Replica

MOVES = 60
STEPS = 12
"""The most attempts between two moves."""
PEACE_SECONDS = 3 * 3600.0
PATIENT_ROUNDS = 12
"""So many short rounds, before peace waits for what wants to be waited for."""


class Result(NamedTuple):
    """The result of a seed."""

    seed: int
    broken: tuple[str, ...]
    did: tuple[str, ...]
    """Every move, in order."""
    let_go: tuple[str, ...]
    """The reasons why Clusters were let go."""
    writes: int


class Run:
    """One seed."""

    def __init__(self, fleet: SimFleet) -> None:
        self.fleet = fleet
        self.weather = Weather()
        self.lead = Lead()
        self.did: list[str] = []
        self.writes = 0

    async def play(self) -> None:
        self.fleet.outside.slow = True
        await self.fleet.config()
        await self.fleet.create_cluster("a")
        self.replicas = [self._replica(0), self._replica(1)]
        try:
            await self._chaos()
            if not self.fleet.laws.broken:
                await self._peace()
        finally:
            for replica in self.replicas:
                await self._end(replica)

    def _replica(self, number: int) -> Replica:
        return Replica(self.fleet, self.weather, self.lead, number)

    async def _end(self, replica: Replica) -> None:
        await replica.kill()
        self.writes += replica.seam.writes

    async def restart(self, number: int) -> None:
        await self._end(self.replicas[number])
        self.replicas[number] = self._replica(number)

    async def _chaos(self) -> None:
        self.fleet.chance = lambda: 0.5
        names = [name for name, _, _ in MOVES_BY_WEIGHT]
        moves = {name: move for name, move, _ in MOVES_BY_WEIGHT}
        weights = [weight for _, _, weight in MOVES_BY_WEIGHT]
        for name in random.choices(names, weights, k=MOVES):
            self.did.append(name)
            with contextlib.suppress(errors.NotFoundError, errors.ConflictError):
                await moves[name](self)
            for _ in range(random.randrange(STEPS)):
                await asyncio.sleep(0)
            for number, replica in enumerate(self.replicas):
                if replica.lost:
                    await self.restart(number)
            if self.fleet.laws.broken:
                return

    async def _peace(self) -> None:
        await self._truce()
        await sim_peace.begin(self.fleet, self.weather)
        loop = asyncio.get_running_loop()
        end = loop.time() + PEACE_SECONDS
        rounds = 0
        while not (await sim_peace.settled(self.fleet)) or rounds < 2:
            if self.fleet.laws.broken:
                return
            if loop.time() > end:
                left = "; ".join(sim_peace.unsettled(self.fleet))
                self.fleet.laws.require(False, f"no progress: {left}")
                return
            await self._round(PEACE_SECONDS if rounds > PATIENT_ROUNDS else 5.0)
            rounds += 1
        await self._rest()

    async def _truce(self) -> None:
        """No more faults, but what is paused stays so: once all know it, nothing is done there."""
        sim_peace.calm(self.fleet, self.weather)
        self.fleet.lone = False
        await self.elect(0)
        await self.restart(1)
        await self.restart(0)
        await self._round(5.0)
        known = sim_peace.paused(self.fleet)
        # A pause of a Cluster goes with it, when it was let go by a user's word.
        self.fleet.laws.paused = lambda name: name in known & sim_peace.paused(self.fleet)
        await self._round(30.0)
        await self._round(600.0)
        self.fleet.laws.paused = sim_laws.nobody

    async def elect(self, number: int) -> None:
        """Another one leads, once no write of the old one can be under way any more: the lease
        lasts longer than its deadline to renew and a call together."""
        old = self.replicas[1 - number]
        self.lead.number = NOBODY
        while old.seam.writing:  # noqa: ASYNC110 - virtual time costs nothing
            await asyncio.sleep(1.0)
        self.lead.number = number
        self.replicas[number].begins()

    async def _round(self, patience: float) -> None:
        """Everybody acts once, then time passes until something is due."""
        replica = self.replicas[0]
        await asyncio.gather(*replica.running())
        replica.catch_up_all()
        for name in (*replica.names(), CONFIG):
            await replica.start(name)
        if replica.lost:
            await self.restart(0)
        await self.fleet.tick()
        now = asyncio.get_running_loop().time()
        soonest = min(replica.due.values(), default=now)
        await asyncio.sleep(min(max(soonest - now, 1.0), patience))

    async def _rest(self) -> None:
        """At rest nothing is written."""
        for _ in range(2):
            await self._round(600.0)
        before = self.replicas[0].seam.writes
        for _ in range(2):
            await self._round(600.0)
        written = self.replicas[0].seam.writes - before
        self.fleet.laws.require(written == 0, f"{written} writes at rest")


Move = Callable[[Run], Awaitable[None]]


async def _attempt(run: Run) -> None:
    """By the leader, but for what a process does that has not yet seen that it is none."""
    number = run.lead.number if random.random() < 0.85 else 1 - run.lead.number
    known = run.replicas[number].names()
    if known:
        run.replicas[number].start(random.choice((*known, *known, *known, CONFIG)))


async def _catch_up(run: Run) -> None:
    replica = random.choice(run.replicas)
    if random.random() < 0.4:
        replica.catch_up_all()
        return
    cache = random.choice(replica.stores)
    replica.catch_up(cache, random.randint(0, replica.behind(cache)))


async def _lead(run: Run) -> None:
    await run.elect(1 - run.lead.number)


async def _kill(run: Run) -> None:
    await run.restart(random.randrange(2))


async def _change_plugins(run: Run) -> None:
    """The operator is rolled out with another --plugins, one process after the other."""
    run.fleet.lone = random.random() < 0.3
    for number in random.sample(range(2), k=random.choice((1, 2, 2))):
        await run.restart(number)


async def _wait(run: Run) -> None:
    await asyncio.sleep(random.choice((1.0, 5.0, 30.0, 90.0)))


async def _tick(run: Run) -> None:
    await run.fleet.tick()


def _on_fleet(act: sim_acts.Act) -> Move:
    return lambda run: act(run.fleet, run.weather)


MOVES_BY_WEIGHT: tuple[tuple[str, Move, float], ...] = (
    ("attempt", _attempt, 30),
    ("catch_up", _catch_up, 20),
    ("wait", _wait, 8),
    ("tick", _tick, 10),
    ("lead", _lead, 2),
    ("kill", _kill, 2),
    ("change_plugins", _change_plugins, 1.5),
    *((act.__name__, _on_fleet(act), 1.5) for act in sim_acts.USER),
)


def play(seed: int) -> Result:
    """Play one seed in virtual time. The same seed does the same."""

    async def main(clock: virtual_time.LoopClock) -> Result:
        run = Run(SimFleet(clock))
        await run.play()
        ends = [
            record.spec.leaving.let_go for record in run.fleet.laws.records() if record.spec.leaving
        ]
        return Result(
            seed=seed,
            broken=tuple(run.fleet.laws.broken),
            did=tuple(run.did),
            let_go=tuple(sorted(end.why for end in ends if end is not None)),
            writes=run.writes,
        )

    random.seed(seed)
    return virtual_time.run(main)
