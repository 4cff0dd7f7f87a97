"""The operator is killed at every class of call that it makes to vCenter."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from akoo_testbed.vcsim import Action, Fault, When

from tests.stories.scene import Scene
from tests.stories.telling import proof, solo
from tests.stories.vsphere import network
from tests.stories.vsphere.network import VLAN, Network, gone_from_vcenter, has_vlan, mo_ref
from tests.stories.vsphere.vcenter import WRITES

Act = Callable[[Network], Awaitable[None]]


class Death(NamedTuple):
    """A call of vCenter, and the act that leads to it."""

    method: str
    act: Act


async def _declare(n: Network) -> None:
    await n.declare()


async def _edit(n: Network) -> None:
    current = (await n.api.get(network.GROUPS, None, n.name))["spec"]["vlan"]["id"]
    await n.change(vlan={"id": 113 if current == VLAN else VLAN})


async def _wipe(n: Network) -> None:
    """A person takes the mark off, so that it has to be written again."""
    async with n.vcenter.hand() as client:
        group = (await n.vcenter.groups())[n.name]
        (key,) = [key for key, name in (await client.attributes()).items() if name == "akoo.owner"]
        await client.set_attribute(group.reference, key, "")


async def _rename(n: Network) -> None:
    group = (await n.vcenter.groups())[n.name]
    await n.vcenter.rename(group.reference, "somebody-s")


async def _delete(n: Network) -> None:
    await n.delete()


DEATHS = (
    *(Death(method, _declare) for method in ("Login", "AddCustomFieldDef", "AddDVPortgroup_Task")),
    Death("ReconfigureDVPortgroup_Task", _edit),
    Death("SetField", _wipe),
    Death("Rename_Task", _rename),
    Death("WaitForUpdatesEx", _edit),
    Death("RetrievePropertiesEx", _edit),
    *(Death(method, _delete) for method in ("FetchDVPorts", "Destroy_Task")),
)


@proof
@solo
async def test_killed_at_every_class_of_call(s: Scene) -> None:
    """Before the call has its effect, and after it: the next operator comes to the same end, makes
    nothing twice and loses nothing."""
    assert {death.method for death in DEATHS} >= WRITES
    deaths = [(death, moment) for moment in (When.BEFORE, When.AFTER) for death in DEATHS]
    for number, (death, moment) in enumerate(deaths):
        async with network.opened(s, name=f"{s.story}-{number}") as n:
            await _dies(n, death, moment)


async def _dies(n: Network, death: Death, moment: When) -> None:
    before = await n.vcenter.groups()
    if death.act is not _declare:
        await n.made()
    number = await n.vcenter.control.inject(
        Fault(action=Action.HOLD, when=moment, method=death.method, count=1)
    )
    await death.act(n)

    async def reached() -> bool:
        return await n.vcenter.control.applied(number) == 1

    await network.until(reached, title=f"{death.method} {moment}")
    operator = n.scene.story_bed.operator
    await operator.stop(signal.SIGKILL)
    await n.vcenter.control.release(number)
    await operator.start()
    await operator.ready()
    if death.act is not _delete:
        group = await n.ready()
        vlan = group["spec"]["vlan"]["id"]
        state = await n.in_vcenter(has_vlan(vlan))
        assert mo_ref(group) == state.reference
        known = await n.vcenter.groups()
        assert known.keys() == before.keys() | {n.name}, (death.method, moment)
        await n.delete()
    await n.gone()
    await n.in_vcenter(gone_from_vcenter)
    assert await n.vcenter.groups() == before, (death.method, moment)
