"""Networks of avisim follow the port groups of the vCenter in memory, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib

from akoo_testbed.avisim import Controller, client
from akoo_vsphere.testing import MemoryVCenter, standard

from akoo_core.testing import virtual_time
from tests.vsphere import memory_bridge

ADDRESS = "vcenter.example.com"
PASSWORD = "Avi-simulated-1"


@virtual_time.test
async def test_a_network_follows_its_port_group(clock: virtual_time.LoopClock) -> None:
    vc = MemoryVCenter()
    refs = standard(vc.vcenter)
    controller = Controller(password=PASSWORD)
    admin = client.Client(controller, password=PASSWORD)
    settings = {"vcenter_url": ADDRESS, "datacenter": "DC0"}
    cloud = {"name": "vc", "vtype": "CLOUD_VCENTER", "vcenter_configuration": settings}
    uuid = admin.post("cloud", cloud)["uuid"]
    bridge = memory_bridge.between(controller, {ADDRESS: vc.vcenter}, clock, delay_seconds=30)
    looking = asyncio.create_task(bridge.run(1.0))

    def networks() -> dict[str, str]:
        listed = admin.get("network?page_size=200")["results"]
        return {each["uuid"]: each["name"] for each in listed}

    await asyncio.sleep(31)
    assert set(networks().values()) == {
        "DC0-free",
        "DC0-management",
        "DC0-segment",
        "DC0-storage",
    }
    made = await vc.create(refs.switch, {"name": "edge"})
    await asyncio.sleep(29)
    assert f"{made}-{uuid}" not in networks()
    await asyncio.sleep(3)
    assert networks()[f"{made}-{uuid}"] == "edge"
    assert admin.get(f"vimgrnwruntime/{made}-{uuid}")["datacenter_uuid"] == refs.datacenter
    vc.hand.rename(made, "renamed")
    await asyncio.sleep(32)
    assert networks()[f"{made}-{uuid}"] == "renamed"
    vc.vcenter.stop()
    await asyncio.sleep(60)
    assert networks()[f"{made}-{uuid}"] == "renamed"
    vc.vcenter.come_back()
    vc.hand.remove(made)
    await asyncio.sleep(32)
    assert f"{made}-{uuid}" not in networks()
    looking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await looking
