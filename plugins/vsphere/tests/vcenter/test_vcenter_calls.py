"""Each method of the client on a strict vCenter."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere import observed
from akoo_vsphere.client import api, errors
from akoo_vsphere.client.client import SoapClient

from tests.vsphere.vcenter_client import SPEC, group_named, switch_of


async def test_about_names_release_version_and_identity(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    about = await client.about()
    options = vcsim.part.options
    assert about.instance_uuid == options.instance_uuid
    assert about.api_version == options.api_version
    assert about.version
    assert about.root_folder == "group-d1"


async def test_the_inventory_has_all_datacenters_and_switches(client: SoapClient) -> None:
    inventory = await client.inventory()
    assert [datacenter.path for datacenter in inventory.datacenters] == ["/DC0", "/DC1"]
    names = sorted(placed.switch.name for placed in inventory.switches)
    assert names == ["DVS-extension", "DVS0", "DVS0", "DVS1"]
    placed = await switch_of(client)
    assert placed.datacenter == inventory.datacenters[0].mo_ref
    assert placed.folder_path == "/DC0/network"
    switch = placed.switch
    assert switch.uplinks == ("Uplink 1", "Uplink 2")
    assert switch.max_mtu == 9000
    assert switch.private_vlans == {200, 201}
    assert len(switch.uplink_port_groups) == 1
    assert (await switch_of(client, "DVS-extension")).switch.extension == "com.example.network"


async def test_port_groups_of_a_switch_are_listed_with_version_and_folder(
    client: SoapClient,
) -> None:
    placed = await switch_of(client)
    listed = await client.port_groups(placed.switch.mo_ref)
    names = {group.name for group in listed}
    assert {"DC0-management", "DC0-free", "DC0-segment"} < names
    assert len(names) == 4
    assert {group.parent for group in listed} == {placed.folder}
    assert all(group.config_version for group in listed)


async def test_a_port_group_lives_from_create_to_destroy(client: SoapClient) -> None:
    placed = await switch_of(client)
    switch = placed.switch.mo_ref
    vlan = {
        "_typeName": "VmwareDistributedVirtualSwitchVlanIdSpec",
        "inherited": False,
        "vlanId": 42,
    }
    spec: dict[str, Any] = {
        **SPEC,
        "name": "avi data",
        "description": "first",
        "defaultPortConfig": {"_typeName": "VMwareDVSPortSetting", "vlan": vlan},
    }
    mo_ref = await client.create(switch, spec)
    key = await client.define_attribute("akoo.owner")
    assert await client.define_attribute("akoo.owner") == key
    await client.set_attribute(mo_ref, key, "mark")
    await client.rename(mo_ref, "avi-data")

    plain = await client.port_group(mo_ref)
    seen = observed.read(plain, await client.attributes())
    assert (seen.name, seen.switch, seen.parent) == ("avi-data", switch, placed.folder)
    assert seen.leaves["vlan"] == {"id": 42}
    assert seen.values == {"akoo.owner": "mark"}
    assert await client.path(mo_ref) == "/DC0/network/avi-data"
    assert await client.port_group_at("/DC0/network/avi-data") == mo_ref

    changed = {
        "_typeName": "DVPortgroupConfigSpec",
        "configVersion": seen.config_version,
        "description": "second",
    }
    await client.reconfigure(mo_ref, changed)
    with pytest.raises(errors.ChangedError):
        await client.reconfigure(mo_ref, changed)
    plain = await client.port_group(mo_ref)
    assert plain["config"]["description"] == "second"
    assert plain["config"]["defaultPortConfig"]["vlan"]["vlanId"] == 42

    await client.destroy(mo_ref)
    for gone in (client.port_group(mo_ref), client.destroy(mo_ref)):
        with pytest.raises(errors.NotFoundError) as raised:
            await gone
        assert raised.value.mo_ref == mo_ref


async def test_users_are_counted_and_named(
    client: SoapClient, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    placed = await switch_of(client)
    group = await group_named(client, "DC0-management")
    assert await client.users(group.mo_ref, placed.switch.mo_ref) == api.Users(
        ports=1, machines=1, names=("DC0-vm0",)
    )
    free = await group_named(client, "DC0-free")
    assert await client.users(free.mo_ref, placed.switch.mo_ref) == api.Users(ports=0, machines=0)
    for number in range(7):
        await vcsim.call(vcsim.control.attach("DC0-free", machine=f"vm-{number}"))
    users = await client.users(free.mo_ref, placed.switch.mo_ref)
    assert (users.ports, users.machines, users.unseen) == (7, 7, 0)
    assert users.names == tuple(f"vm-{number}" for number in range(5))
