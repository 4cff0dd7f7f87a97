"""Many Clusters at once: onboarding, a change that means nothing, rest, and one event."""

from __future__ import annotations

import asyncio
import collections
import json
import os
import pathlib
import sys
import tempfile
import time
from collections.abc import Sequence

from akoo_core.app import world as world_
from akoo_core.sandbox import demo
from benchmarks import figures, fleet_bed

CLUSTERS = 200
SIZES = (10, 500)
LARGE = (10, 1_000, 2_000)
MANY_WORKERS = 40
"""While the records are made, which is not what is measured there."""
EVENTS = 40
QUIET_SECONDS = 3.0
REST_SECONDS = 20.0
LIMIT_SECONDS = 1_200.0
NOTE = "workload API servers in memory: their network and work are not in these figures"


async def onboarding() -> None:
    """CLUSTERS Clusters selected by one new config; then one label that means nothing on each."""
    print(f"-- {CLUSTERS} Clusters at once, load {os.getloadavg()[0]:.1f} before; {NOTE}")
    async with fleet_bed.running() as fleet:
        await fleet.grow(CLUSTERS)
        async with fleet.operator() as world:
            await _onboard(fleet, world, CLUSTERS)
            before = sum(fleet.calls.sites.values())
            sites = fleet.calls.sites.copy()
            count, writes = fleet_bed.reconciles(), fleet.calls.writes
            await fleet.label(fleet.names, "one")
            await _all_quiet(fleet)
            calls = sum(fleet.calls.sites.values()) - before
            figures.show("irrelevant label on all: calls", "", [calls], "0")
            figures.show("irrelevant label on all: writes", "", [fleet.calls.writes - writes])
            figures.show(
                "irrelevant label on all: reconciles", "", [fleet_bed.reconciles() - count]
            )
            _by_site(fleet.calls.sites - sites, CLUSTERS)


async def rest(sizes: Sequence[int] = SIZES) -> None:
    """Cold start, writes at rest and one event, with few records and with many."""
    print(f"-- records at rest, load {os.getloadavg()[0]:.1f} before; {NOTE}")
    async with fleet_bed.running() as fleet:
        for size in sizes:
            await fleet.grow(size)
            async with fleet.operator(workers=MANY_WORKERS) as world:
                if size == sizes[0]:
                    await _onboard(fleet, world, size)
                else:
                    await _steady(world, size)
                    await _all_quiet(fleet)
            await _alone(fleet, size)
            await _cold(fleet, size)


async def rest_large() -> None:
    """The same with thousands; onboarding them takes minutes."""
    await rest(LARGE)


async def _all_quiet(fleet: fleet_bed.Fleet) -> None:
    """Nothing is reconciled nor asked any more."""
    await fleet_bed.quiet(
        lambda: fleet_bed.reconciles() + sum(fleet.calls.sites.values()),
        for_seconds=QUIET_SECONDS,
        seconds=LIMIT_SECONDS,
    )


async def _onboard(fleet: fleet_bed.Fleet, world: world_.World, size: int) -> None:
    calls = sum(fleet.calls.sites.values())
    started, used = time.monotonic(), time.process_time()
    await fleet.api.create(demo.config())
    applied = await fleet_bed.until(
        lambda: fleet.workloads.applied() >= size, seconds=LIMIT_SECONDS
    )
    figures.show(f"{size} Clusters: all applied", "s", [applied - started], "< 7 s")
    steady = await _steady(world, size)
    figures.show(f"{size} Clusters: all Ready", "s", [steady - started])
    await _all_quiet(fleet)
    made = sum(fleet.calls.sites.values()) - calls
    figures.show(f"{size} Clusters: calls per Cluster", "", [made / size])
    figures.show(f"{size} Clusters: CPU per Cluster", "s", [(time.process_time() - used) / size])
    _by_site(fleet.calls.sites, size)


def _by_site(sites: collections.Counter[str], size: int) -> None:
    for site, number in sites.most_common(8):
        print(f"     {number / size:7.2f} {site}")


async def _steady(world: world_.World, size: int) -> float:
    return await fleet_bed.until(lambda: _ready(world) >= size, seconds=LIMIT_SECONDS)


def _ready(world: world_.World) -> int:
    if len(world.record_objects) == 0:
        return 0
    uid = world.configs()[0].uid
    return world.served_by(uid).ready


async def _alone(fleet: fleet_bed.Fleet, size: int) -> None:
    """An operator in a process of its own, whose workload clusters are only values."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "answers.json"
        path.write_text(json.dumps(await fleet.answers()))
        made = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.resting", str(fleet.kubeconfig), str(path)),
            str(size),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await made.communicate()
    found = json.loads(said)
    name = f"{size} records, own process"
    figures.show(f"{name}: RSS", "MiB", [found["rss"]], "< 150 MiB at 1,000")
    figures.show(f"{name}: cold start to caches", "s", [found["synced"]])
    figures.show(f"{name}: cold start to all looked at", "s", [found["looked"]])
    figures.show(f"{name}: CPU until then, imports included", "s", [found["cpu"]])
    figures.show(f"{name}: CPU at rest", "% of a core", [found["rest"]], "< 2 %")
    figures.show(f"{name}: reconciles at rest", "", [found["reconciles"]])
    figures.show(f"{name}: writes", "", [found["writes"]], "0")


async def _cold(fleet: fleet_bed.Fleet, size: int) -> None:
    """A new process of the operator over what is there already, but that it has imported all."""
    done, writes = fleet_bed.reconciles(), fleet.calls.writes
    used, started = time.process_time(), time.monotonic()
    async with fleet.operator() as world:
        synced = time.monotonic()
        await fleet_bed.until(lambda: fleet_bed.reconciles() - done >= size, seconds=LIMIT_SECONDS)
        steady = time.monotonic()
        figures.show(f"{size} records: cold start to caches", "s", [synced - started])
        figures.show(f"{size} records: cold start to all looked at", "s", [steady - started])
        figures.show(f"{size} records: its CPU", "s", [time.process_time() - used])
        resting, count = time.process_time(), fleet_bed.reconciles()
        await fleet_bed.until(
            lambda: time.monotonic() - steady > REST_SECONDS, seconds=LIMIT_SECONDS
        )
        share = 100 * (time.process_time() - resting) / REST_SECONDS
        figures.show(f"{size} records: CPU at rest", "% of a core", [share], "< 2 %")
        figures.show(f"{size} records: reconciles at rest", "", [fleet_bed.reconciles() - count])
        figures.show(f"{size} records: writes since start", "", [fleet.calls.writes - writes], "0")
        await _events(fleet, size)
        assert len(world.record_objects) == size


async def _events(fleet: fleet_bed.Fleet, size: int) -> None:
    """One label of one Cluster after the other, each waited for."""
    walls: list[float] = []
    used: list[float] = []
    for number in range(EVENTS):
        count, cpu, started = fleet_bed.reconciles(), time.process_time(), time.monotonic()
        await fleet.label([fleet.names[number % min(size, 10)]], f"event-{size}-{number}")
        seen = await fleet_bed.until(
            lambda before=count: fleet_bed.reconciles() > before,  # type: ignore[misc]
            seconds=LIMIT_SECONDS,
        )
        walls.append(1000 * (seen - started))
        used.append(1000 * (time.process_time() - cpu))
    figures.show(f"{size} records: one event, to its reconcile", "ms", walls)
    figures.show(f"{size} records: one event, CPU", "ms", used)
