"""500 port groups from apply to Ready, and a bare loop that makes the same writes with as many
threads: a port group, its mark, our finalizer, and the status as often as the operator wrote it."""

from __future__ import annotations

import asyncio
import itertools
import os
import time

from akoo_vsphere import config_spec, marks
from akoo_vsphere.spec import settings

from benchmarks import figures, operator
from benchmarks.port_groups.site import (
    COUNT,
    KIND,
    LEADS,
    PLUGINS,
    THREADS,
    Site,
    by_method,
    declare,
    open_site,
    until_ready,
)

DELAY_SECONDS = 0.02
READY = f'akoo_vsphere_port_groups{{condition="Ready"}} {COUNT}.0'
NAMES = tuple(f"pg-{number}" for number in range(COUNT))


async def making() -> None:
    """500 port groups from apply to Ready, and a bare loop that makes the same writes."""
    print(f"-- {COUNT} port groups, load {os.getloadavg()[0]:.1f} before")
    for delay in (0.0, DELAY_SECONDS):
        async with open_site() as site:
            writes, seconds = await _made(site, delay)
            bare = await _bare_loop(site, writes)
            name = f"{COUNT} port groups, {1000 * delay:.0f} ms a call"
            goal = "2.0" if delay else "reported"
            figures.show(f"{name}: apply to Ready", "s", [seconds])
            figures.show(f"{name}: bare loop", "s", [bare])
            figures.show(f"{name}: ratio", "", [seconds / bare], goal)


async def _made(site: Site, delay: float) -> tuple[int, float]:
    """Status writes of one port group, and the seconds until all are Ready."""
    await site.vcsim.control.change(delay_seconds=delay)
    async with operator.running(site.bed, PLUGINS) as running:
        await operator.metric(running, lambda text: LEADS in text)
        await site.vcsim.control.clear_calls()
        started = time.perf_counter()
        await declare(site, NAMES)
        await until_ready(site, NAMES)
        seconds = time.perf_counter() - started
        calls = await site.vcsim.control.calls()
        figures.show("calls of vCenter for each", "", [calls.total / COUNT])
        by_method(calls)
        written = await operator.metric(running, lambda text: READY in text)
        writes = _writes(written)
        figures.show("writes on the API server for each", "", [writes])
    return round(writes), seconds


def _writes(metrics: str) -> float:
    """Patches of the operator for each port group: nearly all of its patches are theirs."""
    lines = (line for line in metrics.splitlines() if line.startswith("rest_client_requests_total"))
    patches = (line for line in lines if 'method="PATCH"' in line and 'host="management"' in line)
    return sum(float(line.rpartition(" ")[2]) for line in patches) / COUNT


async def _bare_loop(site: Site, writes: int) -> float:
    """Seconds of a loop that makes the same writes, under other names."""
    numbers = iter(range(COUNT))
    switch = next(
        placed.switch.mo_ref
        for placed in (await site.person.inventory()).switches
        if placed.folder_path.startswith("/DC0") and placed.switch.name == "DVS0"
    )
    key = await site.person.define_attribute(marks.ATTRIBUTE)

    async def worker() -> None:
        for number in numbers:
            name = f"bare-{number}"
            spec = config_spec.create(
                {settings.NAME: name, settings.VLAN: {"id": 1 + number}}, "a mark"
            )
            made = await site.person.create(switch, spec)
            await site.person.set_attribute(made, key, "a mark")
            for write in itertools.count():
                if write >= writes:
                    break
                patch = {"metadata": {"annotations": {"bench": f"{number}-{write}"}}}
                await site.kube.patch(KIND, None, f"pg-{number}", patch)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(THREADS):
            group.create_task(worker())
    return time.perf_counter() - started
