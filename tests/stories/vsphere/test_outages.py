"""vCenter is away, comes back, comes back empty, or is another one."""

from __future__ import annotations

import asyncio
import os
import time

from akoo_testbed.vcsim import PortGroupState, VcsimOptions
from akoo_testbed.workload.listener import Fault

from tests.stories.scene import Scene
from tests.stories.setting import condition
from tests.stories.telling import proof, story
from tests.stories.vsphere import network
from tests.stories.vsphere.network import CONNECTIONS, VLAN, has_vlan, mo_ref
from tests.stories.vsphere.vcenter import VCenter

OUTAGE_SECONDS = 60.0 if os.environ.get("AKOO_PROOF") else 0.0
LOSS = 1.05
"""Most that a round may take longer beside a vCenter that hangs."""
FIRST_LOSS = 2.0
"""The same of the round in which it begins to hang, and its own port groups are edited. Less than
the deadline of a call: nobody waits for that."""
ROUNDS, GROUPS = 4, 10
DELAY_SECONDS = 0.3
"""Of each call of the healthy one: a round is made of waiting, whatever else the machine does."""
NEW_UUID = "0e8400e2-9b41-4d4a-a716-446655440000"


@proof
@story
async def test_vcenter_is_down(s: Scene) -> None:
    """An edit and a person's change wait for it; then the edit is made, and nothing twice."""
    async with network.opened(s) as n:
        group = await n.made()
        await n.vcenter.front.set_fault(Fault.REFUSE)
        await n.connection("Reachable", "Unreachable")
        await n.change(vlan={"id": 113})
        await n.says("Ready", "Unreachable")
        await n.vcenter.change_vlan(mo_ref(group), 666)
        await asyncio.sleep(OUTAGE_SECONDS)
        await n.vcenter.front.set_fault(Fault.NONE)
        await n.in_vcenter(has_vlan(113))
        after = await n.ready()
        assert mo_ref(after) == mo_ref(group)
        writes = await n.vcenter.writes()
        assert writes["AddDVPortgroup_Task"] == 1, writes
        await n.connection("Ready", "Usable")


@proof
@story
async def test_vcenter_is_down_under_a_cluster(s: Scene) -> None:
    """The cluster does not notice; a cluster that goes meanwhile takes its time."""
    async with network.opened(s) as n:
        await n.lives()
        networks, ako = await n.networks(), await n.ako_uid()
        await n.vcenter.front.set_fault(Fault.REFUSE)
        await n.connection("Reachable", "Unreachable")
        await asyncio.sleep(OUTAGE_SECONDS)
        record = await s.record()
        assert condition(record, "Ready").get("status") == "True", record["status"]
        assert (await n.networks(), await n.ako_uid()) == (networks, ako)
        await n.vcenter.front.set_fault(Fault.NONE)
        await n.connection("Reachable", "Reached")
        await n.everything_goes()


@proof
@story
async def test_vcenter_is_back_empty(s: Scene) -> None:
    """All that was made in it is gone, and it gave the moref of ours to a stranger: that one is not
    touched, and ours is made again."""
    async with network.opened(s) as n:
        group = await n.lives()
        await n.vcenter.front.set_fault(Fault.REFUSE)
        await n.vcenter.killed_and_back()
        squatter = await _squat(n.vcenter, mo_ref(group))
        await n.vcenter.front.set_fault(Fault.NONE)
        await n.in_vcenter(has_vlan(VLAN))
        again = await n.group(
            lambda obj: network.in_force(obj) and mo_ref(obj) not in ("", mo_ref(group))
        )
        assert "PortGroupRemoved" in await n.events()
        assert (await n.vcenter.groups())[squatter.name] == squatter
        await n.has_network(mo_ref(again))
        assert not (await s.record())["spec"].get("endedPlacements"), "no relocation"
        await n.everything_goes()
        assert (await n.vcenter.groups())[squatter.name] == squatter


