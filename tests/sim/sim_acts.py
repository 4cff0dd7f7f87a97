"""What a user does and what goes wrong, picked by chance; the same for both simulations."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from tests.sim.sim_faults import Weather
from tests.sim.sim_stage import Stage

CLUSTERS = ("a", "b", "c")
Act = Callable[[Stage, Weather], Awaitable[None]]

WORDS: tuple[dict[str, str | None], ...] = (
    {"leave": "sweep"},
    {"leave": "orphan"},
    {"leave": None},
    {"let_go": "enough"},
    {"paused": ""},
    {"paused": None},
    {"confirm_removal": "yes"},
)


def _any(stage: Stage) -> str | None:
    found = sorted(stage.clusters())
    return random.choice(found) if found else None


async def create(stage: Stage, weather: Weather) -> None:
    """Also under a name that was used before."""
    free = [name for name in CLUSTERS if name not in stage.clusters()]
    taken = {o["metadata"]["name"] for o in stage.management.objects(resources.MACHINES)}
    free = [name for name in free if f"{name}-1" not in taken]
    if free:
        await stage.create_cluster(random.choice(free))


async def delete(stage: Stage, weather: Weather) -> None:
    name = _any(stage)
    if name:
        await stage.delete_cluster(name)


async def tear_away(stage: Stage, weather: Weather) -> None:
    name = _any(stage)
    if name and random.random() < 0.3:
        await stage.tear_away(name)


async def relabel(stage: Stage, weather: Weather) -> None:
    name = _any(stage)
    if name:
        labels = (stage.clusters()[name]["metadata"].get("labels") or {}).get("lb")
        patch = {"metadata": {"labels": {"lb": None if labels else "avi"}}}
        await stage.patch_cluster(name, patch)


async def pause(stage: Stage, weather: Weather) -> None:
    name = _any(stage)
    if name:
        await stage.patch_cluster(name, {"spec": {"paused": random.random() < 0.4}})


async def edit(stage: Stage, weather: Weather) -> None:
    await stage.change_config(logLevel=random.choice(("INFO", "DEBUG", "WARN")))


async def policy(stage: Stage, weather: Weather) -> None:
    await stage.change_config(
        onUnmatch=random.choice(("Remove", "Remove", "Orphan")),
        deadline=random.choice(("5m", "1h", "1h")),
    )


async def word(stage: Stage, weather: Weather) -> None:
    records = [record for record in stage.laws.records() if record.spec.finished_at is None]
    if records:
        one = random.choice(records)
        await stage.annotate(one.name, **random.choice(WORDS))


async def lose_record(stage: Stage, weather: Weather) -> None:
    """While its Cluster lives, or dies, or in the moment in which somebody deletes it."""
    records = stage.laws.records()
    if records and random.random() < 0.2:
        one = random.choice(records)
        await stage.lose_record(one.name)
        if random.random() < 0.5:
            await stage.delete_cluster(one.spec.cluster_ref.name)


async def mark(stage: Stage, weather: Weather) -> None:
    """An annotation that a tenant sets and takes back, whatever becomes of the Cluster."""
    name = _any(stage)
    if name:
        await stage.mark(name, moving=random.random() < 0.4)


async def move_away(stage: Stage, weather: Weather) -> None:
    name = _any(stage)
    if name and random.random() < 0.15:
        await stage.move_away(name)


async def storm(stage: Stage, weather: Weather) -> None:
    weather.failing = random.choice((0.0, 0.05, 0.3, 0.9))
    weather.latency = random.choice((0.1, 2.0, 12.0))
    weather.lag = random.choice((0.0, 1.0, 20.0))
    stage.outside.whims.share = random.choice((0.0, 0.0, 0.2, 0.6))


async def calm(stage: Stage, weather: Weather) -> None:
    weather.failing = weather.latency = weather.lag = 0.0
    stage.outside.whims.share = 0.0


async def silence(stage: Stage, weather: Weather) -> None:
    for _, workload in sorted(stage.workloads.items()):
        workload.silent = random.random() < 0.4


async def cut_watches(stage: Stage, weather: Weather) -> None:
    failure = random.choice((None, errors.ServerError("watch ended", status=500)))
    stage.management.watches.end(failure)


async def compact(stage: Stage, weather: Weather) -> None:
    stage.management.expire()


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
