"""The contract: what a vCenter does with the calls of a client. Each row is played on every bench.

``source`` names the document or the program in which a real vCenter's behaviour can be read.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from akoo_vsphere.client import errors
from akoo_vsphere.observed import VLAN_ID, VLAN_PRIVATE, VLAN_TRUNK

from tests.vsphere.contract_bench import Bench, Json, outcome, row

API: Final = "VMware vSphere Web Services API reference, "
PYVMOMI: Final = "pyvmomi, vim.dvs.DistributedVirtualPortgroup: declared faults"
PRIVILEGES: Final = "vSphere Security, Defined Privileges; API reference, required privileges of "


def spec(name: str = "edge", **more: Any) -> Json:
    return {"_typeName": "DVPortgroupConfigSpec", "name": name, **elastic(), **more}


def elastic() -> Json:
    return {"type": "earlyBinding", "numPorts": 8, "autoExpand": True}


def port(**settings: Json) -> Json:
    return {"defaultPortConfig": {"_typeName": "VMwareDVSPortSetting", **settings}}


def vlan(number: int) -> Json:
    return {"_typeName": VLAN_ID, "inherited": False, "vlanId": number}


def trunk(*spans: tuple[int, int]) -> Json:
    ranges = [{"_typeName": "NumericRange", "start": start, "end": end} for start, end in spans]
    return {"_typeName": VLAN_TRUNK, "inherited": False, "vlanId": ranges}


def private(number: int) -> Json:
    return {"_typeName": VLAN_PRIVATE, "inherited": False, "pvlanId": number}


def uplinks(*active: str) -> Json:
    return {
        "_typeName": "VmwareUplinkPortTeamingPolicy",
        "inherited": False,
        "uplinkPortOrder": {
            "_typeName": "VMwareUplinkPortOrderPolicy",
            "inherited": False,
            "activeUplinkPort": list(active),
            "standbyUplinkPort": [],
        },
    }


async def config(bench: Bench, mo_ref: str) -> Json:
    read: Json = (await bench.person.port_group(mo_ref))["config"]
    return read


async def vlan_of(bench: Bench, mo_ref: str) -> tuple[str, Any, bool]:
    """Kind, content and flag of the VLAN as it is read."""
    read = (await config(bench, mo_ref))["defaultPortConfig"]["vlan"]
    content = read.get("pvlanId", read.get("vlanId"))
    if isinstance(content, list):
        content = [(span["start"], span["end"]) for span in content]
    return read["_typeName"], content, bool(read.get("inherited"))


async def change(bench: Bench, mo_ref: str, **fields: Any) -> str:
    """Reconfigure by the client, with the version in force."""
    version = (await config(bench, mo_ref))["configVersion"]
    sent = {"_typeName": "DVPortgroupConfigSpec", "configVersion": version, **fields}
    return await outcome(bench.client.reconfigure(mo_ref, sent))


async def exists(bench: Bench, name: str) -> bool:
    listed = await bench.person.port_groups(await bench.switch("DVS0"))
    return name in {each.name for each in listed}


@row(["edge", "done", "done", ("NotFoundError", True), "NotFoundError"], PYVMOMI)
async def a_life(bench: Bench) -> object:
    made = await bench.client.create(await bench.switch("DVS0"), spec())
    name = (await bench.client.port_group(made))["name"]
    renamed = await outcome(bench.client.rename(made, "other"))
    destroyed = await outcome(bench.client.destroy(made))
    with pytest.raises(errors.NotFoundError) as raised:
        await bench.client.port_group(made)
    again = await outcome(bench.client.destroy(made))
    return [name, renamed, destroyed, ("NotFoundError", raised.value.mo_ref == made), again]


@row(
    [True, True, "NameTakenError", "NameTakenError", "NameTakenError", "done"],
    API + "DuplicateName: names are unique among the children of a folder",
)
async def a_name_that_is_taken(bench: Bench) -> object:
    switch = await bench.switch("DVS0")
    with pytest.raises(errors.NameTakenError) as raised:
        await bench.client.create(switch, spec("DC0-free"))
    holder = raised.value.mo_ref == await bench.group("DC0-free")
    with pytest.raises(errors.NameTakenError) as raised:
        await bench.client.rename(await bench.group("DC0-free"), "DC0-management")
    renaming = raised.value.mo_ref == await bench.group("DC0-management")
    return [
        holder,
        renaming,
        await outcome(bench.client.create(switch, spec("DVS1"))),
        await outcome(bench.client.create(switch, spec("DC0-storage"))),
        await change(bench, await bench.group("DC0-free"), name="DC0-storage"),
        await outcome(bench.client.create(switch, spec("DC1-management"))),
    ]


@row(
    ["InvalidError name", "InvalidError name", "done", "InvalidError name", "edge grün 客户"],
    API + "InvalidName; 80 characters: users of terraform and ansible",
)
async def names(bench: Bench) -> object:
    switch = await bench.switch("DVS0")
    made = await bench.client.create(switch, spec("edge grün 客户"))
    return [
        await outcome(bench.client.create(switch, spec(""))),
        await outcome(bench.client.create(switch, spec("x" * 81))),
        await outcome(bench.client.create(switch, spec("x" * 80))),
        await outcome(bench.client.rename(made, "x" * 81)),
        (await bench.client.port_group(made))["name"],
    ]


@row(
    {
        "vlan 4095": "InvalidError defaultPortConfig.vlan",
        "trunk": "InvalidError defaultPortConfig.vlan",
        "private": "InvalidError defaultPortConfig.vlan",
        "binding": "InvalidError type",
        "uplink": "InvalidError uplinkPortOrder",
        "later": "InvalidError defaultPortConfig.vlan",
        "there": False,
    },
)
async def values_that_are_refused(bench: Bench) -> object:
    """That they are refused is VMware's reference; the fault and its field are our choice."""
    switch = await bench.switch("DVS0")
    free = await bench.group("DC0-free")

    async def made(**fields: Any) -> str:
        return (await outcome(bench.client.create(switch, spec(**fields)))).partition(":")[0]

    return {
        "vlan 4095": await made(**port(vlan=vlan(4095))),
        "trunk": await made(**port(vlan=trunk((9, 8)))),
        "private": await made(**port(vlan=private(999))),
        "binding": await made(type="sometimes"),
        "uplink": await made(**port(uplinkTeamingPolicy=uplinks("Uplink 9"))),
        "later": await change(bench, free, **port(vlan=vlan(-1))),
        "there": await exists(bench, "edge"),
    }


