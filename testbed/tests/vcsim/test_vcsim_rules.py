"""Each strict rule: a real vCenter's behaviour with it, and the simulator's own without it."""

import typing
from collections.abc import Callable

import pytest
from akoo_testbed.vcsim import pytest as plugin
from pyVmomi import vim, vmodl

Lenient = Callable[[str], None]
Kinds = vim.dvs.VmwareDistributedVirtualSwitch


def settings(**fields: typing.Any) -> typing.Any:
    return vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        defaultPortConfig=Kinds.VmwarePortConfigPolicy(**fields)
    )


def test_the_version_counts_and_a_stale_one_is_refused(client: typing.Any) -> None:
    group = client.group()
    assert group.config.configVersion == "1"
    client.reconfigure(group, client.spec(vlan=21))
    assert group.config.configVersion == "2"
    task = group.ReconfigureDVPortgroup_Task(client.spec(vlan=22, configVersion="1"))
    with pytest.raises(vim.fault.ConcurrentAccess):
        client.done(task)
    with pytest.raises(vim.fault.ConcurrentAccess):
        client.done(group.ReconfigureDVPortgroup_Task(client.spec(vlan=22)))
    assert group.config.defaultPortConfig.vlan.vlanId == 21


def test_lenient_versions(client: typing.Any, lenient: Lenient) -> None:
    lenient("config-version")
    group = client.group()
    client.done(group.ReconfigureDVPortgroup_Task(client.spec(vlan=22, configVersion="7")))
    assert (group.config.configVersion, group.config.defaultPortConfig.vlan.vlanId) == ("1", 22)


def test_what_a_spec_leaves_out_stays(client: typing.Any) -> None:
    group = client.add("new", vlan=40, description="mine", numPorts=4)
    teaming = Kinds.UplinkPortTeamingPolicy(
        inherited=False, policy=vim.StringPolicy(inherited=False, value="failover_explicit")
    )
    client.reconfigure(group, settings(uplinkTeamingPolicy=teaming))
    config = group.config
    assert (config.name, config.description, config.numPorts) == ("new", "mine", 4)
    assert config.defaultPortConfig.vlan.vlanId == 40
    assert config.defaultPortConfig.uplinkTeamingPolicy.policy.value == "failover_explicit"


def test_a_kind_of_vlan_replaces_another_whole(client: typing.Any) -> None:
    group = client.add("new", vlan=40)
    trunk = Kinds.TrunkVlanSpec(vlanId=[vim.NumericRange(start=5, end=9)], inherited=False)
    client.reconfigure(group, settings(vlan=trunk))
    assert isinstance(group.config.defaultPortConfig.vlan, Kinds.TrunkVlanSpec)
    client.reconfigure(group, settings(vlan=Kinds.PvlanSpec(pvlanId=201, inherited=False)))
    assert group.config.defaultPortConfig.vlan.pvlanId == 201
    client.reconfigure(group, client.spec(vlan=41))
    assert group.config.defaultPortConfig.vlan.vlanId == 41


def test_lenient_reconfigure_wipes_what_a_spec_leaves_out(
    client: typing.Any, lenient: Lenient
) -> None:
    group = client.add("new", vlan=40, description="mine", numPorts=4)
    lenient("partial-reconfigure")
    client.reconfigure(group, client.spec(vlan=41))
    config = group.config
    assert (config.name, config.description, config.numPorts) == ("", None, 0)
    assert group.config.defaultPortConfig.uplinkTeamingPolicy is None


def test_a_port_group_in_use_is_not_destroyed(
    vcsim: plugin.RunningVcsim, client: typing.Any
) -> None:
    group = client.group("DC0-management")
    with pytest.raises(vim.fault.ResourceInUse) as raised:
        client.done(group.Destroy_Task())
    assert raised.value.name == "DC0-management"
    vcsim.run(vcsim.control.detach("DC0-management"))
    client.done(group.Destroy_Task())
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        group.Destroy_Task()


def test_a_host_uses_a_port_group_too(vcsim: plugin.RunningVcsim, client: typing.Any) -> None:
    vcsim.run(vcsim.control.attach("DC0-free", host="DC0-host0"))
    with pytest.raises(vim.fault.ResourceInUse):
        client.done(client.group().Destroy_Task())
    vcsim.run(vcsim.control.detach("DC0-free"))
    client.done(client.group().Destroy_Task())


