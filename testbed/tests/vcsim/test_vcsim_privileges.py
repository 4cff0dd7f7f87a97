"""Denied privileges: writes, reads, views, searches, and questions about them."""

import typing
from collections.abc import Callable

import pytest
from akoo_testbed.vcsim import ControlError
from akoo_testbed.vcsim import pytest as plugin
from pyVmomi import vim, vmodl

Deny = Callable[..., int]


@pytest.fixture
def deny(vcsim: plugin.RunningVcsim) -> Deny:
    def take(privilege: str, object_: str = "", **options: typing.Any) -> int:
        return vcsim.run(vcsim.control.deny(privilege, object_=object_, **options))

    return take


def create(client: typing.Any) -> None:
    client.done(client.switch().AddDVPortgroup_Task([client.spec("new")]))


def change(client: typing.Any) -> None:
    client.reconfigure(client.group(), client.spec(vlan=21))


def change_policy(client: typing.Any) -> None:
    policy = client.group().config.policy
    client.reconfigure(client.group(), client.spec(policy=policy))


def rename(client: typing.Any) -> None:
    client.done(client.group().Rename_Task("renamed"))


def destroy(client: typing.Any) -> None:
    client.done(client.group().Destroy_Task())


def define(client: typing.Any) -> None:
    client.content.customFieldsManager.AddCustomFieldDef("owner", None, None, None)


def mark(client: typing.Any) -> None:
    manager = client.content.customFieldsManager
    key = manager.AddCustomFieldDef("owner", None, None, None).key
    manager.SetField(client.group(), key, "me")


def ports(client: typing.Any) -> None:
    client.switch().FetchDVPorts()


ACTS: list[tuple[Callable[[typing.Any], None], str, str, list[str]]] = [
    (create, "DVPortgroup.Create", "dvs-22", ["DVPortgroup.Modify", "DVPortgroup.Delete"]),
    (change, "DVPortgroup.Modify", "DC0-free", ["DVPortgroup.PolicyOp", "DVPortgroup.ScopeOp"]),
    (change_policy, "DVPortgroup.PolicyOp", "DC0-free", ["DVPortgroup.Modify"]),
    (rename, "DVPortgroup.Modify", "DC0-free", ["DVPortgroup.Delete"]),
    (destroy, "DVPortgroup.Delete", "DC0-free", ["DVPortgroup.Modify"]),
    (destroy, "DVPortgroup.Delete", "/DC0/network", ["Network.Delete"]),
    (define, "Global.ManageCustomFields", "", ["Global.SetCustomField"]),
    (mark, "Global.SetCustomField", "DC0-free", []),
    (ports, "System.Read", "dvs-22", []),
]


@pytest.mark.parametrize(("act", "privilege", "object_", "others"), ACTS)
def test_an_act_needs_its_privilege_and_no_other(
    vcsim: plugin.RunningVcsim,
    client: typing.Any,
    deny: Deny,
    act: Callable[[typing.Any], None],
    privilege: str,
    object_: str,
    others: list[str],
) -> None:
    for other in others:
        deny(other)
    client.group()
    number = deny(privilege, object_)
    with pytest.raises(vim.fault.NoPermission) as raised:
        act(client)
    assert raised.value.privilegeId == privilege
    assert raised.value.missingPrivileges[0].privilegeIds == [privilege]
    vcsim.run(vcsim.control.allow(number))
    vcsim.run(vcsim.control.reset()) if act is mark else act(client)


def test_a_port_group_is_beside_its_switch_not_below(client: typing.Any, deny: Deny) -> None:
    deny("DVPortgroup.Modify", "dvs-22")
    rename(client)
    deny("DVPortgroup.Modify", "/DC0/network", only=True)
    client.done(client.group("renamed").Rename_Task("DC0-free"))
    deny("DVPortgroup.Modify", "/DC0")
    with pytest.raises(vim.fault.NoPermission):
        rename(client)
    client.done(client.group("DC1-management").Rename_Task("elsewhere"))


