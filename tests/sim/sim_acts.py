"""Acts of users and faults, picked by chance; the same for both simulations."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from tests.sim.sim_faults import Weather
from tests.sim.sim_fleet import SimFleet

CLUSTERS = ("a", "b", "c")
Act = Callable[[SimFleet, Weather], Awaitable[None]]

WORDS: tuple[dict[str, str | None], ...] = (
    {"leave": "sweep"},
    {"leave": "orphan"},
    {"leave": None},
    {"let_go": "enough"},
    {"paused": ""},
    {"paused": None},
    {"confirm_removal": "yes"},
)


def _any(fleet: SimFleet) -> str | None:
    names_ = sorted(fleet.clusters())
    return random.choice(names_) if names_ else None


async def create(fleet: SimFleet, weather: Weather) -> None:
    """Also under a name that was used before."""
    free = [name for name in CLUSTERS if name not in fleet.clusters()]
    taken = {o["metadata"]["name"] for o in fleet.management.objects(resources.MACHINES)}
    free = [name for name in free if f"{name}-1" not in taken]
    if free:
        await fleet.create_cluster(random.choice(free))


async def delete(fleet: SimFleet, weather: Weather) -> None:
    name = _any(fleet)
    if name:
        await fleet.delete_cluster(name)


async def tear_away(fleet: SimFleet, weather: Weather) -> None:
    name = _any(fleet)
    if name and random.random() < 0.3:
        await fleet.tear_away(name)


async def relabel(fleet: SimFleet, weather: Weather) -> None:
    name = _any(fleet)
    if name:
        labels = (fleet.clusters()[name]["metadata"].get("labels") or {}).get("lb")
        patch = {"metadata": {"labels": {"lb": None if labels else "avi"}}}
        await fleet.patch_cluster(name, patch)


async def pause(fleet: SimFleet, weather: Weather) -> None:
    name = _any(fleet)
    if name:
        await fleet.patch_cluster(name, {"spec": {"paused": random.random() < 0.4}})


async def edit(fleet: SimFleet, weather: Weather) -> None:
    await fleet.change_config(logLevel=random.choice(("INFO", "DEBUG", "WARN")))


async def policy(fleet: SimFleet, weather: Weather) -> None:
    await fleet.change_config(
        onUnmatch=random.choice(("Remove", "Remove", "Orphan")),
        deadline=random.choice(("5m", "1h", "1h")),
    )


async def word(fleet: SimFleet, weather: Weather) -> None:
    records = [record for record in fleet.laws.records() if record.spec.finished_at is None]
    if records:
        record_ = random.choice(records)
        await fleet.annotate(record_.name, **random.choice(WORDS))


async def lose_record(fleet: SimFleet, weather: Weather) -> None:
    """While its Cluster lives, or dies, or in the moment in which somebody deletes it."""
    records = fleet.laws.records()
    if records and random.random() < 0.2:
        record_ = random.choice(records)
        await fleet.lose_record(record_.name)
        if random.random() < 0.5:
            await fleet.delete_cluster(record_.spec.cluster_ref.name)


async def mark(fleet: SimFleet, weather: Weather) -> None:
    """An annotation that a tenant sets and takes back, whatever becomes of the Cluster."""
    name = _any(fleet)
    if name:
        await fleet.mark(name, moving=random.random() < 0.4)


async def move_away(fleet: SimFleet, weather: Weather) -> None:
    name = _any(fleet)
    if name and random.random() < 0.15:
        await fleet.move_away(name)


async def storm(fleet: SimFleet, weather: Weather) -> None:
    weather.failing = random.choice((0.0, 0.05, 0.3, 0.9))
    weather.latency = random.choice((0.1, 2.0, 12.0))
    weather.lag = random.choice((0.0, 1.0, 20.0))
    fleet.outside.whims.share = random.choice((0.0, 0.0, 0.2, 0.6))


async def calm(fleet: SimFleet, weather: Weather) -> None:
    weather.failing = weather.latency = weather.lag = 0.0
    fleet.outside.whims.share = 0.0


async def silence(fleet: SimFleet, weather: Weather) -> None:
    for _, workload in sorted(fleet.workloads.items()):
        workload.silent = random.random() < 0.4


async def cut_watches(fleet: SimFleet, weather: Weather) -> None:
    failure = random.choice((None, errors.ServerError("watch ended", status=500)))
    fleet.management.watches.end(failure)


async def compact(fleet: SimFleet, weather: Weather) -> None:
    fleet.management.expire()


USER: tuple[Act, ...] = (
    create,
    create,
    create,
    delete,
    delete,
    tear_away,
    relabel,
    pause,
    edit,
    policy,
    word,
    lose_record,
    mark,
    move_away,
    storm,
    calm,
    silence,
)
WATCHES: tuple[Act, ...] = (cut_watches, compact)
