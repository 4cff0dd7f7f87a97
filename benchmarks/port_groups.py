"""Port groups in vCenter: a whole operator on an API server and a strict vCenter simulator.

The loop that it is held against makes the same writes, in vCenter and on the API server, with as
many threads: a port group, its mark, our finalizer, and the status as often as the operator wrote
it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from akoo_testbed import base, kubeapi, parts
from akoo_testbed.vcsim import VcsimOptions
from akoo_testbed.vcsim.options import DATACENTERS, Datacenter
from akoo_vsphere import config_spec, marks
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.api import VCenterClient
from akoo_vsphere.client.sessions import SharedVCenters
from akoo_vsphere.observed import read
from akoo_vsphere.spec import settings

from akoo_core import external
from akoo_core.sandbox import install
from benchmarks import figures, footprint, operator

COUNT = 500
FOREIGN = 10_000
THREADS = 4
DELAY_SECONDS = 0.02
REPAIRS = 20
KIND = "akoo.io/v1alpha1/VSpherePortGroup"
READY = f'akoo_vsphere_port_groups{{condition="Ready"}} {COUNT}.0'
LEADS = 'leader_election_master_status{name="akoo-core"} 1.0'
DEADLINE_SECONDS = 600.0

Object = dict[str, Any]


@dataclasses.dataclass
class Site:
    """An API server with the plugin's kinds, a vCenter, and a person's session there."""

    bed: operator.Installed
    vcsim: parts.Vcsim
    kube: kubeapi.KubeApi
    person: VCenterClient


async def making() -> None:
    """500 port groups from apply to Ready, and a bare loop that makes the same writes."""
    print(f"-- {COUNT} port groups, load {os.getloadavg()[0]:.1f} before")
    for delay in (0.0, DELAY_SECONDS):
        async with _site() as site:
            writes, seconds = await _made(site, delay)
            bare = await _bare_loop(site, writes)
            name = f"{COUNT} port groups, {1000 * delay:.0f} ms a call"
            goal = "2.0" if delay else "reported"
            figures.show(f"{name}: apply to Ready", "s", [seconds])
            figures.show(f"{name}: bare loop", "s", [bare])
            figures.show(f"{name}: ratio", "", [seconds / bare], goal)


async def keeping() -> None:
    """500 port groups beside 10,000 foreign ones: at rest, repaired, after a restart."""
    print(f"-- {COUNT} port groups, {FOREIGN} foreign, load {os.getloadavg()[0]:.1f} before")
    async with _site(FOREIGN) as site:
        await _kept(site)


async def _made(site: Site, delay: float) -> tuple[int, float]:
    """Status writes of one port group, and the seconds until all are Ready."""
    await site.vcsim.control.change(delay_seconds=delay)
    async with operator.running(site.bed, PLUGINS) as running:
        await operator.metric(running, lambda text: LEADS in text)
        await site.vcsim.control.clear_calls()
        started = time.perf_counter()
        await _declare(site)
        await _until_ready(site)
        seconds = time.perf_counter() - started
        calls = await site.vcsim.control.calls()
        figures.show("calls of vCenter for each", "", [calls.total / COUNT])
        written = await operator.metric(running, lambda text: READY in text)
        writes = _writes(written)
        figures.show("writes on the API server for each", "", [writes])
    return round(writes), seconds


def _writes(metrics: str) -> float:
    """Patches of the operator for each port group: nearly all of its patches are theirs."""
    lines = (line for line in metrics.splitlines() if line.startswith("rest_client_requests_total"))
    patches = (line for line in lines if 'method="PATCH"' in line and 'host="management"' in line)
    return sum(float(line.rpartition(" ")[2]) for line in patches) / COUNT


async def _kept(site: Site) -> None:
    async with operator.running(site.bed, PLUGINS) as running:
        await operator.metric(running, lambda text: LEADS in text)
        await _declare(site)
        await _until_ready(site)
        await asyncio.sleep(5)
        await site.vcsim.control.clear_calls()
        await asyncio.sleep(60)
        calls = await site.vcsim.control.calls()
        sessions = await site.vcsim.control.sessions()
        figures.show("at rest: calls in a minute", "", [calls.total], "3 waits")
        figures.show("at rest: sessions", "", [len(sessions)], "2, one is the person's")
        figures.show("RSS", "MiB", [footprint.rss_mib(running.pid)])
        repaired = [await _repaired(site, number) for number in range(REPAIRS)]
        figures.show("drift repaired", "s", repaired, "< 1 s")
    started = time.perf_counter()
    async with operator.running(site.bed, PLUGINS) as running:
        await operator.metric(running, lambda text: READY in text)
        figures.show("restart until all are looked at", "s", [time.perf_counter() - started], "< 5")


async def _repaired(site: Site, number: int) -> float:
    """Seconds from a person's change of the VLAN until it is mended."""
    name = f"pg-{number * (COUNT // REPAIRS)}"
    group = await site.kube.get(KIND, None, name)
    mo_ref, vlan = group["status"]["portGroup"]["moRef"], group["spec"]["vlan"]["id"]
    seen = read(await site.person.port_group(mo_ref), await site.person.attributes())
    change = config_spec.reconfigure(seen, {settings.VLAN: {"id": 4000}}, None)
    await site.person.reconfigure(mo_ref, change)
    started = time.perf_counter()
    while True:
        seen = read(await site.person.port_group(mo_ref), {})
        if seen.leaves[settings.VLAN] == {"id": vlan}:
            return time.perf_counter() - started


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