KINDS: Final[dict[str, Json]] = {
    "id": vlan(7),
    "trunk": trunk((1, 5), (9, 9)),
    "private": private(201),
}


@row(True, API + "VmwareDistributedVirtualSwitchVlanSpec: the class is the kind")
async def kinds_of_vlan_replace_each_other(bench: Bench) -> object:
    free = await bench.group("DC0-free")
    expected = {
        "id": (VLAN_ID, 7, False),
        "trunk": (VLAN_TRUNK, [(1, 5), (9, 9)], False),
        "private": (VLAN_PRIVATE, 201, False),
    }
    wrong = []
    for first in KINDS:
        for second in KINDS:
            for kind in (first, second):
                await change(bench, free, **port(vlan=KINDS[kind]))
                if await vlan_of(bench, free) != expected[kind]:
                    wrong.append((first, second, await vlan_of(bench, free)))
    return wrong or True


@row(
    ["done", "text", ("earlyBinding", 8, True), (VLAN_ID, 20, False), "DC0-free"],
    API + "DVPortgroupConfigSpec: unset fields leave the configuration unchanged",
)
async def a_spec_changes_only_its_fields(bench: Bench) -> object:
    free = await bench.group("DC0-free")
    done = await change(bench, free, description="text")
    await change(bench, free, description=None, numPorts=None)
    await change(bench, free, **port(uplinkTeamingPolicy=uplinks("Uplink 2")))
    read = await config(bench, free)
    ports = (read["type"], read["numPorts"], bool(read["autoExpand"]))
    name = (await bench.client.port_group(free))["name"]
    return [done, read["description"], ports, await vlan_of(bench, free), name]