def test_ports_that_are_used_are_not_taken_away(
    vcsim: plugin.RunningVcsim, client: typing.Any
) -> None:
    for name in ("first", "second"):
        vcsim.run(vcsim.control.attach("DC0-free", machine=name))
    group = client.group()
    with pytest.raises(vim.fault.ResourceInUse):
        client.reconfigure(group, client.spec(numPorts=1))
    client.reconfigure(group, client.spec(numPorts=2))


def test_an_elastic_port_group_grows(
    vcsim: plugin.RunningVcsim, client: typing.Any, lenient: Lenient
) -> None:
    elastic = client.add("elastic", numPorts=1, autoExpand=True)
    fixed = client.add("fixed", numPorts=1, autoExpand=False)
    for group in (elastic, fixed):
        for name in ("first", "second"):
            vcsim.run(vcsim.control.attach(group._moId, machine=f"{group.name}-{name}"))
    assert (elastic.config.numPorts, fixed.config.numPorts) == (9, 1)
    assert elastic.config.configVersion == "1"
    lenient("elastic-ports")
    other = client.add("other", autoExpand=True)
    vcsim.run(vcsim.control.attach("other", machine="other"))
    assert other.config.numPorts == 0


def test_lenient_destroy(client: typing.Any, lenient: Lenient) -> None:
    lenient("in-use")
    client.done(client.group("DC0-management").Destroy_Task())


def test_a_port_group_names_its_machines(vcsim: plugin.RunningVcsim, client: typing.Any) -> None:
    group = client.group()
    assert group.vm == []
    reference = vcsim.run(vcsim.control.attach("DC0-free", machine="DC0-vm0"))
    assert [vm._moId for vm in group.vm] == [reference]
    assert [vm.name for vm in client.group("DC0-management").vm] == ["DC0-vm0"]
    client.done(group.vm[0].Destroy_Task())
    assert group.vm == []


def test_lenient_port_groups_name_no_machine(
    vcsim: plugin.RunningVcsim, client: typing.Any, lenient: Lenient
) -> None:
    lenient("used-by")
    vcsim.run(vcsim.control.attach("DC0-free", machine="DC0-vm0"))
    assert client.group().vm == []


def connected(client: typing.Any, name: str) -> list[typing.Any]:
    criteria = vim.dvs.PortCriteria(
        portgroupKey=[client.group(name).key], inside=True, connected=True
    )
    return list(client.switch().FetchDVPorts(criteria))


def test_ports_say_who_is_connected(vcsim: plugin.RunningVcsim, client: typing.Any) -> None:
    (port,) = connected(client, "DC0-management")
    assert port.connectee.connectedEntity.name == "DC0-vm0"
    assert port.connectee.type == "vmVnic"
    assert connected(client, "DC0-free") == []
    vcsim.run(vcsim.control.attach("DC0-free", host="DC0-host0"))
    (port,) = connected(client, "DC0-free")
    assert (port.connectee.type, port.connectee.nicKey) == ("hostVmkVnic", "vmk0")
    keys = [port.key for port in client.switch().FetchDVPorts()]
    assert len(set(keys)) == len(keys) >= 17


def test_lenient_ports_connect_nobody(client: typing.Any, lenient: Lenient) -> None:
    lenient("connected-ports")
    assert connected(client, "DC0-management") == []


def test_a_rename_changes_all_names(client: typing.Any) -> None:
    group = client.group()
    client.done(group.Rename_Task("renamed"))
    assert (group.name, group.config.name, group.summary.name) == ("renamed",) * 3
    assert "renamed" in client.switch().summary.portgroupName
    assert group.config.configVersion == "2"
    client.reconfigure(group, client.spec(name="again"))
    assert (group.name, group.config.name) == ("again", "again")


