"""A port group that is being deleted, and those who still need it."""

from __future__ import annotations

from akoo_testbed import waiting
from akoo_testbed.vcsim import Action, Fault, When

from tests.stories.scene import Scene
from tests.stories.setting import CONFIG, SECONDS, condition
from tests.stories.telling import proof, story
from tests.stories.vsphere import network
from tests.stories.vsphere.network import GROUP, POOLS, gone_from_vcenter

ENGINE = "Avi-se-abcde"


@story
async def test_vm_comes_between_look_and_destroy(s: Scene) -> None:
    """Nobody was on it when it was looked at: vCenter refuses, and the VM keeps its network."""
    async with network.opened(s) as n:
        await n.made()
        held = Fault(action=Action.HOLD, when=When.BEFORE, method="Destroy_Task", count=1)
        number = await n.vcenter.control.inject(held)
        await n.delete()

        async def destroying() -> bool:
            return await n.vcenter.control.applied(number) == 1

        await waiting.until(destroying, title="Destroy_Task", seconds=SECONDS)
        await n.vcenter.control.attach(n.name, machine="late")
        await n.vcenter.control.release(number)
        group = await n.says("Held", "InUse")
        assert "late" in condition(group, "Held")["message"], group["status"]
        assert (await n.vcenter.groups())[n.name].connected
        await n.vcenter.control.detach(n.name, machine="late")
        await n.gone()
        await n.in_vcenter(gone_from_vcenter)


@proof
@story
async def test_engine_is_still_on_it(s: Scene) -> None:
    """The last cluster goes, and everything with it; one of Avi's engines is idle there."""
    async with network.opened(s) as n:
        await n.lives()
        await n.vcenter.control.attach(n.name, machine=ENGINE)
        await s.delete()
        await s.gone()
        await s.finished()
        await s.api.delete(CONFIG, None, s.config)
        await n.delete()
        group = await n.group(lambda obj: ENGINE in condition(obj, "Held").get("message", ""))
        assert "service engine" in condition(group, "Held")["message"].lower(), group["status"]
        assert n.name in await n.vcenter.groups()
        await n.vcenter.control.detach(n.name, machine=ENGINE)
        await n.gone()
        await n.in_vcenter(gone_from_vcenter)


@proof
@story
async def test_pool_and_record_hold_it(s: Scene) -> None:
    """The port group is deleted first: it stays for the cluster, then for a pool of a person's."""
    async with network.opened(s) as n:
        await n.lives()
        own = {
            "apiVersion": GROUP,
            "kind": "AviIPPool",
            "metadata": {"name": f"own-{n.name}"},
            "spec": {
                "controller": n.name,
                "cloud": n.cloud,
                "network": {"portGroupRef": n.name},
                "subnets": [
                    {
                        "cidr": "10.71.0.0/24",
                        "ranges": [{"begin": "10.71.0.120", "end": "10.71.0.130"}],
                    }
                ],
            },
        }
        await s.api.create(own)
        await s.api.wait_for(
            POOLS,
            None,
            f"own-{n.name}",
            lambda obj: condition(obj or {}, "Ready").get("status") == "True",
            SECONDS,
        )
        await n.delete()
        group = await n.group(
            lambda obj: s.record_name in condition(obj, "Held").get("message", "")
        )
        assert condition(group, "Held")["reason"] == "InUse"
        record = await s.record()
        assert condition(record, "Ready").get("status") == "True", record["status"]
        assert n.name in await n.vcenter.groups()
        await s.delete()
        await s.gone()
        await s.finished()
        await s.api.delete(CONFIG, None, s.config)
        await n.group(
            lambda obj: (
                condition(obj, "Held").get("message", "").count("akoo.io/avi-ip-pool")
                and s.record_name not in condition(obj, "Held")["message"]
            )
        )
        assert n.name in await n.vcenter.groups()
        await n.delete(POOLS, f"own-{n.name}")
        await n.gone()
        await n.in_vcenter(gone_from_vcenter)