async def _squat(vcenter: VCenter, taken: str) -> PortGroupState:
    """A person makes port groups until one has this moref; that one."""
    spec = {"_typeName": "DVPortgroupConfigSpec", "type": "earlyBinding", "numPorts": 8}
    async with vcenter.hand() as client:
        switches = (await client.inventory()).switches
        switch = next(
            placed.switch.mo_ref for placed in switches if placed.folder_path.startswith("/DC0")
        )
        for number in range(1, 40):
            made = await client.create(switch, {**spec, "name": f"squatter-{number}"})
            if made == taken:
                return (await vcenter.groups())[f"squatter-{number}"]
    raise AssertionError(f"no port group got {taken}")


@proof
@story
async def test_vcenter_is_another_one(s: Scene) -> None:
    """Nothing is written to it until a person accepts it; what has our moref there is foreign."""
    async with network.opened(s) as n:
        group = await n.lives()
        networks = await n.networks()
        await n.vcenter.front.set_fault(Fault.REFUSE)
        await n.vcenter.replaced(VcsimOptions(instance_uuid=NEW_UUID))
        await _squat(n.vcenter, mo_ref(group))
        await n.vcenter.control.clear_calls()
        await n.vcenter.front.set_fault(Fault.NONE)
        await n.connection("Reachable", "VCenterReplaced")
        await n.says("Ready", "VCenterReplaced")
        await n.change(description="edited meanwhile")
        await n.group(lambda obj: _seen(obj) and not _ready(obj))
        assert await n.vcenter.writes() == {}
        before = await n.vcenter.groups()
        assert await n.networks() == networks
        await n.annotate(CONNECTIONS, accept_vcenter=NEW_UUID)
        await n.connection("Ready", "Usable")
        made = await n.in_vcenter(has_vlan(VLAN))
        await n.ready()
        after = await n.vcenter.groups()
        del after[n.name]
        assert after == before, "the others are as they were"
        await n.has_network(made.reference)
        await n.everything_goes()


def _seen(group: dict[str, dict[str, object]]) -> bool:
    return group["status"].get("observedGeneration") == group["metadata"]["generation"]


def _ready(group: dict[str, dict[str, object]]) -> bool:
    return condition(group, "Ready").get("status") == "True"


@proof
@story
async def test_vcenter_hangs_beside_another(s: Scene) -> None:
    """The other one's port groups are changed as fast as before."""
    async with (
        network.opened(s, name=f"{s.story}-well") as well,
        network.opened(s, name=f"{s.story}-ill") as ill,
    ):
        for each in (well, ill):
            await asyncio.gather(*(each.made(name) for name in _names(each)))
        await well.vcenter.control.change(delay_seconds=DELAY_SECONDS)
        quiet: list[float] = []
        first: list[float] = []
        hung: list[float] = []
        for number in range(ROUNDS):
            quiet.append(await _round(well, 200 + 3 * number))
            await ill.vcenter.part.hang()
            await _edit(ill, 200 + number)
            first.append(await _round(well, 201 + 3 * number))
            await asyncio.gather(*(ill.says("Ready", "Unreachable", name) for name in _names(ill)))
            hung.append(await _round(well, 202 + 3 * number))
            ill.vcenter.part.go_on()
            await _have(ill, 200 + number)
        assert min(hung) < LOSS * min(quiet), (quiet, first, hung)
        assert min(first) < FIRST_LOSS * min(quiet), (quiet, first, hung)


async def _round(n: network.Network, vlan: int) -> float:
    """Seconds until all port groups have another VLAN."""
    started = time.monotonic()
    await _edit(n, vlan)
    await _have(n, vlan)
    return time.monotonic() - started


def _names(n: network.Network) -> list[str]:
    return [f"{n.name}-{number}" for number in range(GROUPS)]


async def _edit(n: network.Network, vlan: int) -> None:
    for name in _names(n):
        await n.change(name=name, vlan={"id": vlan})


async def _have(n: network.Network, vlan: int) -> None:
    await asyncio.gather(*(n.in_vcenter(has_vlan(vlan), name) for name in _names(n)))
