"""A cluster whose network is a port group: found by its moref, whatever its name on Avi is."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import structs
from akoo_core.plugin import api
from akoo_core.testing import builders, verbs

World = Any
GROUP = api.PortGroup(
    name="vip-blue",
    moref="dvportgroup-12",
    instance_uuid="11111111-2222-4333-8444-555555555555",
    vcenter="vc.example.com",
    datacenter="datacenter-2",
    datacenter_name="dc-1",
    switch_uuid="50 1e",
    vlan=70,
    cidr="10.71.0.0/24",
)


def furnished(avi_world: World, group: api.PortGroup | None = GROUP, **more: Any) -> World:
    """A World with the vCenter cloud, and a config that names no network of its own."""
    config = {"cloudName": "dc", "serviceEngineGroup": "Default-Group", "dataNetwork": {}}
    facts = [group] if group is not None else []
    world = avi_world({**config, **more.pop("config", {})}, facts=facts, **more)
    world.vcenter_cloud()
    return world


def replaced(world: World, group: api.PortGroup) -> None:
    """The other plugin gives another port group now."""
    known = {**world.spec.facts, **builders.stored_facts("another", group)}
    world.spec = structs.replace(world.spec, facts=known)


def networks(answer: Any) -> tuple[api.VipNetwork, ...]:
    """The networks that AKO gets."""
    assert isinstance(answer, api.Done), answer
    (placed,) = (fact for fact in answer.facts if isinstance(fact, api.LoadBalancerPlacement))
    return placed.networks


def test_the_network_is_the_port_groups(avi_world: World) -> None:
    world = furnished(avi_world)
    world.discover(("dvportgroup-12", "vip-blue"), ("dvportgroup-13", "vip-blue"))
    cloud = world.named("cloud", "dc")[0]["uuid"]
    (network,) = networks(world.settled())
    uuid = f"dvportgroup-12-{cloud}"
    assert network == api.VipNetwork(name="vip-blue", uuid=uuid, cidr="10.71.0.0/24")


def test_a_rename_in_vcenter_changes_nothing(avi_world: World) -> None:
    world = furnished(avi_world)
    world.discover(("dvportgroup-12", "vip-blue"))
    before, intent = networks(world.settled()), world.spec.intents["avi"]
    world.discover(("dvportgroup-12", "renamed"), usable=False)
    assert networks(world.settled()) == before
    assert world.spec.intents["avi"] == intent


def test_another_moref_is_another_network_at_the_same_place(avi_world: World) -> None:
    world = furnished(avi_world)
    world.discover(("dvportgroup-12", "vip-blue"))
    world.settled()
    placement = world.spec.intents["avi"].placement
    replaced(world, structs.replace(GROUP, moref="dvportgroup-44"))
    world.discover(("dvportgroup-44", "vip-blue"))
    (network,) = networks(world.settled())
    assert network.uuid.startswith("dvportgroup-44-")
    assert world.spec.intents["avi"].placement == placement, "no relocation"


def test_the_port_group_is_awaited(avi_world: World) -> None:
    world = furnished(avi_world, None, awaited=[api.PortGroup])
    before = len(world.avi.journal.entries())
    assert world.call("prepare").reason == "PortGroupAwaited"
    assert len(world.avi.journal.entries()) == before, "nothing is asked of Avi"


def test_a_running_cluster_keeps_its_place_while_it_is_awaited(avi_world: World) -> None:
    world = furnished(avi_world)
    world.discover(("dvportgroup-12", "vip-blue"))
    world.settled()
    intent = world.spec.intents["avi"]
    world.spec = structs.replace(
        world.spec,
        facts={name: fact for name, fact in world.spec.facts.items() if name != "PortGroup"},
    )
    world.awaited = ("PortGroup",)
    world.edit(serviceEngineGroup="seg")
    assert world.call("prepare").reason == "PortGroupAwaited"
    assert world.spec.intents["avi"] == intent


def test_a_declined_port_group_leaves_the_config_alone(avi_world: World) -> None:
    world = avi_world()
    (network,) = networks(world.settled())
    assert network == api.VipNetwork(name="vip-edge-1", cidr="10.70.0.0/24")


def test_discovery_is_waited_for_and_not_for_the_catalogs_seconds(avi_world: World) -> None:
    world = furnished(avi_world)
    plugin = world.plugin()
    world.discover(usable=False)
    world.call("prepare", plugin)
    answer = world.call("prepare", plugin)
    assert isinstance(answer, api.Wait)
    assert (answer.reason, answer.after) == ("NetworkNotDiscovered", 5.0)
    assert "dvportgroup-12" in answer.message
    world.discover(("dvportgroup-12", "vip-blue"))
    run = verbs.run_verb(plugin, "prepare", world)
    assert isinstance(run.result, api.Wait)
    assert run.result.reason == "PlacementFound"
    kinds = [call.subject or call.operation for call in run.calls]
    assert len([kind for kind in kinds if "network" in kind]) == 1, kinds
    assert len([kind for kind in kinds if "ipamdnsproviderprofile" in kind]) == 1, kinds
    assert not [kind for kind in kinds if "tenant" in kind], "the catalog is not read whole"


@pytest.mark.parametrize(
    ("settings", "reason", "text"),
    [
        ({"vcenter_url": "vc2.example.com"}, "VCenterDiffers", "vc2.example.com"),
        ({"datacenter_managed_object_id": "datacenter-9"}, "DatacenterDiffers", "dc-1"),
        (
            {"datacenter_managed_object_id": "", "datacenter": "/eu/dc-9"},
            "DatacenterDiffers",
            "/eu/dc-9",
        ),
        ({"privilege": "NO_ACCESS"}, "CloudDiscoversNothing", "no access"),
    ],
)
def test_a_cloud_that_never_discovers_it(
    avi_world: World, settings: dict[str, str], reason: str, text: str
) -> None:
    """The same moref is another port group in another vCenter."""
    config = {"cloudName": "dc", "serviceEngineGroup": "Default-Group", "dataNetwork": {}}
    world = avi_world(config, facts=[GROUP])
    world.vcenter_cloud(**settings)
    if settings.get("privilege") != "NO_ACCESS":
        world.discover(("dvportgroup-12", "vip-blue"))
    answer = world.call("prepare")
    assert isinstance(answer, api.Blocked)
    assert (answer.reason, text in answer.message) == (reason, True), answer.message


@pytest.mark.parametrize(
    "settings",
    [
        {"vcenter_url": "https://VC.example.com:443/sdk"},
        {"datacenter_managed_object_id": ""},
        {"datacenter_managed_object_id": "", "datacenter": "/eu/dc-1"},
    ],
)
def test_other_spellings_of_the_same_cloud(avi_world: World, settings: dict[str, str]) -> None:
    world = avi_world(
        {"cloudName": "dc", "serviceEngineGroup": "Default-Group", "dataNetwork": {}},
        facts=[GROUP],
    )
    world.vcenter_cloud(**settings)
    world.discover(("dvportgroup-12", "vip-blue"))
    assert networks(world.settled())


def test_a_cloud_without_vcenter(avi_world: World) -> None:
    world = avi_world(facts=[GROUP])
    world.edit(dataNetwork={})
    assert world.call("prepare").reason == "CloudDiscoversNothing"


@pytest.mark.parametrize(
    ("network", "path", "text"),
    [
        ({"name": "vip-red"}, "spec.dataNetwork.name", '"vip-red"'),
        ({"name": "vip-blue", "cidr": "10.9.0.0/24"}, "spec.dataNetwork.cidr", '"10.9.0.0/24"'),
    ],
)
def test_a_config_that_says_otherwise(
    avi_world: World, network: dict[str, str], path: str, text: str
) -> None:
    world = furnished(avi_world, config={"dataNetwork": network})
    world.discover(("dvportgroup-12", "vip-blue"))
    answer = world.call("prepare")
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "ConfigConflict"
    assert path in answer.message
    assert text in answer.message


def test_a_config_that_says_the_same(avi_world: World) -> None:
    network = {"name": "vip-blue", "cidr": "10.71.0.9/24"}
    world = furnished(avi_world, config={"dataNetwork": network})
    world.discover(("dvportgroup-12", "vip-blue"))
    (placed,) = networks(world.settled())
    assert placed.cidr == "10.71.0.0/24"


def test_the_subnet_of_the_config_where_the_port_group_has_none(avi_world: World) -> None:
    world = furnished(
        avi_world,
        structs.replace(GROUP, cidr=""),
        config={"dataNetwork": {"name": "vip-blue", "cidr": "10.71.0.0/24"}},
    )
    world.discover(("dvportgroup-12", "vip-blue"))
    (placed,) = networks(world.settled())
    assert placed.cidr == "10.71.0.0/24"


def test_a_running_ako_is_not_restarted_when_its_network_becomes_a_port_group(
    avi_world: World,
) -> None:
    network = {"name": "vip-blue", "cidr": "10.71.0.0/24"}
    world = furnished(avi_world, None, config={"dataNetwork": network})
    world.discover(("dvportgroup-12", "vip-blue"))
    before, stored = networks(world.settled()), world.stored
    assert before[0].uuid == "", "AKO knows it by its name"
    replaced(world, GROUP)
    world.edit(dataNetwork={})
    assert networks(world.settled()) == before
    assert world.stored.networks == stored.networks
    world.discover(("dvportgroup-12", "renamed"), usable=False)
    assert networks(world.settled()) == before
    world.discover(("dvportgroup-12", "vip-blue"), ("dvportgroup-13", "vip-blue"), usable=False)
    (other,) = networks(world.settled())
    assert other.uuid.startswith("dvportgroup-12-"), "the name leads to two now"


def test_ranges_without_a_network(avi_world: World) -> None:
    """A port group of a template: its ranges are its own."""
    ranges = [{"start": "10.71.0.10", "end": "10.71.0.19", "type": "V4"}]
    network = {"cidr": "10.71.0.0/24", "ipPools": ranges}
    world = furnished(avi_world, config={"dataNetwork": network})
    answer = world.call("prepare")
    assert isinstance(answer, api.Blocked)
    assert (answer.reason, "ipPools" in answer.message) == ("ConfigInvalid", True)


def test_a_tenant_that_does_not_share_the_network(avi_world: World) -> None:
    world = furnished(avi_world, config={"tenant": {"name": "blue"}})
    settings = {"tenant_vrf": True, "se_in_provider_context": True}
    body = {"name": "blue", "config_settings": settings}
    world.do(lambda avi: avi.create("tenant", body, tenant="admin"))
    world.discover(("dvportgroup-12", "vip-blue"))
    assert world.call("prepare").reason == "NetworkNotShared"