@row(
    [(True, True), ("loadbalance_srcid", True), (True, True)],
    API + "InheritablePolicy: the value of the switch",
)
async def settings_that_are_left_out_are_inherited(bench: Bench) -> object:
    made = await bench.client.create(await bench.switch("DVS0"), spec())
    read = (await config(bench, made))["defaultPortConfig"]
    teaming, security = read["uplinkTeamingPolicy"], read["macManagementPolicy"]
    return [
        ((await vlan_of(bench, made))[2], bool(security["inherited"])),
        (teaming["policy"]["value"], bool(teaming["inherited"])),
        (bool(teaming["notifySwitches"]["value"]), not teaming["rollingOrder"]["value"]),
    ]


@row(
    ["done", "ChangedError", "done", "ChangedError"],
    API + "ReconfigureDVPortgroup_Task: configVersion; pyvmomi issue 538",
)
async def a_stale_version(bench: Bench) -> object:
    free = await bench.group("DC0-free")
    old = (await config(bench, free))["configVersion"]
    stale = {"_typeName": "DVPortgroupConfigSpec", "configVersion": old, "description": "x"}
    first = await outcome(bench.client.reconfigure(free, stale))
    second = await outcome(bench.client.reconfigure(free, stale))
    return [
        first,
        second,
        await change(bench, free, description="y"),
        await outcome(bench.client.reconfigure(free, {**stale, "configVersion": "0"})),
    ]


@row([True, True, False])
async def the_version_counts(bench: Bench) -> object:
    """A reconfigure and a rename count, a custom value does not: our choice for the latter two."""
    free = await bench.group("DC0-free")
    key = await bench.person.define_attribute("akoo.owner")
    versions = [(await config(bench, free))["configVersion"]]
    for work in (
        change(bench, free, description="x"),
        bench.client.rename(free, "renamed"),
        bench.client.set_attribute(free, key, "x"),
    ):
        await work
        versions.append((await config(bench, free))["configVersion"])
    return [before != after for before, after in itertools.pairwise(versions)]


@row(
    ["InUseError", "InUseError", "done", "done", "NotFoundError"],
    API + "Destroy_Task: ResourceInUse; users of salt and Cloud Director",
)
async def a_port_group_in_use(bench: Bench) -> object:
    made = await bench.client.create(await bench.switch("DVS0"), spec(autoExpand=False))
    await bench.attach(made, "vm-of-test")
    await bench.attach(made, "DC0-host0", host=True)
    refused = [
        await outcome(bench.client.destroy(made)),
        await change(bench, made, numPorts=1, autoExpand=False),
        await change(bench, made, numPorts=2, autoExpand=False),
    ]
    await bench.detach(made)
    destroyed = await outcome(bench.client.destroy(made))
    return [*refused, destroyed, await outcome(bench.client.port_group(made))]


