"""Many Clusters at once: onboarding, and a change that means nothing."""

from __future__ import annotations

import collections
import os
import time

from akoo_core.app import gc_tuning
from akoo_core.app import world as world_
from akoo_core.reconcile import config_controller
from akoo_core.sandbox import demo
from benchmarks import figures, fleet_bed, fleet_operator

CLUSTERS = 200
QUIET_SECONDS = 1.0 + config_controller.MIN_INTERVAL_SECONDS
"""Counts in a config's status are written that late."""
LIMIT_SECONDS = 1_200.0
NOTE = "workload API servers in memory: their network is not in these figures, their work is"


async def onboarding() -> None:
    """CLUSTERS Clusters selected by one new config; then one label that means nothing on each."""
    print(f"-- {CLUSTERS} Clusters at once, load {os.getloadavg()[0]:.1f} before; {NOTE}")
    gc_tuning.settle()
    async with fleet_bed.running() as fleet:
        await fleet.grow(CLUSTERS)
        async with fleet.operator() as world:
            await onboard(fleet, world, CLUSTERS)
            before = sum(fleet.calls.sites.values())
            sites = fleet.calls.sites.copy()
            count, writes = fleet_operator.reconciles(), fleet.calls.writes
            await fleet.label(fleet.names, "one")
            await all_quiet(fleet)
            calls = sum(fleet.calls.sites.values()) - before
            made = fleet_operator.reconciles() - count
            figures.show("irrelevant label on all: calls", "", [calls], "0")
            figures.show("irrelevant label on all: writes", "", [fleet.calls.writes - writes])
            figures.show("irrelevant label on all: reconciles", "", [made])
            by_site(fleet.calls.sites - sites, CLUSTERS)
        await _again(fleet, CLUSTERS)


async def onboard(fleet: fleet_bed.FleetBed, world: world_.CachedWorld, size: int) -> None:
    """Create the config that selects all; until every record is Ready and nothing happens."""
    calls, server = sum(fleet.calls.sites.values()), fleet_operator.cpu_seconds(fleet.server_pid)
    started, used = time.monotonic(), time.process_time()
    await fleet.api.create(demo.config())
    applied = await fleet_operator.until(
        lambda: fleet.workloads.applied() >= size, seconds=LIMIT_SECONDS
    )
    own, imitated = time.process_time() - used, fleet.calls.imitated
    served = fleet_operator.cpu_seconds(fleet.server_pid) - server
    figures.show(f"{size} Clusters: all applied", "s", [applied - started], "< 7 s")
    figures.show(f"{size} Clusters: CPU of this process until then", "s", [own])
    figures.show(f"{size} Clusters: of it, the workload API servers'", "s", [imitated])
    figures.show(f"{size} Clusters: CPU of the API server until then", "s", [served])
    ready = await steady(world, size)
    figures.show(f"{size} Clusters: all Ready", "s", [ready - started])
    await all_quiet(fleet)
    made = sum(fleet.calls.sites.values()) - calls
    figures.show(f"{size} Clusters: calls per Cluster", "", [made / size])
    figures.show(f"{size} Clusters: CPU per Cluster", "s", [(time.process_time() - used) / size])
    by_site(fleet.calls.sites, size)


async def _again(bed: fleet_bed.FleetBed, size: int) -> None:
    """A second operator in this process, over real calls to the workload clusters: what it writes
    although nothing has changed."""
    done, written = fleet_operator.reconciles(), bed.calls.written.copy()
    started = time.monotonic()
    async with bed.operator() as world:
        await fleet_operator.until(
            lambda: fleet_operator.reconciles() - done >= size, seconds=LIMIT_SECONDS
        )
        looked = time.monotonic() - started
        await all_quiet(bed)
        assert len(world.record_objects) == size
    figures.show(f"{size} records: started again, to all looked at", "s", [looked])
    writes = bed.calls.written - written
    figures.show(f"{size} records: started again, writes", "", [writes.total()], "0")
    by_site(writes, 1)


async def steady(world: world_.CachedWorld, size: int) -> float:
    """Wait until so many records are Ready; the time it was so (monotonic)."""
    return await fleet_operator.until(lambda: _ready(world) >= size, seconds=LIMIT_SECONDS)


async def all_quiet(fleet: fleet_bed.FleetBed) -> None:
    """Nothing is reconciled nor asked any more."""
    await fleet_operator.quiet(
        lambda: fleet_operator.reconciles() + sum(fleet.calls.sites.values()),
        for_seconds=QUIET_SECONDS,
        seconds=LIMIT_SECONDS,
    )


def by_site(sites: collections.Counter[str], size: int) -> None:
    """The commonest calls, for each of ``size``."""
    for site, number in sites.most_common(8):
        print(f"     {number / size:7.2f} {site}")


def _ready(world: world_.CachedWorld) -> int:
    if len(world.record_objects) == 0:
        return 0
    uid = world.configs()[0].uid
    return world.served_by(uid).ready
