"""Port groups kept as they are: repairs, a minute at rest beside 10,000 foreign ones, a restart,
memory, and a vCenter that hangs beside a healthy one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence

from akoo_testbed import parts
from akoo_testbed.vcsim import Action, Fault, VcsimOptions
from akoo_vsphere import config_spec
from akoo_vsphere.observed import read
from akoo_vsphere.spec import settings

from akoo_core.sandbox.process import OperatorProcess
from benchmarks import figures, footprint, operator
from benchmarks.port_groups.making import NAMES, READY
from benchmarks.port_groups.site import (
    COUNT,
    FOREIGN,
    KIND,
    LEADS,
    PLUGINS,
    Site,
    by_method,
    connect,
    declare,
    open_site,
    until_ready,
)

REPAIRS = 100
"""Changes of a person among 500."""
FOREIGN_REPAIRS = 20
OTHERS = 20
"""Changes of a foreign port group."""
LOOK_SECONDS = 0.01
PAUSE_SECONDS = 0.5
"""Time between two changes of a person."""
REST_SECONDS = 60.0
HUNG = 50
"""Port groups of a vCenter that hangs."""
HEALTHY = 100
ROUNDS = 3
DELAY_SECONDS = 0.02


async def keeping() -> None:
    """All of it."""
    print(f"-- {COUNT} port groups alone, load {os.getloadavg()[0]:.1f} before")
    async with open_site() as site, operator.running(site.bed, PLUGINS) as running:
        await _ready(site, running)
        repaired = [(await _repaired(site, number))[0] for number in range(REPAIRS)]
        figures.show(f"drift among {COUNT} repaired", "s", repaired)
        figures.show("   the 99th of 100", "s", [sorted(repaired)[-2]], "< 1")
    print(f"-- {COUNT} port groups, {FOREIGN} foreign, load {os.getloadavg()[0]:.1f} before")
    async with open_site(FOREIGN) as site:
        await _kept(site)
    print(f"-- a vCenter that hangs, load {os.getloadavg()[0]:.1f} before")
    async with open_site() as site:
        await _beside_a_hung(site)


async def _ready(site: Site, running: OperatorProcess) -> None:
    await operator.metric(running, lambda text: LEADS in text)
    await declare(site, NAMES)
    await until_ready(site, NAMES)
    await asyncio.sleep(5)


async def _kept(site: Site) -> None:
    async with operator.running(site.bed, PLUGINS) as running:
        started = time.perf_counter()
        await _ready(site, running)
        figures.show("apply to Ready", "s", [time.perf_counter() - started - 5])
        await site.vcsim.control.clear_calls()
        await asyncio.sleep(REST_SECONDS)
        calls = await site.vcsim.control.calls()
        sessions = await site.vcsim.control.sessions()
        figures.show("at rest: calls in a minute", "", [calls.total], "3 waits")
        by_method(calls)
        figures.show("at rest: sessions", "", [len(sessions)], "2, one is the person's")
        rss = footprint.rss_mib(running.pid)
        for name, modules in (
            ("pyvmomi", "pyVmomi.VmomiSupport, pyVmomi.SoapAdapter"),
            ("pyvmomi and the core's dependencies", f"{footprint.LOADED}, pyVmomi.SoapAdapter"),
        ):
            above = [rss - floor for floor in footprint.floors(modules)]
            figures.show(f"RSS above the import of {name}", "MiB", above, "<= 40")
        figures.show("RSS", "MiB", [rss])
        await _others(site)
        await _drift_beside_a_collector(site)
    await site.vcsim.control.clear_calls()
    started = time.perf_counter()
    async with operator.running(site.bed, PLUGINS) as running:
        await operator.metric(running, lambda text: READY in text, PAUSE_SECONDS / 2)
        figures.show("restart until all are looked at", "s", [time.perf_counter() - started], "< 5")
        calls = await site.vcsim.control.calls()
        writes = ("AddDV", "Reconfigure", "Rename", "Destroy", "SetField")
        wrote = sum(n for name, n in calls.methods.items() if name.startswith(writes))
        figures.show("restart: writes", "", [wrote], "0")


async def _others(site: Site) -> None:
    """The calls that changes of a foreign port group cost beyond the updates."""
    mo_ref = next(
        mo_ref
        for mo_ref, state in (await site.vcsim.control.port_groups()).items()
        if state.name == "DC0-free"
    )
    before = await _calls_of_operator(site)
    for number in range(OTHERS):
        seen = read(await site.person.port_group(mo_ref), {})
        vlan = {settings.VLAN: {"id": 100 + number}}
        await site.person.reconfigure(mo_ref, config_spec.reconfigure(seen, vlan, None))
        await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.sleep(2)
    after = await _calls_of_operator(site)
    waits = after[1] - before[1]
    figures.show(f"{OTHERS} changes of others: updates", "", [waits])
    figures.show("   calls beyond the updates", "", [after[0] - before[0] - waits], "0")


async def _calls_of_operator(site: Site) -> tuple[int, int]:
    """All calls of the operator's session, and the waiting ones, which nobody else makes."""
    sessions = await site.vcsim.control.sessions()
    (own,) = (session for session in sessions if session.key != site.person_key)
    methods = (await site.vcsim.control.calls()).methods
    return own.calls, methods.get("WaitForUpdatesEx", 0)