async def _declare(site: Site) -> None:
    numbers = iter(range(COUNT))

    async def worker() -> None:
        for number in numbers:
            await site.kube.create(_group(f"pg-{number}", 1 + number))

    async with asyncio.TaskGroup() as group:
        for _ in range(THREADS):
            group.create_task(worker())


async def _until_ready(site: Site) -> None:
    ready: set[str] = set()
    async with asyncio.timeout(DEADLINE_SECONDS):
        async for event in site.kube.watch(KIND, None):
            rows = (event.object.get("status") or {}).get("conditions") or ()
            if any(row["type"] == "Ready" and row["status"] == "True" for row in rows):
                ready.add(event.object["metadata"]["name"])
            if len(ready) == COUNT:
                return


def _group(name: str, vlan: int) -> Object:
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "VSpherePortGroup",
        "metadata": {"name": name},
        "spec": {
            "connection": "vc",
            "datacenter": "DC0",
            "distributedSwitch": {"name": "DVS0"},
            "vlan": {"id": vlan},
        },
    }


PLUGINS = ("vsphere",)


@asynccontextmanager
async def _site(foreign: int = 0) -> AsyncIterator[Site]:
    vcenter_base = base.BedBase(needs=("vcsim",))
    await vcenter_base.start()
    vcenters = SharedVCenters()
    try:
        vcsim = parts.Vcsim(vcenter_base, VcsimOptions(datacenters=_datacenters(foreign)))
        await vcsim.start()
        await vcsim.ready()
        account = Account(
            address=vcsim.address,
            username=vcsim.options.username,
            password=vcsim.options.password,
            ca_pem=vcenter_base.authority.pem,
        )
        person = await vcenters.client(account, external=external.External())
        async with operator.installed(clusters=0, plugins=PLUGINS) as bed:
            kube = kubeapi.KubeApi(bed.server.server.kubeconfig)
            async with kube:
                for obj in _connection(vcsim, vcenter_base.authority.pem):
                    await kube.apply(obj)
                yield Site(bed, vcsim, kube, person)
    finally:
        await vcenters.close()
        await vcenter_base.stop()


def _datacenters(foreign: int) -> tuple[Datacenter, ...]:
    first, *others = DATACENTERS
    switch, *further = first.switches
    crowded = dataclasses.replace(switch, more=foreign)
    return (dataclasses.replace(first, switches=(crowded, *further)), *others)


def _connection(vcsim: parts.Vcsim, ca_pem: str) -> tuple[Object, ...]:
    options = vcsim.options
    spec = {
        "address": vcsim.address,
        "credentialRef": {"namespace": install.NAMESPACE, "name": "vcenter-account"},
        "caRef": {"namespace": install.NAMESPACE, "name": "vcenter-ca"},
    }
    return (
        install.secret("vcenter-account", username=options.username, password=options.password),
        install.secret("vcenter-ca", certificateAuthorityData=ca_pem),
        {
            "apiVersion": "akoo.io/v1alpha1",
            "kind": "VSphereConnection",
            "metadata": {"name": "vc"},
            "spec": spec,
        },
    )