@row(
    [(0, 0, (), 0), (2, 1, ("DC0-host0", "vm-of-test"), 0), (0, 0, (), 0)],
    API + "FetchDVPorts, DistributedVirtualSwitchPortConnectee; DistributedVirtualPortgroup.vm",
)
async def users(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    seen = []

    async def look() -> None:
        read = await bench.client.users(free, switch)
        seen.append((read.ports, read.machines, read.names, read.unseen))

    await look()
    await bench.attach(free, "vm-of-test")
    await bench.attach(free, "DC0-host0", host=True)
    await look()
    await bench.detach(free)
    await look()
    return seen


@row([(2, 2, ("vm-1-of-test",), 1)], API + "ManagedEntity.name: needs System.Read on the object")
async def users_that_are_not_seen(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    await bench.attach(free, "vm-1-of-test")
    hidden = await bench.attach(free, "vm-2-of-test")
    await bench.deny("System.Read", hidden)
    read = await bench.client.users(free, switch)
    return [(read.ports, read.machines, read.names, read.unseen)]


@row([True, "text", ""], API + "DVPortgroupConfigInfo.description")
async def descriptions(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    await change(bench, free, description="text")
    read = await bench.client.descriptions(switch)
    listed = {each.mo_ref for each in await bench.client.port_groups(switch)}
    return [read.keys() == listed, read[free], read[await bench.group("DC0-management")]]


@row([8, 16])
async def an_elastic_port_group_grows(bench: Bench) -> object:
    """By how many ports is our choice."""
    free = await bench.group("DC0-free")
    before = (await config(bench, free))["numPorts"]
    for number in range(9):
        await bench.attach(free, f"vm-{number}-of-test")
    return [before, (await config(bench, free))["numPorts"]]


@row(
    ["SwitchOwnedError", False],
    API + "DvsNotAuthorized: an extension owns the switch",
)
async def a_switch_of_an_extension(bench: Bench) -> object:
    switch = await bench.switch("DVS-extension", "DC1")
    refused = await outcome(bench.client.create(switch, spec()))
    listed = await bench.person.port_groups(switch)
    return [refused, "edge" in {each.name for each in listed}]


@row(["NotFoundError", "NotFoundError", "NotFoundError"], API + "ManagedObjectNotFound")
async def things_that_are_not_there(bench: Bench) -> object:
    key = await bench.person.define_attribute("akoo.owner")
    sent = {"_typeName": "DVPortgroupConfigSpec", "configVersion": "1"}
    return [
        await outcome(bench.client.create("dvs-99999", spec())),
        await outcome(bench.client.reconfigure("dvportgroup-99999", sent)),
        await outcome(bench.client.set_attribute("dvportgroup-99999", key, "x")),
    ]


@row(
    [True, True, {"akoo.owner": "new"}, True],
    API + "CustomFieldsManager.AddCustomFieldDef (DuplicateName), SetField",
)
async def custom_attributes(bench: Bench) -> object:
    free = await bench.group("DC0-free")
    first = await bench.client.define_attribute("akoo.owner")
    second = await bench.client.define_attribute("akoo.owner")
    for value in ("old", "new"):
        await bench.client.set_attribute(free, first, value)
    read = (await bench.client.port_group(free))["customValue"]
    names_ = await bench.client.attributes()
    values = {names_[each["key"]]: each["value"] for each in read}
    wrong = await outcome(bench.client.set_attribute(free, 99999, "x"))
    return [first == second, names_[first] == "akoo.owner", values, wrong.startswith("Invalid")]


@row(
    [
        "ForbiddenError DVPortgroup.Create",
        "ForbiddenError DVPortgroup.Modify",
        "ForbiddenError DVPortgroup.PolicyOp",
        "ForbiddenError DVPortgroup.Modify",
        "ForbiddenError DVPortgroup.Delete",
        "ForbiddenError Global.SetCustomField",
        "ForbiddenError Global.ManageCustomFields",
    ],
    PRIVILEGES + "each method",
)
async def privileges_that_are_needed(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    root = (await bench.person.about()).root_folder
    key = await bench.person.define_attribute("other")
    policy = {"_typeName": "VMwareDVSPortgroupPolicy", "blockOverrideAllowed": False}
    deeds: tuple[tuple[str, str, Callable[[], Awaitable[str]]], ...] = (
        ("DVPortgroup.Create", switch, lambda: outcome(bench.client.create(switch, spec()))),
        ("DVPortgroup.Modify", free, lambda: change(bench, free, description="x")),
        ("DVPortgroup.PolicyOp", free, lambda: change(bench, free, policy=policy)),
        ("DVPortgroup.Modify", free, lambda: outcome(bench.client.rename(free, "x"))),
        ("DVPortgroup.Delete", free, lambda: outcome(bench.client.destroy(free))),
        (
            "Global.SetCustomField",
            free,
            lambda: outcome(bench.client.set_attribute(free, key, "x")),
        ),
        (
            "Global.ManageCustomFields",
            root,
            lambda: outcome(bench.client.define_attribute("akoo.owner")),
        ),
    )
    refused = []
    for privilege, mo_ref, work in deeds:
        await bench.deny(privilege, mo_ref)
        refused.append(await work())
        await bench.allow()
    return refused


@row(["done", "ForbiddenError DVPortgroup.Delete"], "vSphere Security: port groups are siblings")
async def a_right_on_the_switch_is_none_on_its_port_groups(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    parent = (await bench.person.port_group(free))["parent"]
    await bench.deny("DVPortgroup.Modify", switch)
    allowed = await change(bench, free, description="x")
    await bench.deny("DVPortgroup.Delete", parent)
    return [allowed, await outcome(bench.client.destroy(free))]


@row(
    ["UnreadableError", "UnreadableError", (None, None), "done"],
    API + "PropertyCollector: missingSet",
)
async def a_port_group_that_may_not_be_read(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    await bench.deny("System.Read", free)
    unreadable = [
        await outcome(bench.client.port_group(free)),
        await outcome(bench.client.port_groups(switch)),
    ]
    await bench.deny("System.Read", switch)
    counts = await bench.client.users(free, switch)
    await bench.allow()
    return [
        *unreadable,
        (counts.ports, counts.machines),
        await outcome(bench.client.port_group(free)),
    ]


@row(
    ["UnreadableError", False, "NotFoundError"],
    API + "System.View; PropertyCollector: missingSet",
)
async def a_port_group_that_may_not_be_seen(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    await bench.deny("System.View", free)
    return [
        await outcome(bench.client.port_group(free)),
        free in {each.mo_ref for each in await bench.client.port_groups(switch)},
        await outcome(bench.client.port_group_at("/DC0/network/DC0-free")),
    ]


@row(
    [(), (("free", "DVPortgroup.Modify"),), True],
    API + "AuthorizationManager.HasPrivilegeOnEntities",
)
async def privileges_that_are_missing(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    ask = ("DVPortgroup.Create", "DVPortgroup.Modify")
    before = await bench.client.missing_privileges((free, switch), ask)
    await bench.deny("DVPortgroup.Modify", free)
    after = await bench.client.missing_privileges((free, switch), ask)
    invented = await bench.client.missing_privileges((switch,), ("DVPortgroup.Invented",))
    named = tuple(("free" if ref == free else ref, privilege) for ref, privilege in after)
    return [before, named, invented == ((switch, "DVPortgroup.Invented"),)]


@row(
    {
        "create": ("OutcomeUnknownError", True),
        "reconfigure": ("OutcomeUnknownError", "x"),
        "set_attribute": ("OutcomeUnknownError", ["x"]),
        "rename": ("OutcomeUnknownError", "renamed"),
        "destroy": ("OutcomeUnknownError", False),
    },
    "pyvmomi, SoapAdapter: a connection that ends raises http.client.RemoteDisconnected",
)
async def answers_that_are_lost(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    key = await bench.person.define_attribute("akoo.owner")
    await bench.client.about()
    await bench.lose_answer("create")
    created = await outcome(bench.client.create(switch, spec()))
    made = await exists(bench, "edge")
    await bench.lose_answer("reconfigure")
    changed = await change(bench, free, description="x")
    text = (await config(bench, free))["description"]
    await bench.lose_answer("set_attribute")
    set_ = await outcome(bench.client.set_attribute(free, key, "x"))
    values = (await bench.person.port_group(free))["customValue"]
    await bench.lose_answer("rename")
    renamed = await outcome(bench.client.rename(free, "renamed"))
    name = (await bench.person.port_group(free))["name"]
    await bench.lose_answer("destroy")
    destroyed = await outcome(bench.client.destroy(free))
    return {
        "create": (created, made),
        "reconfigure": (changed, text),
        "set_attribute": (set_, [each["value"] for each in values]),
        "rename": (renamed, name),
        "destroy": (destroyed, await exists(bench, "renamed")),
    }


@row(["LimitError", True, "LimitError", "x"], API + "TaskInfo.error; DvsFault: half applied")
async def a_task_that_fails_after_its_effect(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    await bench.fail_after("create")
    created = await outcome(bench.client.create(switch, spec()))
    made = await exists(bench, "edge")
    await bench.fail_after("reconfigure")
    changed = await change(bench, free, description="x")
    return [created, made, changed, (await config(bench, free))["description"]]


@row(["DC0-free", "done", "done", True], "pyvmomi issues 347, 349 and 953: sessions end")
async def a_session_that_ends_is_not_seen(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    await bench.client.about()
    await bench.end_sessions()
    name = (await bench.client.port_group(free))["name"]
    await bench.end_sessions()
    created = await outcome(bench.client.create(switch, spec()))
    await bench.end_sessions()
    changed = await change(bench, free, description="x")
    await bench.end_sessions()
    listed = await bench.client.port_groups(switch)
    return [name, created, changed, {"edge", "DC0-free"} <= {each.name for each in listed}]


@row(
    {
        "first": (True, True),
        "silent": ((), ()),
        "rename": ("renamed", True),
        "config": True,
        "value": {"akoo.owner": "x"},
        "create": True,
        "destroy": True,
        "anew": (True, True),
    },
    API + "PropertyCollector.WaitForUpdatesEx",
)
async def changes(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    key = await bench.person.define_attribute("akoo.owner")
    first = await bench.client.changes("")
    begun = {each.mo_ref: each for each in first.changed}
    silent = await bench.client.changes(first.version, 0)
    seen: Json = {
        "first": (free in begun, first.whole),
        "silent": (silent.changed, silent.removed),
    }
    version = silent.version

    async def heard(mo_ref: str) -> Any:
        """The next state of a port group; others may be in the answers, too."""
        nonlocal version
        for _ in range(5):
            answer = await bench.client.changes(version, 5)
            version = answer.version
            if mo_ref in answer.removed:
                return None
            for each in answer.changed:
                if each.mo_ref == mo_ref and each != begun.get(mo_ref):
                    begun[mo_ref] = each
                    return each
        raise AssertionError(mo_ref)

    await bench.person.rename(free, "renamed")
    renamed = await heard(free)
    seen["rename"] = (renamed.name, renamed.parent != "")
    before = renamed.config_version
    waiting = asyncio.create_task(heard(free))
    await asyncio.sleep(0)
    sent = {"configVersion": (await config(bench, free))["configVersion"], "description": "x"}
    await bench.person.reconfigure(free, {"_typeName": "DVPortgroupConfigSpec", **sent})
    seen["config"] = (await waiting).config_version != before
    await bench.person.set_attribute(free, key, "x")
    seen["value"] = (await heard(free)).values
    made = await bench.person.create(switch, spec())
    seen["create"] = (await heard(made)).name == "edge"
    await bench.person.destroy(made)
    seen["destroy"] = await heard(made) is None
    await bench.end_sessions()
    anew = await bench.client.changes(version, 5)
    seen["anew"] = (anew.whole, free in {each.mo_ref for each in anew.changed})
    return seen


@row(
    {
        "datacenters": [("DC0", "/DC0"), ("DC1", "/DC1")],
        "switches": [
            ("DC0", "DVS0", "/DC0/network"),
            ("DC0", "DVS1", "/DC0/network"),
            ("DC1", "DVS-extension", "/DC1/network"),
            ("DC1", "DVS0", "/DC1/network"),
        ],
        "uuids": True,
        "DVS0": (("Uplink 1", "Uplink 2"), 9000, {200, 201}, 1, ""),
        "extension": "com.example.network",
    },
    API + "DVSConfigInfo, VMwareDVSConfigInfo",
)
async def the_inventory(bench: Bench) -> object:
    read = await bench.client.inventory()
    places = {each.mo_ref: each.name for each in read.datacenters}
    switches = {(places[placed.datacenter], placed.switch.name): placed for placed in read.switches}
    first = switches["DC0", "DVS0"].switch
    return {
        "datacenters": sorted((each.name, each.path) for each in read.datacenters),
        "switches": sorted((*key, placed.folder_path) for key, placed in switches.items()),
        "uuids": len({placed.switch.uuid for placed in read.switches}) == len(read.switches),
        "DVS0": (
            first.uplinks,
            first.max_mtu,
            set(first.private_vlans),
            len(first.uplink_port_groups),
            first.extension,
        ),
        "extension": switches["DC1", "DVS-extension"].switch.extension,
    }


@row(
    ["/DC0/network/DC0-free", True, "NotFoundError", "NotFoundError"],
    API + "SearchIndex.FindByInventoryPath",
)
async def paths(bench: Bench) -> object:
    free = await bench.group("DC0-free")
    path = await bench.client.path(free)
    return [
        path,
        await bench.client.port_group_at(path) == free,
        await outcome(bench.client.port_group_at("/DC0/network/no-such")),
        await outcome(bench.client.port_group_at("/DC0/network/DVS0")),
    ]


@row([(True, True), (True, False), None, None], API + "SearchIndex.FindChild")
async def children_of_a_folder(bench: Bench) -> object:
    free, switch = await bench.group("DC0-free"), await bench.switch("DVS0")
    placed = next(
        each for each in (await bench.client.inventory()).switches if each.switch.mo_ref == switch
    )

    async def child(name: str) -> object:
        known = await bench.client.child(placed.folder, name)
        return known and (known.mo_ref in (free, switch), known.port_group)

    seen = [await child(name) for name in ("DC0-free", "DVS0", "no-such")]
    await bench.deny("System.View", free)
    return [*seen, await child("DC0-free")]


@row([True, True, ["SYSTEM/DVS.UPLINKPG"]], API + "DVPortgroupConfigInfo.uplink; Tag")
async def uplink_port_groups(bench: Bench) -> object:
    switch = await bench.switch("DVS0")
    placed = next(
        each for each in (await bench.client.inventory()).switches if each.switch.mo_ref == switch
    )
    (uplink,) = placed.switch.uplink_port_groups
    listed = {each.mo_ref for each in await bench.client.port_groups(switch)}
    read = await bench.client.port_group(uplink)
    return [uplink in listed, bool(read["config"]["uplink"]), [tag["key"] for tag in read["tag"]]]


@row(["nsx", "done", 2], "govmomi pull request 2626: port groups of NSX may share a name")
async def port_groups_of_nsx(bench: Bench) -> object:
    switch = await bench.switch("DVS0")
    read = await config(bench, await bench.group("DC0-segment"))
    twin = spec("DC0-segment", backingType="nsx")
    made = await outcome(bench.client.create(switch, twin))
    listed = [each.name for each in await bench.client.port_groups(switch)]
    return [read["backingType"], made, listed.count("DC0-segment")]


@row([True, "8.0.3.0", True], API + "AboutInfo")
async def about(bench: Bench) -> object:
    read = await bench.client.about()
    same = (await bench.person.about()).instance_uuid == read.instance_uuid
    return [same and len(read.instance_uuid) == 36, read.api_version, bool(read.root_folder)]


@row("unknown", API + "Task: ManagedObjectNotFound once vCenter has forgotten it")
async def a_task_that_is_forgotten(bench: Bench) -> object:
    return (await bench.client.task("task-99999")).state


@row([("edge", 7), ("other", 9)], f"{API}DVPortgroupConfigInfo.defaultPortConfig")
async def single_vlans(bench: Bench) -> Any:
    """Trunks, private VLANs and no VLAN are none."""
    switch = await bench.switch("DVS0")
    kinds = {"edge": vlan(7), "other": vlan(9), "none": vlan(0), "trunk": trunk((1, 9))}
    for name, kind in kinds.items():
        await bench.client.create(switch, spec(name, **port(vlan=kind)))
    users = await bench.client.vlans(switch)
    return sorted((user.name, user.vlan) for user in users if user.name in kinds)