async def _drift_beside_a_collector(site: Site) -> None:
    """The same changes, as the operator repairs them and as a bare collector hears of them."""
    version = (await site.person.changes("")).version
    repaired: list[float] = []
    heard: list[float] = []
    for number in range(FOREIGN_REPAIRS):
        version = await _quiet(site, version)
        listening = asyncio.create_task(_heard(site, version))
        seconds, changed_at = await _repaired(site, number)
        version, heard_at = await listening
        repaired.append(seconds)
        heard.append(heard_at - changed_at)
    figures.show(f"drift among {FOREIGN} repaired", "s", repaired)
    figures.show("   heard of by a bare collector", "s", heard)
    later = [ours - bare for ours, bare in zip(repaired, heard, strict=True)]
    figures.show("   repaired after that", "s", later, "<= 0.3")


async def _quiet(site: Site, version: str) -> str:
    """Take all that is to be heard, and the version after it."""
    while True:
        changes = await site.person.changes(version, 1)
        version = changes.version
        if not changes.changed:
            return version


async def _heard(site: Site, version: str) -> tuple[str, float]:
    """The next version, and the time at which a change was heard of."""
    while True:
        changes = await site.person.changes(version)
        if changes.changed:
            return changes.version, time.perf_counter()
        version = changes.version


async def _repaired(site: Site, number: int) -> tuple[float, float]:
    """Seconds from a person's change of a VLAN until it is mended, and the time of the change."""
    await asyncio.sleep(PAUSE_SECONDS)
    group = await site.kube.get(KIND, None, NAMES[(number * 7) % COUNT])
    mo_ref, vlan = group["status"]["portGroup"]["moRef"], group["spec"]["vlan"]["id"]
    seen = read(await site.person.port_group(mo_ref), {})
    change = config_spec.reconfigure(seen, {settings.VLAN: {"id": 4000}}, None)
    await site.person.reconfigure(mo_ref, change)
    started = time.perf_counter()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        seen = read(await site.person.port_group(mo_ref), {})
        if seen.leaves[settings.VLAN] == {"id": vlan}:
            return time.perf_counter() - started, started


async def _beside_a_hung(site: Site) -> None:
    """Port groups of a healthy vCenter, in turns alone and beside one that does not answer."""
    await site.vcsim.control.change(delay_seconds=DELAY_SECONDS)
    hung = parts.Vcsim(site.base, VcsimOptions(), name="hung")
    await hung.start()
    await hung.ready()
    async with operator.running(site.bed, PLUGINS) as running:
        await operator.metric(running, lambda text: LEADS in text)
        await _made(site, "warm")
        alone = [await _made(site, f"alone-{number}") for number in range(ROUNDS)]
        await _connect_hung(site, hung)
        beside = [await _made(site, f"beside-{number}") for number in range(ROUNDS)]
    figures.show(f"{HEALTHY} port groups, alone", "s", alone)
    figures.show(f"   beside {HUNG} on a vCenter that hangs", "s", beside)
    figures.show("   ratio of the fastest", "", [min(beside) / min(alone)], "< 1.05")


async def _connect_hung(site: Site, hung: parts.Vcsim) -> None:
    """Let a vCenter be known, and hang with all of its calls."""
    await connect(site, hung, "hung")
    names = [f"hung-{number}" for number in range(HUNG)]
    await declare(site, names, "hung")
    await until_ready(site, names)
    await hung.control.inject(Fault(action=Action.HOLD))
    for name in names:
        await site.kube.patch(KIND, None, name, {"spec": {"description": "an edit"}})


async def _made(site: Site, prefix: str) -> float:
    names: Sequence[str] = [f"{prefix}-{number}" for number in range(HEALTHY)]
    started = time.perf_counter()
    await declare(site, names)
    await until_ready(site, names)
    return time.perf_counter() - started
