"""The chapter of the sandbox: a network from its first port group to its last.

It needs the plugins vsphere, ako and avi. The port group is made before the first cluster, somebody
changes it by hand, the cluster works on it, and it goes last.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any, Final

from akoo_testbed.avisim import Controller
from akoo_testbed.avisim.client import Client
from akoo_testbed.kubeapi import KubeApi
from akoo_testbed.parts import Vcsim
from akoo_testbed.vcsim.bridge import Bridge

from akoo_core.plugin import external
from akoo_core.testing.chapters import Chapter, History, Stage
from akoo_vsphere import config_spec
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.sessions import SharedVCenters
from akoo_vsphere.observed import read
from akoo_vsphere.spec import settings

Object = dict[str, Any]

CLOUD: Final = "vc-01"
DATACENTER, SWITCH = "DC0", "DVS0"
GROUP: Final = "akoo.io/v1alpha1"
CONFIGS: Final = "networking.tkg.tanzu.vmware.com/v1alpha1/AKODeploymentConfig"
NAME: Final = "edge"
VLAN, OTHER_VLAN = 112, 666
MACHINE: Final = "left-behind"
POOL: Final = f"vspg-{NAME}"
NAMESPACE: Final = "akoo-system"
CONFIG: Final[Object] = {
    "cloudName": CLOUD,
    "dataNetwork": None,
    "plugins": {"vsphere": {"portGroupRef": NAME}},
}
"""The config names the port group in place of a network."""
POLL_SECONDS: Final = 0.05
REPAIR_SECONDS: Final = 30.0


@contextlib.asynccontextmanager
async def furnish(stage: Stage) -> AsyncIterator[None]:
    """A vCenter cloud on Avi, which discovers the port groups of the vCenter."""
    vcsim, avi = stage.part(Vcsim), stage.part(Client)
    profile = {"name": "vcenter-ipam", "type": "IPAMDNS_TYPE_INTERNAL", "internal_profile": {}}
    cloud = {
        "name": CLOUD,
        "vtype": "CLOUD_VCENTER",
        "ipam_provider_ref": avi.post("ipamdnsproviderprofile", profile)["url"],
        "vcenter_configuration": {"vcenter_url": vcsim.address, "datacenter": DATACENTER},
    }
    avi.post("cloud", cloud)
    bridge = Bridge(stage.part(Controller), {vcsim.address: vcsim.control})
    discovery = asyncio.create_task(bridge.run(), name="discovery of port groups")
    try:
        yield
    finally:
        discovery.cancel()
        await asyncio.gather(discovery, return_exceptions=True)


async def opening(stage: Stage) -> None:
    """The port group is made, and repaired after somebody changed its VLAN."""
    vcsim, kube = stage.part(Vcsim), stage.part(KubeApi)
    await _add_accounts(stage)
    with stage.step(f"port group {NAME} is declared") as step:
        for obj in _objects(stage):
            await kube.apply(obj)
        group = await stage.until(f"{GROUP}/VSpherePortGroup", None, NAME, _ready)
        made = group["status"]["portGroup"]
        step.result = f"{made['moRef']} with VLAN {made['vlan']['id']} in {made['inventoryPath']}"
    with stage.step("Avi discovers it and gets addresses") as step:
        pool = await stage.until(f"{GROUP}/AviIPPool", None, POOL, _ready)
        step.result = f"{pool['status']['total']} addresses"
    with stage.step(f"somebody changes its VLAN to {OTHER_VLAN}") as step:
        await _change_vlan(vcsim, made["moRef"])
        seconds = await _until_vlan(vcsim, made["moRef"], VLAN)
        step.result = f"VLAN {VLAN} again after {seconds:.1f} s"
    stage.line()
    for line in (await stage.command("check", "vsphere")).splitlines():
        stage.line(f"    {line}")
    stage.line()


async def closing(stage: Stage) -> None:
    """The port group is held by a machine, let go, and removed last. The config goes before it: its
    pool of addresses is on the port group."""
    vcsim, kube = stage.part(Vcsim), stage.part(KubeApi)
    with stage.step(f"delete config and port group {NAME}, a VM is on it") as step:
        await kube.delete(CONFIGS, None, stage.config_name)
        await vcsim.control.attach(NAME, machine=MACHINE)
        await kube.delete(f"{GROUP}/VSpherePortGroup", None, NAME)
        group = await stage.until(f"{GROUP}/VSpherePortGroup", None, NAME, _held_by_machine)
        step.result = _condition(group, "Held").get("message", "").partition(". ")[0]
    with stage.step("the VM leaves, the port group goes") as step:
        await vcsim.control.detach(NAME)
        await stage.until(f"{GROUP}/VSpherePortGroup", None, NAME, lambda obj: obj is None)
        left = [row.name for row in (await vcsim.control.port_groups()).values()]
        step.result = "still in vCenter" if NAME in left else "nothing of it in vCenter"


def links(stage: Stage) -> dict[str, str]:
    """The address of the vCenter."""
    return {"vCenter": stage.part(Vcsim).url}


CHAPTER = Chapter(
    title="vsphere",
    needs=("vcsim",),
    furnish=furnish,
    config=lambda _: CONFIG,
    opening=opening,
    closing=closing,
    links=links,
    histories=(History(kind="VSpherePortGroup", name=NAME, last="Destroy_Task"),),
)


async def _add_accounts(stage: Stage) -> None:
    """Secrets for the vCenter and for the Avi Controller."""
    vcsim, avi = stage.part(Vcsim), stage.part(Client)
    options = vcsim.options
    await stage.add_secret("vcenter-account", username=options.username, password=options.password)
    await stage.add_secret("vcenter-ca", certificateAuthorityData=vcsim.base.authority.pem)
    host, _, port = stage.config["controller"].rpartition(":")
    pem = await asyncio.to_thread(ssl.get_server_certificate, (host, int(port)))
    await stage.add_secret("avi-account", username=avi.user, password=avi.password)
    await stage.add_secret("avi-ca", certificateAuthorityData=pem)


def _objects(stage: Stage) -> tuple[Object, ...]:
    avi = {
        "address": stage.config["controller"],
        "credentialRef": _secret("avi-account"),
        "caRef": _secret("avi-ca"),
    }
    vcenter = {
        "address": stage.part(Vcsim).address,
        "credentialRef": _secret("vcenter-account"),
        "caRef": _secret("vcenter-ca"),
    }
    subnet = {"cidr": "10.71.0.0/24", "ranges": [{"begin": "10.71.0.10", "end": "10.71.0.99"}]}
    group = {
        "connection": CLOUD,
        "datacenter": DATACENTER,
        "distributedSwitch": {"name": SWITCH},
        "vlan": {"id": VLAN},
        "avi": {"controller": "main", "cloud": CLOUD, "subnet": subnet},
    }
    return (
        _object("AviController", "main", avi),
        _object("VSphereConnection", CLOUD, vcenter),
        _object("VSpherePortGroup", NAME, group),
    )


def _object(kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": GROUP, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _secret(name: str) -> dict[str, str]:
    return {"namespace": NAMESPACE, "name": name}


async def _change_vlan(vcsim: Vcsim, mo_ref: str) -> None:
    """A person's change, in a session of its own."""
    account = Account(
        address=vcsim.address,
        username=vcsim.options.username,
        password=vcsim.options.password,
        ca_pem=vcsim.base.authority.pem,
    )
    vcenters = SharedVCenters()
    try:
        client = await vcenters.client(account, external=external.External())
        group = read(await client.port_group(mo_ref), await client.attributes())
        change = {settings.VLAN: {"id": OTHER_VLAN}}
        await client.reconfigure(mo_ref, config_spec.reconfigure(group, change, None))
    finally:
        await vcenters.close()


async def _until_vlan(vcsim: Vcsim, mo_ref: str, vlan: int) -> float:
    """Seconds until the port group has the VLAN."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    while (await vcsim.control.port_groups())[mo_ref].vlan != vlan:
        if loop.time() - started > REPAIR_SECONDS:
            raise TimeoutError(f"port group {NAME} does not have VLAN {vlan} again")
        await asyncio.sleep(POLL_SECONDS)
    return loop.time() - started


def _ready(obj: Object | None) -> bool:
    return _condition(obj, "Ready").get("status") == "True"


def _held_by_machine(obj: Object | None) -> bool:
    held = _condition(obj, "Held")
    return held.get("status") == "True" and MACHINE in held.get("message", "")


def _condition(obj: Object | None, kind: str) -> dict[str, str]:
    rows = ((obj or {}).get("status") or {}).get("conditions") or ()
    return next((row for row in rows if row.get("type") == kind), {})
