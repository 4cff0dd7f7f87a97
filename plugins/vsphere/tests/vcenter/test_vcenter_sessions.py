"""Sessions that end: by an administrator, by idleness, by a restart, at the end of the process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from akoo_testbed.vcsim import Action, Fault
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import errors
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.client import SoapClient
from akoo_vsphere.client.sessions import SharedVCenters
from akoo_vsphere.client.wire import SoapCall

from akoo_core.plugin import external
from tests.vsphere.vcenter_client import SPEC, count, group_named, inject, switch_of

READS = {
    "about": lambda client, switch, group: client.about(),
    "inventory": lambda client, switch, group: client.inventory(),
    "port_groups": lambda client, switch, group: client.port_groups(switch),
    "port_group": lambda client, switch, group: client.port_group(group),
    "port_group_at": lambda client, switch, group: client.port_group_at("/DC0/network/DC0-free"),
    "path": lambda client, switch, group: client.path(group),
    "users": lambda client, switch, group: client.users(group, switch),
    "missing_privileges": lambda client, switch, group: client.missing_privileges(
        (group,), ("DVPortgroup.Modify",)
    ),
    "attributes": lambda client, switch, group: client.attributes(),
}


@pytest.mark.parametrize("name", READS)
async def test_a_read_in_a_dead_session_costs_one_login_and_shows_no_error(
    name: str, client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    switch = (await switch_of(client)).switch.mo_ref
    group = (await group_named(client, "DC0-free")).mo_ref
    alive = await READS[name](client, switch, group)
    await vcsim.call(vcsim.control.clear_calls())
    await vcsim.call(vcsim.control.end_sessions())
    assert await READS[name](client, switch, group) == alive
    assert await count(vcsim, "Login") == 1


async def test_a_dead_session_never_shows_that_a_port_group_is_gone(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """The dead session answers with no data, and the next login is not possible."""
    group = (await group_named(client, "DC0-free")).mo_ref
    options = vcsim.part.options
    await vcsim.call(vcsim.control.change(accounts={"other@vsphere.local": "another-password"}))
    await vcsim.call(vcsim.control.end_sessions())
    for read in (client.port_group(group), client.destroy(group)):
        with pytest.raises(errors.CredentialRefusedError):
            await read
    await vcsim.call(vcsim.control.change(accounts={options.username: options.password}))


async def test_writes_in_a_dead_session_are_made_once(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    switch = (await switch_of(client)).switch.mo_ref
    await vcsim.call(vcsim.control.clear_calls())
    await vcsim.call(vcsim.control.end_sessions())
    mo_ref = await client.create(switch, {**SPEC, "name": "made-once"})
    groups = await vcsim.call(vcsim.control.port_groups())
    assert [ref for ref, group in groups.items() if group.name == "made-once"] == [mo_ref]
    calls = await vcsim.call(vcsim.control.calls())
    assert calls.methods["Login"] == 1
    assert calls.methods["AddDVPortgroup_Task"] == 2


async def test_a_write_is_not_repeated_on_another_vcenter(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """The caller compared the instance UUID with that of the former session."""
    group = (await group_named(client, "DC0-free")).mo_ref
    await vcsim.call(vcsim.control.change(instance_uuid="11111111-2222-3333-4444-555555555555"))
    await vcsim.call(vcsim.control.end_sessions())
    with pytest.raises(errors.SessionLostError):
        await client.rename(group, "renamed")
    groups = await vcsim.call(vcsim.control.port_groups())
    assert groups[group].name == "DC0-free"
    assert (await client.about()).instance_uuid == "11111111-2222-3333-4444-555555555555"


async def test_twenty_callers_of_a_dead_session_share_one_login(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = (await group_named(client, "DC0-free")).mo_ref
    for _ in range(3):
        await vcsim.call(vcsim.control.clear_calls())
        await vcsim.call(vcsim.control.end_sessions())
        plains = await asyncio.gather(*(client.port_group(group) for _ in range(20)))
        assert {plain["name"] for plain in plains} == {"DC0-free"}
        assert await count(vcsim, "Login") == 1


async def test_a_session_that_was_idle_for_too_long_costs_one_login(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    await client.about()
    option: dict[str, Any] = {
        "_typeName": "OptionValue",
        "key": "config.vmacore.soap.sessionTimeout",
        "value": "300ms",
    }

    def update(operation: Any) -> SoapCall:
        return SoapCall(
            method="UpdateOptions",
            target=operation.manager("setting"),
            arguments={"changedValue": [option]},
            write=True,
        )

    await client._connection.writing(update, client._through)
    await vcsim.call(vcsim.control.end_sessions())
    await client.about()
    async with asyncio.timeout(5):
        while await vcsim.call(vcsim.control.sessions()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await vcsim.call(vcsim.control.clear_calls())
    assert (await client.about()).instance_uuid == vcsim.part.options.instance_uuid
    assert await count(vcsim, "Login") == 1


async def test_a_session_that_ends_at_every_call_is_an_error(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    await client.about()
    fault = Fault(action=Action.THROW, method="FindByInventoryPath", fault="NotAuthenticated")
    await inject(vcsim, fault)
    with pytest.raises(errors.SessionLostError):
        await client.port_group_at("/DC0/network/DC0-free")
    assert await count(vcsim, "Login") == 1


async def test_processes_that_end_leave_no_session(
    account: Account, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    for _ in range(5):
        registry = SharedVCenters()
        client = await registry.client(account, external=external.External())
        await asyncio.gather(client.about(), client.inventory())
        await registry.close()
    assert await vcsim.call(vcsim.control.sessions()) == []
    with pytest.raises(errors.SessionLostError):
        await client.about()
