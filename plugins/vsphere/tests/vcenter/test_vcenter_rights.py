"""Limits of an account: writes that are forbidden, and objects that it cannot see."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_testbed.vcsim import Action, Fault
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import api, errors
from akoo_vsphere.client.answers import usage
from akoo_vsphere.client.client import SoapClient
from akoo_vsphere.client.wire import Ref

from tests.vsphere.vcenter_client import SPEC, count, group_named, inject, switch_of


@pytest.fixture
async def switch(client: SoapClient) -> str:
    return (await switch_of(client)).switch.mo_ref


async def test_a_write_without_the_privilege_names_privilege_and_object(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = await group_named(client, "DC0-free")
    await vcsim.call(vcsim.control.deny("DVPortgroup.Modify", object_=group.mo_ref))
    with pytest.raises(errors.ForbiddenError) as raised:
        await client.rename(group.mo_ref, "renamed")
    assert raised.value.missing == (
        errors.Missing(privilege="DVPortgroup.Modify", mo_ref=group.mo_ref),
    )
    assert "DVPortgroup.Modify" in str(raised.value)
    assert group.mo_ref in str(raised.value)


async def test_a_task_without_the_privilege_is_the_same_error(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = await group_named(client, "DC0-free")
    fault = Fault(
        action=Action.TASK,
        method="Rename_Task",
        fault="NoPermission",
        fields={
            "privilegeId": "DVPortgroup.Modify",
            "object": {
                "_typeName": "ManagedObjectReference",
                "type": "DistributedVirtualPortgroup",
                "value": group.mo_ref,
            },
        },
    )
    await inject(vcsim, fault)
    with pytest.raises(errors.ForbiddenError) as raised:
        await client.rename(group.mo_ref, "renamed")
    assert raised.value.missing[0].privilege == "DVPortgroup.Modify"
    assert await count(vcsim, "Login") == 0


async def test_a_port_group_that_may_not_be_read_is_not_gone(
    client: SoapClient, switch: str, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = await group_named(client, "DC0-free")
    for privilege in ("System.Read", "System.View"):
        denial = await vcsim.call(vcsim.control.deny(privilege, object_=group.mo_ref))
        for read in (client.port_group(group.mo_ref), client.path(group.mo_ref)):
            with pytest.raises(errors.UnreadableError) as raised:
                await read
            assert raised.value.mo_ref == group.mo_ref
        await vcsim.call(vcsim.control.allow(denial))
    assert (await client.port_group(group.mo_ref))["name"] == "DC0-free"


async def test_a_list_with_a_port_group_that_may_not_be_read_is_an_error(
    client: SoapClient, switch: str, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = await group_named(client, "DC0-free")
    await vcsim.call(vcsim.control.deny("System.Read", object_=group.mo_ref))
    with pytest.raises(errors.UnreadableError) as raised:
        await client.port_groups(switch)
    assert raised.value.mo_ref == group.mo_ref


async def test_a_switch_that_may_not_be_read_has_no_empty_list(
    client: SoapClient, switch: str, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    for privilege in ("System.Read", "System.View"):
        denial = await vcsim.call(vcsim.control.deny(privilege, object_=switch))
        with pytest.raises(errors.UnreadableError):
            await client.port_groups(switch)
        await vcsim.call(vcsim.control.allow(denial))


async def test_a_switch_that_is_gone_is_not_found(client: SoapClient) -> None:
    with pytest.raises(errors.NotFoundError) as raised:
        await client.port_groups("dvs-4711")
    assert raised.value.mo_ref == "dvs-4711"


async def test_a_path_without_a_port_group_is_not_found(client: SoapClient) -> None:
    for path in ("/DC0/network/none", "/DC0/network/DVS0", "/DC0"):
        with pytest.raises(errors.NotFoundError, match="or not for this account"):
            await client.port_group_at(path)


async def test_users_that_may_not_be_read_count_as_unknown_or_unseen(
    client: SoapClient, switch: str, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    group = await group_named(client, "DC0-management")
    denial = await vcsim.call(vcsim.control.deny("System.Read", object_="DC0-vm0"))
    users = await client.users(group.mo_ref, switch)
    assert (users.ports, users.names, users.unseen) == (1, (), 1)
    await vcsim.call(vcsim.control.allow(denial))

    denial = await vcsim.call(vcsim.control.deny("System.Read", object_=switch, only=True))
    users = await client.users(group.mo_ref, switch)
    assert (users.ports, users.machines) == (None, 1)
    await vcsim.call(vcsim.control.allow(denial))

    await vcsim.call(vcsim.control.deny("System.Read", object_=group.mo_ref))
    users = await client.users(group.mo_ref, switch)
    assert users.machines is None


async def test_a_user_that_vanishes_before_its_name_is_read_counts(
    client: SoapClient, switch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await group_named(client, "DC0-management")
    original = usage.entities

    def entities(*connected: Any) -> tuple[Ref, ...]:
        return (*original(*connected), Ref("VirtualMachine", "vm-4711"))

    monkeypatch.setattr(usage, "entities", entities)
    users = await client.users(group.mo_ref, switch)
    assert (users.names, users.unseen) == (("DC0-vm0",), 1)


async def test_missing_privileges_are_listed_before_a_write(
    client: SoapClient, switch: str, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    placed = await switch_of(client)
    asked = (placed.folder, switch)
    assert await client.missing_privileges(asked, api.PRIVILEGES) == ()
    await vcsim.call(vcsim.control.deny("DVPortgroup.Delete", object_=placed.folder))
    assert await client.missing_privileges(asked, api.PRIVILEGES) == (
        (placed.folder, "DVPortgroup.Delete"),
        (switch, "DVPortgroup.Delete"),
    )
    assert await client.missing_privileges(asked, ("Invented.Privilege",)) == tuple(
        (mo_ref, "Invented.Privilege") for mo_ref in asked
    )


async def test_defining_an_attribute_without_the_right_names_the_privilege(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    await vcsim.call(vcsim.control.deny(api.DEFINE_PRIVILEGE))
    with pytest.raises(errors.ForbiddenError) as raised:
        await client.define_attribute("akoo.owner")
    assert raised.value.missing[0].privilege == api.DEFINE_PRIVILEGE


async def test_an_attribute_that_another_replica_defined_is_read_again(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """The list that was read first does not have it yet."""
    key = await client.define_attribute("akoo.owner")
    attributes = await client.attributes()
    assert attributes == {key: "akoo.owner"}
    stale = [{}, attributes]
    original = client.attributes

    async def read() -> dict[int, str]:
        await original()
        return stale.pop(0)

    client.attributes = read  # type: ignore[method-assign]
    assert await client.define_attribute("akoo.owner") == key


async def test_the_extension_of_a_switch_is_named(client: SoapClient) -> None:
    owned = (await switch_of(client, "DVS-extension")).switch.mo_ref
    with pytest.raises(errors.SwitchOwnedError):
        await client.create(owned, {**SPEC, "name": "new"})


async def test_a_field_newer_than_the_api_version_is_refused_and_never_dropped(
    client: SoapClient, switch: str, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    await vcsim.call(vcsim.control.change(api_version="6.5"))
    await vcsim.call(vcsim.control.clear_calls())
    policy = {"_typeName": "DVSMacManagementPolicy", "allowPromiscuous": True}
    setting = {"_typeName": "VMwareDVSPortSetting", "macManagementPolicy": policy}
    spec = {**SPEC, "name": "new", "defaultPortConfig": setting}
    await vcsim.call(vcsim.control.end_sessions())
    about = await client.about()
    with pytest.raises(errors.UnsupportedError, match="macManagementPolicy"):
        await client.create(switch, spec)
    assert about.api_version == "6.5"
    assert await count(vcsim, "AddDVPortgroup_Task") == 0
