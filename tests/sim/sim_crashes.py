"""A story played once undisturbed, and again with a crash at any one external call of it."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import random
from collections.abc import Awaitable, Callable, Hashable
from typing import Literal, NamedTuple

from akoo_core import external
from akoo_core.testing import memory, spans, virtual_time
from akoo_core.testing import world as world_
from akoo_core.testing.calls import Crash
from akoo_core.testing.memory.kubelet import OTHERS
from tests.sim.sim_fleet import Cast, Process, SimFleet

PATIENCE_SECONDS = 4 * 3600.0
Moment = Literal["before", "after"]
Story = Callable[[SimFleet], Awaitable[None]]


class Point(NamedTuple):
    """Before or after the nth call (counted from 1, each moment for itself), and its site."""

    nth: int
    moment: Moment
    site: str
    write: bool


class Trap:
    """An interceptor that notes every call and crashes the process at one of them."""

    def __init__(self, nth: int = 0, moment: Moment = "before") -> None:
        self.points: list[Point] = []
        self.survives: Callable[[], Hashable] = lambda: None
        """Looked at where each of them is passed."""
        self.states: list[Hashable] = []
        self.sprung = ""
        """The site at which the process died."""
        self.crashed = asyncio.Event()
        self.begun = 0
        """The number of points before the part of the story that it is about."""
        self._at = (nth, moment)
        self._counts = {"before": 0, "after": 0}

    def begins(self) -> None:
        self.begun = len(self.points)

    def before(self, site: str, *, write: bool) -> None:
        self._pass(site, "before", write)

    def after(self, site: str, *, write: bool) -> None:
        # Calls overlap: ends are counted for themselves, and calls that failed have none.
        self._pass(site, "after", write)

    def _pass(self, site: str, moment: Moment, write: bool) -> None:
        if self.sprung:
            raise Crash(f"dead since {self.sprung}")
        self._counts[moment] += 1
        nth = self._counts[moment]
        self.points.append(Point(nth, moment, site, write))
        self.states.append(self.survives())
        if (nth, moment) == self._at:
            self.sprung = site
            self.crashed.set()
            raise Crash(f"{moment} {site}")


class Played(NamedTuple):
    """The result of one run."""

    state: dict[str, object]
    points: tuple[Point, ...]
    """Every one that was passed, in order; those from ``begun`` on are the story's own."""
    begun: int
    traced: frozenset[str]
    """Names of the spans of all external calls."""
    broken: tuple[str, ...]
    sprung: str
    made: tuple[str, ...]
    states: tuple[Hashable, ...] = ()
    """The state that the process would have left behind at each point."""
    dying_seconds: float = 0.0
    """From the crash until a new process starts."""

    @property
    def distinct(self) -> tuple[tuple[Point, ...], ...]:
        """The points, those together at which a process that dies leaves the very same behind:
        whatever died, the next one begins alike."""
        groups: dict[Hashable, list[Point]] = {}
        for point, state in zip(self.points, self.states, strict=True):
            groups.setdefault(state, []).append(point)
        return tuple(map(tuple, groups.values()))


def play(story: Story, cast: Cast, point: Point | None = None) -> Played:
    """Play ``story`` to its end; with ``point`` the first process dies there, and
    a new one starts."""

    async def main(clock: virtual_time.LoopClock) -> Played:
        fleet = (cast.fleet or SimFleet)(clock, cast)
        trap = Trap(point.nth, point.moment) if point else Trap()
        fleet.begins = trap.begins
        trap.survives = fleet.survives if point is None else trap.survives
        with spans.recorded() if point is None else contextlib.nullcontext() as recording:
            try:
                dying = await _play(fleet, story, trap)
            except TimeoutError as error:
                raise TimeoutError(f"no end: {waited_for(fleet)}") from error
        return Played(
            state=end_state(fleet),
            points=tuple(trap.points),
            begun=trap.begun,
            traced=traced(recording) if recording is not None else frozenset(),
            broken=tuple(fleet.laws.broken),
            sprung=trap.sprung,
            made=tuple(fleet.outside.made),
            states=tuple(trap.states),
            dying_seconds=dying,
        )

    random.seed(1)
    return virtual_time.run(main)


