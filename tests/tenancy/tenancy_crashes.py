"""Lives of a cluster with an account of its own, played once whole and again with a crash at any
one external call. At each call the account in avi-secret is looked at: it must be valid."""

from __future__ import annotations

import asyncio
import collections
import random
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, NamedTuple

from akoo_tenancy.journal.record import Record
from akoo_testbed.avisim.access import auth

from akoo_core import external
from akoo_core.testing import virtual_time
from tests.sim.sim_crashes import Point, Trap
from tests.tenancy.tenancy_fleet import TenancyFleet, account_of

MINUTELY = {"every": "3m", "grace": "1m", "pickupTimeout": "1m"}
PATIENCE_SECONDS = 3600.0
Story = Callable[[TenancyFleet], Awaitable[None]]


class Played(NamedTuple):
    """The result of one run."""

    state: dict[str, object]
    points: tuple[Point, ...]
    states: tuple[Hashable, ...]
    broken: tuple[str, ...]
    sprung: str

    @property
    def distinct(self) -> list[list[Point]]:
        """The points, those together at which a process that dies leaves the very same behind."""
        groups: dict[Hashable, list[Point]] = {}
        for point, state in zip(self.points, self.states, strict=True):
            groups.setdefault(state, []).append(point)
        return list(groups.values())


class Watch:
    """Looks at the account in avi-secret at every call of the operator."""

    def __init__(self, bed: TenancyFleet) -> None:
        self.bed = bed
        self.broken: list[str] = []

    def look(self) -> Hashable:
        """The state that a process leaves behind if it dies now."""
        bed = self.bed
        for key, workload in bed.fleet.capi.workloads.items():
            account = account_of(workload.server)
            if account is not None and not self._fenced() and not self._valid(account):
                self.broken.append(f"{account[0]} in avi-secret of {key} is not valid")
        loads = bed.fleet.capi.workloads
        servers = {"": bed.fleet.management} | {str(k): v.server for k, v in loads.items()}
        versions = tuple(sorted((name, server.store.version) for name, server in servers.items()))
        objects = bed.avi.state.objects.everything().items()
        outside = frozenset((*key, obj.modified) for key, obj in objects)
        store = tuple(sorted((path, h.current) for path, h in bed.vault.histories.items()))
        return bed.clock.monotonic(), versions, outside, store, len(bed.avi.state.accounts.sessions)

    def _fenced(self) -> bool:
        record = self.bed.fleet.record("shop")
        leaving = record.spec.leaving if record is not None else None
        return leaving is not None and leaving.drained_at is not None

    def _valid(self, account: tuple[str, str]) -> bool:
        user = self.bed.avi.state.user_named(account[0])
        if user is None or not user.data.get("access"):
            return False
        return auth.password_matches(user.data["password"], account[1])


def play(
    story: Story, point: Point | None = None, *, fleet: Callable[..., TenancyFleet] = TenancyFleet
) -> Played:
    """Play ``story`` to its end; with ``point`` the first process dies there, and a new one
    starts."""

    async def main(clock: virtual_time.LoopClock) -> Played:
        trap = Trap(point.nth, point.moment) if point else Trap()
        bed = fleet(clock, seam=external.External(interceptor=trap))
        watch = Watch(bed)
        trap.survives = watch.look
        async with bed.fleet:
            telling = asyncio.create_task(_told_later(story, bed))
            crashing = asyncio.create_task(trap.crashed.wait())
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await asyncio.wait({telling, crashing}, return_when=asyncio.FIRST_COMPLETED)
                    if trap.sprung:
                        bed.fleet.external = external.External()
                        await bed.fleet.restart()
                    await telling
            finally:
                for task in (telling, crashing):
                    task.cancel()
                await asyncio.gather(telling, crashing, return_exceptions=True)
            return Played(
                state=_end(bed),
                points=tuple(trap.points),
                states=tuple(trap.states),
                broken=tuple(dict.fromkeys((*watch.broken, *_refused(bed)))),
                sprung=trap.sprung,
            )

    random.seed(1)
    return virtual_time.run(main)


async def _told_later(story: Story, bed: TenancyFleet) -> None:
    """A process that dies at its start is replaced before anybody looks at it."""
    await asyncio.sleep(0.5)
    await story(bed)


def _refused(bed: TenancyFleet) -> list[str]:
    return [f"{username} was refused" for username in bed.refused()]


def _end(bed: TenancyFleet) -> dict[str, object]:
    """All that is left, without times and versions."""
    record = bed.fleet.record("shop")
    name = record.name if record is not None else ""
    journal = bed.journal("shop")
    starts = collections.Counter[str]()
    for ako in bed.akos.values():
        starts += ako.starts
    return {
        "users": bed.users_of(name),
        "roles": bed.roles_of(name),
        "pools": [obj.name for obj in bed.avi.state.objects.of_kind("pool")],
        "phase": record.status.phase if record is not None else "",
        "journal": _shown(journal) if journal is not None else None,
        "passwords": _passwords(bed),
        "ordinary users": _ordinary(bed),
        "several starts": sorted(name for name, count in starts.items() if count > 1),
    }


def _shown(journal: Record) -> tuple[object, ...]:
    active, pending = journal.active, journal.pending
    return (
        journal.state,
        journal.highest,
        active.sequence if active is not None else 0,
        pending is not None,
        len(journal.retired),
    )


def _ordinary(bed: TenancyFleet) -> list[str]:
    """Users of others that a person, or another operator, made."""
    objects = bed.avi.state.objects.of_kind("user")
    return sorted(obj.name for obj in objects if not obj.builtin and "full_name" not in obj.data)


def _passwords(bed: TenancyFleet) -> int:
    """Values in the store that can still be read and hold a password."""
    readable: list[Any] = [
        version
        for history in bed.vault.histories.values()
        for version in history.versions.values()
        if version.state == "live" and "password" in str(version.data)
    ]
    return len(readable)


def wrong_after(
    story: Story,
    point: Point,
    whole: Played,
    *,
    fleet: Callable[..., TenancyFleet] = TenancyFleet,
) -> list[str]:
    """The faults after a crash at ``point`` of a story that was played ``whole`` without one."""
    try:
        played = play(story, point, fleet=fleet)
    except (AssertionError, TimeoutError) as error:
        return [f"{point}: {error or 'no end'}"]
    wrong = [f"{key}: {value}" for key, value in played.state.items() if value != whole.state[key]]
    wrong += played.broken
    if played.sprung != point.site:
        wrong.append(f"died at {played.sprung!r}")
    return [f"{point}: {line}" for line in wrong]