def test_a_name_that_is_taken_says_by_whom(client: typing.Any) -> None:
    other = client.group("DC0-management")
    for task in (
        client.group().Rename_Task("DC0-management"),
        client.switch().AddDVPortgroup_Task([client.spec("DC0-management")]),
        client.switch("DVS1").AddDVPortgroup_Task([client.spec("DC0-management")]),
        client.switch().AddDVPortgroup_Task([client.spec("DVS1")]),
    ):
        with pytest.raises(vim.fault.DuplicateName) as raised:
            client.done(task)
    assert raised.value.name == "DVS1"
    with pytest.raises(vim.fault.DuplicateName) as raised:
        client.reconfigure(client.group(), client.spec(name="DC0-management"))
    assert raised.value.object == other


def test_lenient_rename_changes_one_name(client: typing.Any, lenient: Lenient) -> None:
    lenient("rename")
    group = client.group()
    client.done(group.Rename_Task("renamed"))
    assert (group.name, group.config.name) == ("renamed", "DC0-free")
    with pytest.raises(vmodl.fault.InvalidArgument):
        client.done(group.Rename_Task("DC0-management"))


def uplinks(*names: str) -> typing.Any:
    order = Kinds.UplinkPortOrderPolicy(inherited=False, activeUplinkPort=list(names))
    teaming = Kinds.UplinkPortTeamingPolicy(inherited=False, uplinkPortOrder=order)
    return Kinds.VmwarePortConfigPolicy(uplinkTeamingPolicy=teaming)


def trunk(start: int, end: int) -> typing.Any:
    vlan = Kinds.TrunkVlanSpec(vlanId=[vim.NumericRange(start=start, end=end)], inherited=False)
    return Kinds.VmwarePortConfigPolicy(vlan=vlan)


def private(number: int) -> typing.Any:
    return Kinds.VmwarePortConfigPolicy(vlan=Kinds.PvlanSpec(pvlanId=number, inherited=False))


BAD: list[dict[str, typing.Any]] = [
    {"vlan": 4095},
    {"vlan": -1},
    {"type": "static"},
    {"defaultPortConfig": trunk(0, 4095)},
    {"defaultPortConfig": trunk(9, 5)},
    {"defaultPortConfig": private(300)},
    {"defaultPortConfig": uplinks("Uplink 1", "Uplink 9")},
]


@pytest.mark.parametrize("fields", BAD, ids=str)
def test_values_are_checked(client: typing.Any, fields: dict[str, typing.Any]) -> None:
    with pytest.raises(vmodl.fault.InvalidArgument):
        client.switch().AddDVPortgroup_Task([client.spec("new", **fields)])
    group = client.group()
    changed = client.spec(configVersion=group.config.configVersion, **fields)
    with pytest.raises(vmodl.fault.InvalidArgument):
        group.ReconfigureDVPortgroup_Task(changed)


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_names_are_checked(client: typing.Any, name: str) -> None:
    with pytest.raises(vim.fault.InvalidName):
        client.switch().AddDVPortgroup_Task([client.spec(name)])
    with pytest.raises(vim.fault.InvalidName):
        client.group().Rename_Task(name)
    client.add("x" * 80)


def test_lenient_values(client: typing.Any, lenient: Lenient) -> None:
    lenient("values")
    for number, fields in enumerate(BAD):
        name = f"{'x' * 100}-{number}"
        client.done(client.switch().AddDVPortgroup_Task([client.spec(name, **fields)]))


def test_methods_that_the_simulator_lacks(client: typing.Any) -> None:
    switch = client.switch()
    group = client.done(switch.CreateDVPortgroup_Task(client.spec("new", vlan=77)))
    assert group.name == "new"
    assert switch.QueryUsedVlanIdInDvs() == [10, 20, 77]
    assert switch.LookupDvPortGroup(group.key) == group
    manager = client.content.dvSwitchManager
    assert manager.QueryDvsByUuid(switch.uuid) == switch
    assert manager.DVSManagerLookupDvPortGroup(switch.uuid, group.key) == group
    keys = switch.FetchDVPortKeys(vim.dvs.PortCriteria(portgroupKey=[client.group().key]))
    assert len(keys) == 8
    client.done(switch.Rename_Task("DVS-renamed"))
    assert (switch.name, switch.config.name) == ("DVS-renamed", "DVS-renamed")


