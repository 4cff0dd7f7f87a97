"""An API server with the plugin's kinds, a vCenter, and objects on both."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from akoo_testbed import base, kubeapi, parts
from akoo_testbed.vcsim import VcsimOptions
from akoo_testbed.vcsim.control import Calls
from akoo_testbed.vcsim.options import DATACENTERS, Datacenter
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.api import VCenterClient
from akoo_vsphere.client.sessions import SharedVCenters

from akoo_core import external
from akoo_core.sandbox import install
from benchmarks import operator

COUNT = 500
FOREIGN = 10_000
THREADS = 4
KIND = "akoo.io/v1alpha1/VSpherePortGroup"
LEADS = 'leader_election_master_status{name="akoo-core"} 1.0'
DEADLINE_SECONDS = 600.0
PLUGINS = ("vsphere",)

Object = dict[str, Any]


@dataclasses.dataclass
class Site:
    """An API server with the plugin's kinds, a vCenter, and a person's session there."""

    bed: operator.Installed
    base: base.BedBase
    """Of its vCenters."""
    vcsim: parts.Vcsim
    kube: kubeapi.KubeApi
    person: VCenterClient
    person_key: str
    """Of the person's session."""


async def declare(site: Site, names: Iterable[str], connection: str = "vc") -> None:
    """Create VSpherePortGroups, with VLANs from 1 on."""
    numbered = enumerate(names)

    async def worker() -> None:
        for number, name in numbered:
            await site.kube.create(_group(name, 1 + number, connection))

    async with asyncio.TaskGroup() as group:
        for _ in range(THREADS):
            group.create_task(worker())


async def until_ready(site: Site, names: Iterable[str]) -> None:
    """Wait until all of them are Ready. Raises TimeoutError."""
    missing = set(names)
    async with asyncio.timeout(DEADLINE_SECONDS):
        async for event in site.kube.watch(KIND, None):
            rows = (event.object.get("status") or {}).get("conditions") or ()
            if any(row["type"] == "Ready" and row["status"] == "True" for row in rows):
                missing.discard(event.object["metadata"]["name"])
            if not missing:
                return


def by_method(calls: Calls) -> None:
    """Print calls by method, the most frequent first."""
    ordered = sorted(calls.methods.items(), key=lambda pair: -pair[1])
    print("   " + ", ".join(f"{method} {count}" for method, count in ordered))


def _group(name: str, vlan: int, connection: str) -> Object:
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "VSpherePortGroup",
        "metadata": {"name": name},
        "spec": {
            "connection": connection,
            "datacenter": "DC0",
            "distributedSwitch": {"name": "DVS0"},
            "vlan": {"id": vlan},
        },
    }


@asynccontextmanager
async def open_site(foreign: int = 0) -> AsyncIterator[Site]:
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
        await person.about()
        (session,) = await vcsim.control.sessions()
        async with operator.installed(clusters=0, plugins=PLUGINS) as bed:
            kube = kubeapi.KubeApi(bed.server.server.kubeconfig)
            async with kube:
                site = Site(bed, vcenter_base, vcsim, kube, person, session.key)
                await connect(site, vcsim, "vc")
                yield site
    finally:
        await vcenters.close()
        await vcenter_base.stop()


def _datacenters(foreign: int) -> tuple[Datacenter, ...]:
    first, *others = DATACENTERS
    switch, *further = first.switches
    crowded = dataclasses.replace(switch, more=foreign)
    return (dataclasses.replace(first, switches=(crowded, *further)), *others)


async def connect(site: Site, vcsim: parts.Vcsim, name: str) -> None:
    """Declare a connection with its Secrets."""
    for obj in _connection(vcsim, site.base.authority.pem, name):
        await site.kube.apply(obj)


def _connection(vcsim: parts.Vcsim, ca_pem: str, name: str) -> tuple[Object, ...]:
    options = vcsim.options
    spec = {
        "address": vcsim.address,
        "credentialRef": {"namespace": install.NAMESPACE, "name": f"{name}-account"},
        "caRef": {"namespace": install.NAMESPACE, "name": f"{name}-ca"},
    }
    return (
        install.secret(f"{name}-account", username=options.username, password=options.password),
        install.secret(f"{name}-ca", certificateAuthorityData=ca_pem),
        {
            "apiVersion": "akoo.io/v1alpha1",
            "kind": "VSphereConnection",
            "metadata": {"name": name},
            "spec": spec,
        },
    )
