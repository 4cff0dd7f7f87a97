"""Rotations of 200 clusters, 1,000 clusters at rest and restarted, a Vault that hangs, memory.

Seconds are virtual: waiting is in them, the work of this machine is not. CPU is real, and includes
the servers and AKOs in memory.
"""

from __future__ import annotations

import asyncio
import logging
import os

from akoo_tenancy.store.calls import LostError, Route, VaultAnswer
from akoo_testbed.avisim import faults

from akoo_core.testing import virtual_time
from benchmarks import figures, footprint, operator
from benchmarks.accounts import site
from benchmarks.accounts.site import Site
from tests.tenancy.tenancy_fleet import SPEC

CLUSTERS = 200
AT_ONCE = 20
RESTING = int(os.environ.get("AKOO_BENCH_RESTING", "1000"))
HUNG = 40
OTHERS = 100
REST_SECONDS = 900.0
FAULT_SECONDS = 10.0
ROTATION = {"every": "30d", "grace": "10m"}
REFERENCE = {"workloadCredentialRef": {"name": "shop", "namespace": "avi"}}
SETTLE_SECONDS = 10.0
TENANCY = {
    "AKOO_PLUGINS__TENANCY__STORE": "Vault",
    "AKOO_PLUGINS__TENANCY__VAULT__ADDRESS": "https://127.0.0.1:1",
    "AKOO_PLUGINS__TENANCY__VAULT__LOGIN__METHOD": "TokenFile",
    "AKOO_PLUGINS__TENANCY__VAULT__LOGIN__TOKEN_FILE": "/dev/null",
}


async def rotations() -> None:
    """All of it."""
    logging.disable(logging.CRITICAL)
    for name, main in (
        (f"{CLUSTERS} rotations, at most {AT_ONCE} at once", _rotated),
        (f"{CLUSTERS} rotations with faults", _rotated_with_faults),
        ("a Vault that hangs", _beside_a_hung),
        (f"{RESTING} clusters at rest, and restarted", _rested),
    ):
        print(f"-- {name}, load {os.getloadavg()[0]:.1f} before")
        figures.show("CPU of all of it", "s", [await site.play(main)])
    logging.disable(logging.NOTSET)
    await _memory()


async def _onboarded(there: Site, count: int) -> None:
    await there.bed.config(rotation=ROTATION)
    names = await there.grow(count)
    figures.show(
        f"{count} first accounts", "virtual s", [await there.until(lambda: there.active(names, 1))]
    )


async def _rotated(clock: virtual_time.LoopClock) -> None:
    await _rotate(Site(clock, AT_ONCE), with_faults=False)


async def _rotated_with_faults(clock: virtual_time.LoopClock) -> None:
    await _rotate(Site(clock, AT_ONCE), with_faults=True)


async def _rotate(there: Site, *, with_faults: bool) -> None:
    most = 0

    def rotated() -> bool:
        nonlocal most
        accounts = [there.bed.account(name) for name in there.names]
        most = max(most, sum(each is not None and each.phase == "Pending" for each in accounts))
        return there.active(there.names, 2)

    def ended() -> bool:
        accounts = [there.bed.account(name) for name in there.names]
        return all(each is not None and each.retiring_at is None for each in accounts)

    async with there.bed.fleet:
        await _onboarded(there, CLUSTERS)
        there.clear()
        starts = there.starts()
        trouble = asyncio.create_task(_faults(there)) if with_faults else None
        for name in there.names:
            await there.annotate(name)
        figures.show("until AKO uses each", "virtual s", [await there.until(rotated)])
        figures.show("until the former ones are gone", "virtual s", [await there.until(ended)])
        if trouble is not None:
            trouble.cancel()
            await asyncio.wait({trouble})
        there.collect()
        of_clusters = there.of_clusters()
        figures.show("rotations at once, at most", "", [most], f"{AT_ONCE}")
        figures.show("Vault calls each", "", [there.vault_calls() / CLUSTERS], "<= 8")
        figures.show("Avi calls each", "", [of_clusters.total() / CLUSTERS], "<= 6")
        print(f"   {dict(of_clusters)}")
        print(f"   { ({k: n for k, n in there.requests.items() if k.endswith('pages')}) }")
        figures.show("AKO starts each", "", [(there.starts() - starts) / CLUSTERS], "1")
        figures.show("refused logins", "", [len(there.bed.refused())], "0")