def test_lenient_methods_are_lacking(client: typing.Any, lenient: Lenient) -> None:
    lenient("missing-methods")
    switch = client.switch()
    for call in (
        lambda: switch.CreateDVPortgroup_Task(client.spec("new")),
        switch.QueryUsedVlanIdInDvs,
        lambda: switch.LookupDvPortGroup("x"),
        lambda: switch.Rename_Task("x"),
        lambda: client.content.dvSwitchManager.QueryDvsByUuid("x"),
    ):
        with pytest.raises(vmodl.fault.MethodNotFound):
            call()


def test_custom_values(client: typing.Any) -> None:
    manager = client.content.customFieldsManager
    kind = vim.dvs.DistributedVirtualPortgroup
    definition = manager.AddCustomFieldDef("akoo.owner", kind, None, None)
    manager.AddCustomFieldDef("everywhere", None, None, None)
    assert [field.name for field in manager.field] == ["akoo.owner", "everywhere"]
    assert manager.field[0].managedObjectType is kind
    with pytest.raises(vim.fault.DuplicateName):
        manager.AddCustomFieldDef("akoo.owner", kind, None, None)
    group = client.group()
    for value in ("first", "second"):
        manager.SetField(group, definition.key, value)
    assert [(each.key, each.value) for each in group.customValue] == [(definition.key, "second")]
    client.done(group.Destroy_Task())
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        manager.SetField(group, definition.key, "third")


def test_lenient_custom_values_break_the_list(client: typing.Any, lenient: Lenient) -> None:
    lenient("custom-values")
    manager = client.content.customFieldsManager
    with pytest.raises(TypeError):
        manager.AddCustomFieldDef("everywhere", None, None, None)
    with pytest.raises(TypeError):
        assert manager.field


def test_a_switch_in_use_is_not_destroyed_and_takes_its_port_groups_along(
    vcsim: plugin.RunningVcsim, client: typing.Any
) -> None:
    switch = client.switch()
    group = client.group()
    with pytest.raises(vim.fault.ResourceInUse):
        client.done(switch.Destroy_Task())
    vcsim.run(vcsim.control.detach("DC0-management"))
    client.done(switch.Destroy_Task())
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        assert group.name


def test_lenient_switches_leave_their_port_groups(client: typing.Any, lenient: Lenient) -> None:
    lenient("switch-destroy")
    group = client.group()
    client.done(client.switch().Destroy_Task())
    assert group.name == "DC0-free"


def test_a_switch_of_an_extension_is_refused(client: typing.Any, lenient: Lenient) -> None:
    switch = client.switch("DVS-extension")
    with pytest.raises(vim.fault.DvsNotAuthorized) as raised:
        switch.AddDVPortgroup_Task([client.spec("new")])
    assert raised.value.dvsExtensionKey == "com.example.network"
    lenient("extension-switch")
    client.done(switch.AddDVPortgroup_Task([client.spec("new")]))


def test_uplink_port_groups_are_marked(
    vcsim: plugin.RunningVcsim, client: typing.Any, login: typing.Any, lenient: Lenient
) -> None:
    (uplink,) = client.switch().config.uplinkPortgroup
    assert uplink.config.uplink
    assert [tag.key for tag in uplink.tag] == ["SYSTEM/DVS.UPLINKPG"]
    lenient("markers")
    vcsim.run(vcsim.control.reset())
    again = login().switch()
    assert again.config.uplinkPortgroup == []
    assert not again.portgroup[0].config.uplink


def uuids(client: typing.Any) -> list[str]:
    view = client.content.viewManager.CreateContainerView(
        client.content.rootFolder, [vim.DistributedVirtualSwitch], True
    )
    return [switch.uuid for switch in view.view if switch.name == "DVS0"]


def test_switches_of_the_same_name_have_their_own_uuid(
    vcsim: plugin.RunningVcsim, client: typing.Any, login: typing.Any, lenient: Lenient
) -> None:
    first = uuids(client)
    assert len(set(first)) == 2
    vcsim.run(vcsim.control.reset())
    assert uuids(login()) == first
    lenient("switch-uuid")
    vcsim.run(vcsim.control.reset())
    assert len(set(uuids(login()))) == 1