def test_a_denial_of_one_user(
    vcsim: plugin.RunningVcsim, login: Callable[..., typing.Any], deny: Deny
) -> None:
    operator = vcsim.part.options.username
    accounts = {operator: vcsim.part.options.password, "other@vsphere.local": "secret"}
    vcsim.run(vcsim.control.change(accounts=accounts))
    deny("DVPortgroup.Modify", user="other@vsphere.local")
    with pytest.raises(vim.fault.NoPermission):
        rename(login("other@vsphere.local", "secret"))
    rename(login())


def test_what_may_not_be_read_is_missing(client: typing.Any, deny: Deny) -> None:
    group = client.group()
    deny("System.Read", "DC0-free")
    content = client.read(group, "name", "config")
    assert content.propSet == []
    assert {missing.path for missing in content.missingSet} == {"name", "config"}
    assert content.missingSet[0].fault.privilegeId == "System.Read"
    with pytest.raises(vim.fault.NoPermission):
        assert group.name


def test_what_may_not_be_seen_is_not_there(client: typing.Any, deny: Deny) -> None:
    group = client.group()
    index = client.content.searchIndex
    assert index.FindByInventoryPath("/DC0/network/DC0-free") == group
    switch = client.switch()
    folder = group.parent
    assert index.FindChild(folder, "DC0-free") == group
    deny("System.View", "DC0-free")
    assert index.FindByInventoryPath("/DC0/network/DC0-free") is None
    assert index.FindChild(folder, "DC0-free") is None
    assert client.read(group, "name").missingSet[0].fault.privilegeId == "System.View"
    collector = vmodl.query.PropertyCollector
    walk = collector.TraversalSpec(type=type(switch), path="portgroup", skip=False)
    result = client.content.propertyCollector.RetrievePropertiesEx(
        [
            collector.FilterSpec(
                objectSet=[collector.ObjectSpec(obj=switch, skip=True, selectSet=[walk])],
                propSet=[collector.PropertySpec(type=type(group), pathSet=["name"])],
            )
        ],
        collector.RetrieveOptions(),
    )
    assert sorted(each.propSet[0].val for each in result.objects) == [
        "DC0-management",
        "DC0-segment",
        "DVS0-DVUplinks-22",
    ]


def test_privileges_can_be_asked_for(client: typing.Any, deny: Deny) -> None:
    deny("DVPortgroup.Create", "/DC0/network")
    manager = client.content.authorizationManager
    key = client.content.sessionManager.currentSession.key
    wanted = ["DVPortgroup.Create", "DVPortgroup.Modify", "DVPortgroup.Invented"]
    first, second = client.switch(), client.group("DC1-management")
    answers = manager.HasPrivilegeOnEntities([first, second], key, wanted)
    assert [[each.isGranted for each in answer.privAvailability] for answer in answers] == [
        [False, True, False],
        [True, True, False],
    ]
    assert manager.HasPrivilegeOnEntity(first, key, wanted) == [False, True, False]
    user = client.content.sessionManager.currentSession.userName
    (answer,) = manager.HasUserPrivilegeOnEntities([first], user, wanted)
    assert not answer.privAvailability[0].isGranted
    (result,) = manager.FetchUserPrivilegeOnEntities([first], user)
    assert "DVPortgroup.Create" not in result.privileges
    assert "DVPortgroup.Modify" in result.privileges


def test_lenient_privileges(client: typing.Any, deny: Deny, lenient: Callable[[str], None]) -> None:
    for privilege in ("DVPortgroup.Create", "System.View", "System.Read"):
        deny(privilege)
    lenient("privileges")
    create(client)
    key = client.content.sessionManager.currentSession.key
    answers = client.content.authorizationManager.HasPrivilegeOnEntities(
        [client.switch()], key, ["DVPortgroup.Invented"]
    )
    assert answers[0].privAvailability[0].isGranted


@pytest.mark.parametrize(("object_", "count"), [("nowhere", 0), ("/DC0/network/x", 0), ("DVS0", 2)])
def test_an_object_must_be_one(deny: Deny, object_: str, count: int) -> None:
    with pytest.raises(ControlError, match=f"names {count} objects"):
        deny("System.Read", object_)
