"""prepare: found, stored, claimed; and each mistake told before anything is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from akoo_testbed.avisim import faults

from akoo_core import structs
from akoo_core.objects import ako_networks
from akoo_core.plugin import api
from akoo_core.testing import builders, verbs

World = Any
PASSWORD = builders.canary("admin-password")


def test_found_then_stored_then_claimed(avi_world: World) -> None:
    world = avi_world()
    first = world.call("prepare")
    assert (first.reason, first.after) == ("PlacementFound", 0.0)
    assert world.claims == []
    done = world.call("prepare")
    assert isinstance(done, api.Done)
    assert [claim["tenant_ref"] for claim in world.claims] == ["admin"]
    assert world.spec.intents["avi"].placement == world.stored.place.identity


def test_what_ako_is_told(avi_world: World) -> None:
    done = avi_world().settled()
    placed = next(fact for fact in done.facts if isinstance(fact, api.LoadBalancerPlacement))
    assert placed == api.LoadBalancerPlacement(
        controller="avi.example.com",
        controller_version="30.2.2",
        cloud="vc-01",
        tenant="admin",
        service_engine_group="seg",
        networks=(api.VipNetwork(name="vip-edge-1", cidr="10.70.0.0/24"),),
        ako=ako_networks.AkoNetworks(),
    )


CORRECT = "AKODeploymentConfig/default"
AT = "avi.example.com"
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "network": (
        {"dataNetwork": {"name": "vip-edge"}},
        f"""NetworkNotFound: network "vip-edge" does not exist in cloud "vc-01" on {AT}.
        nearest names: vip-edge2, vip-edge-1. Correct spec.dataNetwork.name of {CORRECT}, or create
        the network.""",
    ),
    "cloud": (
        {"cloudName": "VC-1"},
        f"""CloudNotFound: cloud "VC-1" does not exist on {AT}. nearest names: vc-01. Correct
        spec.cloudName of {CORRECT}, or create the cloud.""",
    ),
    "SE group": (
        {"serviceEngineGroup": "other"},
        f"""ServiceEngineGroupNotFound: service engine group "other" does not exist in cloud "vc-01"
        on {AT}. There are: Default-Group, seg. Correct spec.serviceEngineGroup of {CORRECT}, or
        create the group.""",
    ),
    "tenant": (
        {"tenant": {"name": "admn"}},
        f"""TenantNotFound: tenant "admn" does not exist on {AT}, or is not for our user.
        nearest names: admin. Correct spec.tenant.name of {CORRECT}, or create the tenant.""",
    ),
    "no cloud": ({"cloudName": ""}, "ConfigInvalid: spec.cloudName: is empty."),
    "scheme": (
        {"controller": "http://avi.example.com"},
        "ConfigInvalid: spec.controller: Avi speaks https only, not http.",
    ),
    "subnet": (
        {"dataNetwork": {"name": "vip-edge-1", "cidr": "10.70.0.0/33"}},
        "ConfigInvalid: spec.dataNetwork.cidr: '10.70.0.0/33' is no CIDR.",
    ),
}


@pytest.mark.parametrize("mistake", list(MISTAKES))
def test_a_mistake_is_told_and_nothing_is_touched(avi_world: World, mistake: str) -> None:
    changes, text = MISTAKES[mistake]
    world = avi_world(changes)
    before = world.outside()
    answer = world.call("prepare")
    assert isinstance(answer, api.Blocked)
    assert f"{answer.reason}: {answer.message}" == " ".join(text.split())
    assert (world.outside(), world.spec.intents) == (before, {})


def test_a_mistake_in_mid_life_changes_nothing(avi_world: World) -> None:
    world = avi_world()
    world.settled()
    before = world.outside(), world.spec.intents, world.spec.facts
    world.edit(dataNetwork={"name": "vip-edge"})
    assert world.call("prepare").reason == "NetworkNotFound"
    assert (world.outside(), world.spec.intents, world.spec.facts) == before
    world.edit(cloudName="")
    assert world.call("intend").reason == "ConfigInvalid"


def test_another_cloud_is_another_place(avi_world: World) -> None:
    world = avi_world()
    world.settled()
    stored = world.spec.intents["avi"]
    cloud = {"vtype": "CLOUD_NONE", "name": "vc-02"}
    ipam = world.named("ipamdnsproviderprofile", "ipam-vc-01")[0]["uuid"]
    cloud["ipam_provider_ref"] = f"/api/ipamdnsproviderprofile/{ipam}"
    world.do(lambda avi: avi.create("cloud", cloud, tenant="admin"))
    world.edit(cloudName="vc-02", serviceEngineGroup="Default-Group", dataNetwork={})
    answer = world.call("prepare")
    assert answer.reason == "PlacementFound"
    moved = world.call("intend")
    assert moved.placement != stored.placement
    assert moved.data["cloud"] == "vc-02"


def test_the_same_controller_by_another_address_is_no_other_place(avi_world: World) -> None:
    world = avi_world()
    world.settled()
    before = world.spec.intents["avi"].placement
    world.addresses["avi-2.example.com:8443"] = world.avi
    world.edit(controller="https://avi-2.example.com:8443/")
    done = world.settled()
    assert isinstance(done, api.Done)
    assert world.spec.intents["avi"].placement == before
    assert world.stored.reach.address == "avi-2.example.com:8443"
    assert len(world.claims) == 1


def test_a_move_that_is_held_does_not_spin(avi_world: World) -> None:
    world = avi_world()
    world.settled()
    world.edit(serviceEngineGroup="Default-Group")
    kept = world.spec.intents
    assert world.call("prepare").after == 0.0
    world.spec = structs.replace(world.spec, intents=kept)
    plugin = world.plugin()
    target = world.spec.facts["AviTarget"]
    answer = hold(world, plugin, kept)
    assert (answer.reason, answer.after) == ("PlacementLeaving", 30.0)
    assert world.spec.facts["AviTarget"] == target


def hold(world: World, plugin: api.Plugin, kept: Any) -> Any:
    """Prepare once more, while the engine keeps the old intent."""
    world.spec = structs.replace(world.spec, intents=kept)
    context = verbs.context_of(plugin, "prepare", world)
    return world.run(plugin.prepare(context))  # type: ignore[attr-defined]


def test_while_it_is_about_to_move_it_says_where_to(avi_world: World) -> None:
    world = avi_world()
    world.settled()
    here = world.call("intend")
    world.edit(serviceEngineGroup="Default-Group")
    world.call("prepare")
    world.leave("Relocated")
    assert world.call("intend").placement != here.placement
    world.edit(serviceEngineGroup="seg")
    assert world.call("intend").placement == here.placement


class TestNetworks:
    def test_two_of_one_name_are_told_apart_by_the_subnet(self, avi_world: World) -> None:
        world = avi_world()
        twin(world, "10.99.0.0")
        done = world.settled()
        assert isinstance(done, api.Done)
        placed = next(fact for fact in done.facts if isinstance(fact, api.LoadBalancerPlacement))
        (network,) = placed.networks
        assert network.uuid == world.stored.networks[0].uuid != ""

    def test_two_that_cannot_be_told_apart(self, avi_world: World) -> None:
        world = avi_world({"dataNetwork": {"name": "vip-edge-1"}})
        twin(world, "10.99.0.0")
        answer = world.call("prepare")
        assert answer.reason == "NetworkAmbiguous"
        for network in world.named("network", "vip-edge-1"):
            assert network["uuid"] in answer.message

    def test_one_that_is_not_usable(self, avi_world: World) -> None:
        answer = avi_world({"dataNetwork": {"name": "vip-edge2"}}).call("prepare")
        assert isinstance(answer, api.Wait)
        assert answer.reason == "NetworkNotUsable"
        assert 'IPAM profile "ipam-vc-01"' in answer.message

    def test_a_cloud_without_ipam(self, avi_world: World) -> None:
        world = avi_world()
        edit(world, "cloud", "vc-01", lambda cloud: {**cloud, "ipam_provider_ref": ""})
        assert world.call("prepare").reason == "IpamMissing"

    def test_ipam_of_somebody_else(self, avi_world: World) -> None:
        world = avi_world()
        kind = "ipamdnsproviderprofile"
        edit(world, kind, "ipam-vc-01", lambda profile: {**profile, "type": "IPAMDNS_TYPE_CUSTOM"})
        assert world.call("prepare").reason == "IpamNotInternal"


class TestServiceEngineGroups:
    CLUSTER_IP = {
        "extraConfigs": {
            "disableStaticRouteSync": False,
            "ingress": {"serviceType": "ClusterIP"},
        }
    }

    def labelled(self, world: World, value: str) -> None:
        labels = [{"key": "clustername", "value": value}]
        edit(world, "serviceenginegroup", "seg", lambda group: {**group, "labels": labels})

    def test_one_that_another_cluster_has(self, avi_world: World) -> None:
        world = avi_world(self.CLUSTER_IP)
        self.labelled(world, "shop")
        answer = world.call("prepare")
        assert answer.reason == "ServiceEngineGroupTaken"
        assert "clustername=shop" in answer.message

    def test_our_own_label_is_none_of_another(self, avi_world: World) -> None:
        world = avi_world(self.CLUSTER_IP)
        self.labelled(world, world.record_name)
        assert isinstance(world.settled(), api.Done)

    def test_labels_do_not_matter_where_ako_makes_none(self, avi_world: World) -> None:
        world = avi_world()
        self.labelled(world, "shop")
        assert isinstance(world.settled(), api.Done)


class TestControllers:
    def test_nobody_answers(self, avi_world: World) -> None:
        answer = avi_world({"controller": "gone.example.com"}).call("prepare")
        assert isinstance(answer, api.Wait)
        assert answer.reason == "ControllerUnreachable"

    def test_a_wrong_password(self, avi_world: World) -> None:
        answer = avi_world(credential={"password": "c4nary-password"}).call("prepare")
        assert isinstance(answer, api.Blocked)
        assert answer.reason == "CredentialRefused"
        assert "Secret avi/admin" in answer.message
        assert "c4nary" not in answer.message

    def test_the_secret_is_gone(self, avi_world: World) -> None:
        answer = avi_world({"adminCredentialRef": {"name": "no", "namespace": "avi"}}).call(
            "prepare"
        )
        assert answer.reason == "SecretMissing"

    def test_a_host_that_the_secret_is_not_for(self, avi_world: World) -> None:
        credential = {"password": "x", "hosts": "other.example.com, avi.test"}
        answer = avi_world(credential=credential).call("prepare")
        assert answer.reason == "HostNotAllowed"
        assert "other.example.com" in answer.message

    def test_a_host_in_another_spelling(self, avi_world: World) -> None:
        credential = {"password": PASSWORD, "hosts": "other.example.com,Avi.Example.COM.:443"}
        assert isinstance(avi_world(credential=credential).settled(), api.Done)

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\nsecond line"])
    @pytest.mark.parametrize("key", ["username", "password"])
    def test_a_line_break_is_told_before_any_login(
        self, avi_world: World, key: str, end: str
    ) -> None:
        keys = {"username": "admin", "password": PASSWORD}
        world = avi_world(credential={**keys, key: keys[key] + end})
        answer = world.call("prepare")
        assert isinstance(answer, api.Blocked)
        assert answer.reason == "CredentialHasLineBreak"
        assert f"Secret avi/admin: key '{key}'" in answer.message
        assert PASSWORD not in answer.message
        assert not world.avi.journal.entries(path="/login", since=0)

    @pytest.mark.parametrize("blank", [" x", "x ", "\tx"])
    def test_blanks_may_be_part_of_a_password(self, avi_world: World, blank: str) -> None:
        answer = avi_world(credential={"password": blank}).call("prepare")
        assert answer.reason == "CredentialRefused"

    def test_it_is_being_upgraded(self, avi_world: World) -> None:
        world = avi_world()
        world.avi.set_upgrading(True)
        assert world.settled().reason == "ControllerUpgrading"
        world.avi.set_upgrading(False)
        assert isinstance(world.settled(), api.Done)

    def test_it_is_not_up(self, avi_world: World) -> None:
        world = avi_world()
        world.avi.state.cluster_state = "CLUSTER_DOWN"
        answer = world.call("prepare")
        assert isinstance(answer, api.Wait)
        assert answer.reason == "ControllerNotReady"

    def test_one_reading_serves_a_fleet(self, avi_world: World) -> None:
        world = avi_world()
        plugin = world.plugin()
        world.call("prepare", plugin)
        read = len(world.calls.made)
        for _ in range(20):
            world.call("prepare", plugin)
        avi = [str(call) for call in world.calls.made[read:] if call.system == "avi"]
        assert len([request for request in avi if "GET cloud" in request]) == 0
        world.avi.faults.add(faults.Fault(answer="broken", kind="cloud", times=None))
        assert isinstance(world.call("prepare", plugin), api.Done)
        world.clock.advance(20.0)
        assert world.call("prepare", plugin).reason == "ControllerFailed"


def test_what_was_just_made_is_not_missing(avi_world: World) -> None:
    world = avi_world({"serviceEngineGroup": "fresh"})
    plugin = world.plugin()
    assert world.call("prepare", plugin).reason == "ServiceEngineGroupNotFound"
    cloud = world.named("cloud", "vc-01")[0]["uuid"]
    body = {"name": "fresh", "cloud_ref": f"/api/cloud/{cloud}"}
    world.do(lambda avi: avi.create("serviceenginegroup", body, tenant="admin"))
    world.clock.advance(2.0)
    assert world.call("prepare", plugin).reason == "PlacementFound"


def edit(world: World, kind: str, name: str, change: Callable[[Any], Any]) -> None:
    """Somebody changes an object."""

    async def work(avi: Any) -> None:
        (obj,) = await avi.list(kind, params={"name": name})
        await avi.replace(kind, obj["uuid"], change(obj), tenant="admin")

    world.do(work)


def twin(world: World, address: str) -> None:
    """Another network called vip-edge-1 in our cloud, as vCenter's discovery makes them."""
    (network,) = world.named("network", "vip-edge-1")
    state = world.avi.state
    prefix = {"ip_addr": {"addr": address, "type": "V4"}, "mask": 24}
    data = {**network, "configured_subnets": [{"prefix": prefix, "static_ip_ranges": []}]}
    state.add(state.kinds.kinds["network"], "dvportgroup-7-cloud", data)
