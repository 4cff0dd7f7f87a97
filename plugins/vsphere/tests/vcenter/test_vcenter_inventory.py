"""Inventories with pages, folders, odd names, moved switches and many port groups."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import errors
from akoo_vsphere.client.answers import properties
from akoo_vsphere.client.client import SoapClient
from akoo_vsphere.client.operation import Operation
from akoo_vsphere.client.wire import Ref, SoapCall

from tests.vsphere.vcenter_client import SPEC, Open, count, group_named, switch_of


async def write(client: SoapClient, method: str, target: Ref, **arguments: Any) -> Any:
    """Anything that a person does in vCenter, to the end of its task."""
    call = SoapCall(method=method, target=target, arguments=arguments, write=True)
    if method.endswith("_Task"):
        return await client._writes.to_end(call)
    return await client._connection.writing(lambda _: call, client._through)


async def test_all_pages_are_read_and_no_token_is_used_twice(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = (await switch_of(client)).switch.mo_ref
    whole = await client.port_groups(switch)
    inventory = await client.inventory()
    monkeypatch.setattr(properties, "PAGE_OBJECTS", 1)
    await vcsim.call(vcsim.control.clear_calls())
    assert await client.port_groups(switch) == whole
    assert await count(vcsim, "ContinueRetrievePropertiesEx") >= len(whole)
    reads = [client.port_groups(switch), client.inventory()] * 4
    answers = await asyncio.gather(*reads)
    assert list(answers) == [whole, inventory] * 4


async def test_a_session_that_ends_between_two_pages_begins_the_read_anew(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = (await switch_of(client)).switch.mo_ref
    whole = await client.port_groups(switch)
    monkeypatch.setattr(properties, "PAGE_OBJECTS", 2)
    original = Operation.call
    ended = False

    async def call(self: Operation, call: SoapCall, *, waits: bool = False) -> Any:
        nonlocal ended
        if call.method == "ContinueRetrievePropertiesEx" and not ended:
            ended = True
            await vcsim.call(vcsim.control.end_sessions())
        return await original(self, call, waits=waits)

    monkeypatch.setattr(Operation, "call", call)
    assert await client.port_groups(switch) == whole
    assert ended


async def test_a_switch_that_was_moved_is_read_with_its_new_place(client: SoapClient) -> None:
    placed = await switch_of(client)
    folder = await write(client, "CreateFolder", Ref("Folder", placed.folder), name="moved / here")
    ref = client._connection.references.ref(placed.switch.mo_ref)
    await write(client, "MoveIntoFolder_Task", folder, list=[ref])
    moved = await switch_of(client)
    assert moved.switch == placed.switch
    assert moved.folder == folder.value
    assert moved.folder_path == "/DC0/network/moved %2f here"
    assert await client.path(placed.switch.mo_ref) == f"{moved.folder_path}/DVS0"
    made = await client.create(placed.switch.mo_ref, {**SPEC, "name": "new"})
    path = "/DC0/network/moved %2f here/new"
    assert await client.path(made) == path
    assert await client.port_group_at(path) == made


async def test_port_groups_that_vanish_meanwhile_are_left_out(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """Ghosts: the moved switch still names a port group that is gone."""
    placed = await switch_of(client)
    switch = placed.switch.mo_ref
    mo_ref = await client.create(switch, {**SPEC, "name": "ghost"})
    folder = await write(client, "CreateFolder", Ref("Folder", placed.folder), name="new")
    ref = client._connection.references.ref(switch)
    await write(client, "MoveIntoFolder_Task", folder, list=[ref])
    await client.destroy(mo_ref)
    listed = await client.port_groups(switch)
    assert mo_ref not in {group.mo_ref for group in listed}
    assert "DC0-free" in {group.name for group in listed}
    with pytest.raises(errors.NotFoundError):
        await client.port_group(mo_ref)
    assert len((await client.inventory()).switches) == 4


@pytest.mark.parametrize(
    "name", ["ünï cödé", "a b", "x" * 80, "<&>\"'", "%2f as it is", "語" * 20, "]]>"]
)
async def test_names_come_back_as_they_were_given(name: str, client: SoapClient) -> None:
    switch = (await switch_of(client)).switch.mo_ref
    mo_ref = await client.create(switch, {**SPEC, "name": name, "description": name})
    plain = await client.port_group(mo_ref)
    assert (plain["name"], plain["config"]["description"]) == (name, name)
    with pytest.raises(errors.NameTakenError) as raised:
        await client.create(switch, {**SPEC, "name": name})
    assert raised.value.mo_ref == mo_ref


async def test_two_creates_of_one_name_make_one_port_group(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    switch = (await switch_of(client)).switch.mo_ref
    creates = [client.create(switch, {**SPEC, "name": "raced"}) for _ in range(4)]
    results = await asyncio.gather(*creates, return_exceptions=True)
    made = [result for result in results if isinstance(result, str)]
    taken = [result for result in results if isinstance(result, errors.NameTakenError)]
    assert (len(made), len(taken)) == (1, 3)
    assert {error.mo_ref for error in taken} == set(made)


async def test_values_that_vcenter_refuses_name_the_field(client: SoapClient) -> None:
    switch = (await switch_of(client)).switch.mo_ref
    with pytest.raises(errors.InvalidError) as raised:
        await client.create(switch, {**SPEC, "name": "n", "type": "noBinding"})
    assert raised.value.field
    with pytest.raises(errors.InvalidError):
        await client.create(switch, {**SPEC, "name": "x" * 81})


async def test_a_vcenter_that_was_restarted_empty_shows_that_the_port_group_is_gone(
    open_client: Open, client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """Same identity, same account, no session: a reset of the bed."""
    switch = (await switch_of(client)).switch.mo_ref
    mo_ref = await client.create(switch, {**SPEC, "name": "new"})
    await vcsim.call(vcsim.control.reset())
    with pytest.raises(errors.NotFoundError):
        await client.port_group(mo_ref)
    assert (await group_named(client, "DC0-free")).mo_ref
