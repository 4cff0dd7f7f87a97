"""The vCenter in memory and the real client on vcsim behave alike: one table, played on both."""

from __future__ import annotations

import dataclasses
import itertools
import pathlib
from collections.abc import AsyncIterator

import pytest
from akoo_testbed.vcsim import Action, Fault, When
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.api import VCenterClient
from akoo_vsphere.client.sessions import SharedVCenters

from akoo_core.plugin import external
from akoo_core.testing import Calls, virtual_time
from tests.vsphere import contract_rows
from tests.vsphere.contract_bench import (
    OPERATOR,
    PERSON,
    ROWS,
    Bench,
    CommonBench,
    MemoryBench,
    Write,
)

README = pathlib.Path(__file__).parents[2] / "README.md"
NAMES = sorted(ROWS)
PASSWORD = "Vcenter-person-1"
METHODS: dict[Write, str] = {
    "create": "AddDVPortgroup_Task",
    "reconfigure": "ReconfigureDVPortgroup_Task",
    "rename": "Rename_Task",
    "destroy": "Destroy_Task",
    "set_attribute": "SetField",
}


class VcsimBench(CommonBench):
    """The real client on a strict vcsim."""

    def __init__(self, vcsim: vcsim_plugin.RunningVcsim) -> None:
        self._vcsim = vcsim
        self._vcenters = SharedVCenters()

    async def open(self, through: external.External | None = None) -> None:
        options = self._vcsim.part.options
        accounts = {options.username: options.password, PERSON: PASSWORD}
        await self._vcsim.call(self._vcsim.control.change(accounts=accounts))
        assert options.username == OPERATOR
        account = Account(
            address=self._vcsim.part.address,
            username=OPERATOR,
            password=options.password,
            ca_pem=self._vcsim.ca_file.read_text(),
        )
        other = dataclasses.replace(account, username=PERSON, password=PASSWORD)
        seam = through or external.External()
        self.client: VCenterClient = await self._vcenters.client(account, external=seam)
        seam = external.External()
        self.person: VCenterClient = await self._vcenters.client(other, external=seam)

    async def close(self) -> None:
        await self._vcenters.close()

    async def attach(self, group: str, name: str, *, host: bool = False) -> str:
        chosen = {"host": name} if host else {"machine": name}
        return await self._vcsim.call(self._vcsim.control.attach(group, **chosen))

    async def detach(self, group: str) -> None:
        await self._vcsim.call(self._vcsim.control.detach(group))

    async def deny(self, privilege: str, mo_ref: str) -> None:
        denied = self._vcsim.control.deny(privilege, user=OPERATOR, object_=mo_ref)
        await self._vcsim.call(denied)

    async def allow(self) -> None:
        await self._vcsim.call(self._vcsim.control.allow())

    async def lose_answer(self, method: Write) -> None:
        fault = Fault(action=Action.CUT, when=When.AFTER, method=METHODS[method], count=1)
        await self._vcsim.call(self._vcsim.control.inject(fault))

    async def fail_after(self, method: Write) -> None:
        fault = Fault(
            action=Action.TASK,
            when=When.AFTER,
            method=METHODS[method],
            count=1,
            fault="LimitExceeded",
        )
        await self._vcsim.call(self._vcsim.control.inject(fault))

    async def end_sessions(self) -> None:
        assert await self._vcsim.call(self._vcsim.control.end_sessions(OPERATOR))


@pytest.fixture
async def on_vcsim(vcsim: vcsim_plugin.RunningVcsim) -> AsyncIterator[VcsimBench]:
    bench = VcsimBench(vcsim)
    await bench.open()
    yield bench
    await bench.close()


@pytest.mark.parametrize("name", NAMES)
def test_in_memory(name: str) -> None:
    row = ROWS[name]

    async def main(_: virtual_time.LoopClock) -> None:
        assert await row.play(MemoryBench()) == row.expected

    virtual_time.run(main)


@pytest.mark.parametrize("name", NAMES)
async def test_on_vcsim(name: str, on_vcsim: VcsimBench) -> None:
    row = ROWS[name]
    assert await row.play(on_vcsim) == row.expected


async def calls_of_everything(bench: Bench, calls: Calls) -> list[tuple[str, bool]]:
    """The external calls of each method of the client, a login and a session apart."""
    client = bench.client
    await client.about()
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    calls.made.clear()
    await client.about()
    first = await client.changes("")
    await bench.person.rename(free, "renamed")
    await client.changes(first.version, 10)
    await client.inventory()
    await client.port_groups(switch)
    await client.descriptions(switch)
    await client.vlans(switch)
    await client.path(free)
    await client.port_group_at("/DC0/network/renamed")
    folder = next(
        placed.folder
        for placed in (await client.inventory()).switches
        if placed.switch.mo_ref == switch
    )
    await client.child(folder, "renamed")
    await client.users(free, switch)
    await bench.attach(free, "vm-of-test")
    await client.users(free, switch)
    await client.missing_privileges((free,), ("DVPortgroup.Create",))
    key = await client.define_attribute("akoo.owner")
    await client.create(switch, {"name": "second"}, folder)
    made = await client.create(switch, {"name": "edge"})
    version = (await client.port_group(made))["config"]["configVersion"]
    await client.set_attribute(made, key, "x")
    await client.reconfigure(made, {"configVersion": version, "description": "x"})
    await client.rename(made, "other")
    await client.destroy(made)
    return once_a_task([(call.operation, call.write) for call in calls.made])


def once_a_task(made: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """The calls without repeated looks at a task: their number is that of a slow machine."""
    looks = "RetrievePropertiesEx Task"
    pairs = itertools.zip_longest(made, made[1:])
    return [call for call, following in pairs if (call[0], following) != (looks, call)]


async def test_the_calls_of_both_are_the_same(vcsim: vcsim_plugin.RunningVcsim) -> None:
    """Crashes before and after each call in memory are those before and after the real ones."""
    real, memory = Calls(), Calls()
    bench = VcsimBench(vcsim)
    await bench.open(real)
    made = await calls_of_everything(bench, real)
    await bench.close()
    assert await calls_of_everything(MemoryBench(memory), memory) == made
    assert {operation for operation, write in made if write} == set(METHODS.values()) | {
        "AddCustomFieldDef"
    }


def test_the_table_has_rows() -> None:
    assert ROWS["a_life"].play is contract_rows.a_life


def test_what_no_source_shows_is_in_the_readme() -> None:
    text = README.read_text()
    missing = [name for name, row in ROWS.items() if not row.source and f"`{name}`" not in text]
    assert missing == []
