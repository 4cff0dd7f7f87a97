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
from tests.stories.vsphere.vcenter import OPERATOR, WRITES

Act = Callable[[Network], Awaitable[None]]


class Death(NamedTuple):
    """A call of vCenter, and the act that leads to it."""

    method: str
    act: Act
    skip: int = 0
    """Calls of the method that the act itself makes."""


async def _declare(n: Network) -> None:
    await n.declare()


async def _end_session(n: Network) -> None:
    await n.vcenter.control.end_sessions(OPERATOR)
    await _edit(n)


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
    Death("Login", _end_session),
    *(Death(method, _declare) for method in ("AddCustomFieldDef", "AddDVPortgroup_Task")),
    Death("ReconfigureDVPortgroup_Task", _edit),
    Death("SetField", _wipe, skip=1),
    Death("Rename_Task", _rename, skip=1),
    Death("WaitForUpdatesEx", _edit),
    Death("RetrievePropertiesEx", _edit),
    *(Death(method, _delete) for method in ("FetchDVPorts", "Destroy_Task")),
)


@proof
@solo
async def test_killed_before_each_class_of_call(s: Scene) -> None:
    """The call has no effect yet: the next operator comes to the same end."""
    await _all(s, When.BEFORE)


@proof
@solo
async def test_killed_after_each_class_of_call(s: Scene) -> None:
    """The call has its effect, and nobody hears of it: nothing is made twice, nothing is lost."""
    await _all(s, When.AFTER)


async def _all(s: Scene, moment: When) -> None:
    assert {death.method for death in DEATHS} >= WRITES
    for number, death in enumerate(DEATHS):
        async with network.opened(s, name=f"{s.story}-{number}") as n:
            await _dies(n, death, moment)


async def _dies(n: Network, death: Death, moment: When) -> None:
    before = await n.vcenter.groups()
    if death.act is not _declare:
        await n.made()
    number = await n.vcenter.control.inject(
        Fault(action=Action.HOLD, when=moment, method=death.method, skip=death.skip, count=1)
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