async def _play(fleet: SimFleet, story: Story, trap: Trap) -> float:
    """Play the story; return the time that the process took to die."""
    dying = 0.0
    process = Process(fleet, external.External(interceptor=trap))
    telling = asyncio.ensure_future(story(fleet))
    crashing = asyncio.create_task(trap.crashed.wait(), name="crash")
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), fleet.world():
            await asyncio.wait({telling, crashing}, return_when=asyncio.FIRST_COMPLETED)
            if trap.sprung:
                begun = fleet.clock.monotonic()
                await process.end()
                dying = fleet.clock.monotonic() - begun
                process = Process(fleet, external.External())
            await telling
    finally:
        for task in (telling, crashing):
            task.cancel()
        await asyncio.gather(telling, crashing, return_exceptions=True)
        await process.end()
    return dying


def waited_for(fleet: SimFleet) -> str:
    """The waits of records that have not come to their end."""
    texts = [
        f"{record.name} {record.status.phase} {condition.type} "
        f"{condition.reason}: {condition.message}"
        for record in fleet.laws.records()
        for condition in record.status.conditions
        if condition.type in ("Ready", "Held")
    ]
    return "; ".join(texts) or "there is no record"


def wrong_after(story: Story, cast: Cast, point: Point, whole: Played) -> list[str]:
    """The faults after a crash at ``point`` of a story that was played ``whole`` without one."""
    try:
        played = play(story, cast, point)
    except TimeoutError as error:
        return [f"{point}: {error}"]
    wrong = differences(whole.state, played.state)
    wrong += played.broken
    if played.sprung != point.site:
        wrong.append(f"died at {played.sprung!r}")
    twice = collections.Counter(played.made) - collections.Counter(whole.made)
    if twice:
        wrong.append(f"made once more: {sorted(twice)}")
    return [f"{point}: {line}" for line in wrong]


def traced(recording: spans.Recording) -> frozenset[str]:
    """The sites of all external calls that left a span."""
    systems = {span.name: span.attributes.get("akoo.system", OTHERS) for span in recording.spans}
    return frozenset(name for name, system in systems.items() if system != OTHERS)


def differences(first: object, second: object, path: str = "") -> list[str]:
    """The differences of two end states."""
    if isinstance(first, dict) and isinstance(second, dict):
        keys = sorted({*first, *second})
        return [
            difference
            for key in keys
            for difference in differences(first.get(key), second.get(key), f"{path}/{key}")
        ]
    return [] if first == second else [f"{path}: {first!r} != {second!r}"]


def end_state(fleet: SimFleet) -> dict[str, object]:
    """All that is left, without times, versions, Events and words about the way.

    An observedGeneration is compared with the object's own generation: how many writes there were
    is part of the way, that the last of them was observed is part of the end.
    """
    servers = {"management": fleet.management} | {
        name.partition("-")[0]: workload.server
        for name, workload in sorted(fleet.workloads.items())
    }
    state: dict[str, object] = {"outside": fleet.outside.state()}
    for name, server in servers.items():
        generations = _generations(server)
        state[name] = {
            key: _without_way(obj, generations[key])
            for key, obj in world_.objects_of(server).items()
            if not key.startswith("events.k8s.io")
        }
    return state


_WAY = ("drainOutcome", "lastNonEmptyAt", "attemptedAt", "message", "evidence", "lastTraceId")
"""Fields of a record that depend on the way that was taken, not on the end."""


def _generations(server: memory.MemoryServer) -> dict[str, int]:
    """The generation of each object, by the keys of ``objects_of``; 0 for kinds without one."""
    return {
        "/".join(filter(None, key)): obj["metadata"].get("generation", 0)
        for key, obj in server.store.rows.items()
    }


def _without_way(value: object, generation: int) -> object:
    """``value`` without ``_WAY``; an observedGeneration is the number of writes it lies behind."""
    if isinstance(value, dict):
        return {
            key: generation - inner
            if key == "observedGeneration" and isinstance(inner, int)
            else _without_way(inner, generation)
            for key, inner in value.items()
            if key not in _WAY
        }
    if isinstance(value, list):
        return [_without_way(inner, generation) for inner in value]
    return value