async def _faults(there: Site) -> None:
    """A request of each kind goes wrong, again and again: lost with its effect, or refused."""
    vault, avi = there.bed.vault, there.bed.avi
    broken = VaultAnswer(status=500, body={"errors": ["internal error"]})
    while True:
        vault.lose_replies(Route.WRITE)
        vault.fail(broken, Route.WRITE, times=1)
        for kind in ("user", "useractivity"):
            avi.faults.add(faults.Fault(answer="broken", kind=kind, user="admin", times=1))
        avi.faults.add(faults.Fault(drop=True, after=True, kind="user", user="admin", times=1))
        await asyncio.sleep(FAULT_SECONDS)


async def _beside_a_hung(clock: virtual_time.LoopClock) -> None:
    """Clusters without accounts of ours, onboarded alone and beside a Vault that hangs."""
    there = Site(clock, HUNG)
    async with there.bed.fleet:
        await _onboarded(there, HUNG)
        rotating = list(there.names)
        spec = {**REFERENCE, "clusterSelector": {"matchLabels": {"lb": "other"}}}
        await there.bed.fleet.create_config({**SPEC, **spec}, name="others", plugins={})
        seconds = []
        for hung in (False, True):
            if hung:
                there.bed.vault.latency_seconds = 5.0
                there.bed.vault.fail(LostError("no answer in time", sent=True))
                for name in rotating:
                    await there.annotate(name)
                await asyncio.sleep(1)
            began = clock.monotonic()
            names = await there.grow(OTHERS, lb="other")
            while not there.running(names):
                await asyncio.sleep(0.1)
            seconds.append(clock.monotonic() - began)
        figures.show(f"{OTHERS} others until Running", "virtual s", seconds[:1])
        figures.show(f"   while {HUNG} rotate and Vault hangs", "virtual s", seconds[1:])
        figures.show("   ratio", "", [seconds[1] / seconds[0]], "< 1.05")


async def _rested(clock: virtual_time.LoopClock) -> None:
    """No call but pages and the token's, no write; the same after a restart."""
    there = Site(clock, AT_ONCE)
    async with there.bed.fleet:
        await _onboarded(there, RESTING)
        site.slow_world(30.0)
        await asyncio.sleep(1200)
        for name, restarts in (("at rest", False), ("restarted", True)):
            there.clear()
            before, starts = there.versions(), there.starts()
            written = len(there.bed.avi.journal.entries(writes=True))
            if restarts:
                await there.bed.fleet.restart()
            await asyncio.sleep(REST_SECONDS)
            there.collect()
            for place, version in there.versions().items():
                figures.show(f"{name}: writes, {place}", "", [version - before[place]], "0")
            now = len(there.bed.avi.journal.entries(writes=True))
            figures.show(f"{name}: writes, Avi", "", [now - written], "0")
            figures.show(f"{name}: Vault calls but the token's", "", [there.vault_calls()], "0")
            print(f"   { ({str(k): n for k, n in there.bed.vault.calls.items()}) }")
            figures.show(f"{name}: Avi calls for one", "", [there.of_clusters().total()], "0")
            print(f"   {dict(there.requests)}")
            figures.show(f"{name}: AKO starts", "", [there.starts() - starts], "0")
        figures.show("refused logins", "", [len(there.bed.refused())], "0")


async def _memory() -> None:
    """RSS of an idle operator with the plugin, and without."""
    samples: list[list[float]] = []
    for plugins in (("ako", "avi"), ("ako", "avi", "tenancy")):
        environment = TENANCY if "tenancy" in plugins else {}
        rows = []
        async with operator.installed(clusters=1, plugins=plugins, environment=environment) as bed:
            for _ in range(footprint.RUNS):
                async with operator.running(bed, plugins, environment) as process:
                    await process.ready()
                    await asyncio.sleep(SETTLE_SECONDS)
                    rows.append(footprint.rss_mib(process.pid))
        samples.append(rows)
        figures.show(f"RSS with {', '.join(plugins)}", "MiB", rows)
    more = [after - before for before, after in zip(*map(sorted, samples), strict=True)]
    figures.show("RSS of tenancy with hvac", "MiB", more, "<= 25 MiB")
