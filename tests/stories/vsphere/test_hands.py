"""People change the port group of a living cluster in vCenter."""

from __future__ import annotations

from tests.stories.scene import Scene
from tests.stories.setting import condition
from tests.stories.telling import proof, story
from tests.stories.vsphere import network
from tests.stories.vsphere.network import VLAN, has_vlan, mo_ref


@proof
@story
async def test_renamed_and_removed_under_a_cluster(s: Scene) -> None:
    """A rename restarts no AKO and gets its name back; one that is removed is made again, and AKO
    gets its network. The cluster is not relocated."""
    async with network.opened(s) as n:
        group = await n.lives()
        networks, ako = await n.networks(), await n.ako_uid()
        await n.vcenter.rename(mo_ref(group), "somebody-s")
        await n.in_vcenter(has_vlan(VLAN))
        await n.ready()
        assert "somebody-s" not in await n.vcenter.groups()
        assert (await n.networks(), await n.ako_uid()) == (networks, ako)
        await n.vcenter.remove(mo_ref(group))
        again = await n.group(lambda obj: _other(obj, mo_ref(group)))
        assert "PortGroupRemoved" in await n.events()
        await n.has_network(mo_ref(again))
        record = await s.says("Ready", "Running")
        assert not record["spec"].get("endedPlacements"), "no relocation"
        await n.everything_goes()


@proof
@story
async def test_moved_under_a_cluster(s: Scene) -> None:
    """The port group is in another folder: it is the same one, and nothing is written."""
    async with network.opened(s) as n:
        group = await n.lives()
        networks, ako = await n.networks(), await n.ako_uid()
        before = await n.vcenter.writes()
        await n.vcenter.control.move(n.name, folder="moved")
        moved = await n.group(lambda obj: "/moved/" in obj["status"]["portGroup"]["inventoryPath"])
        assert mo_ref(moved) == mo_ref(group)
        assert condition(moved, "Ready")["status"] == "True"
        assert await n.vcenter.writes() == before
        assert (await n.networks(), await n.ako_uid()) == (networks, ako)
        await n.vcenter.change_vlan(mo_ref(group), 666)
        await n.in_vcenter(has_vlan(VLAN))
        await n.everything_goes()


def _other(group: dict[str, dict[str, dict[str, str]]], former: str) -> bool:
    known = group["status"].get("portGroup") or {}
    return bool(known.get("moRef")) and known["moRef"] != former and network.in_force(group)
