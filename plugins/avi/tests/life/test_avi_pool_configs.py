"""Pools that configs give inline: absent, empty and given; clusters use them; they go."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.pools import configs
from akoo_avi.spec import config, inline_pools, placement, resources, spans
from akoo_testbed.avisim import client as admins

from akoo_core import structs, testing
from akoo_core.kube import resource as kube_resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders, calls, verbs

Json = dict[str, Any]
PASSWORD = builders.canary("admin-password")
GIVEN = [{"start": "10.70.0.10", "end": "10.70.0.19", "type": "V4"}]
NETWORK = {"name": "vip-edge-1", "cidr": "10.70.0.0/24"}


def fresh(obj: Json) -> Json:
    """As somebody writes it who makes it."""
    return {**obj, "metadata": {"name": obj["metadata"]["name"]}}


class ConfigPoolWorld:
    """A world of the life tests whose config is an object of the API server, too."""

    def __init__(self, avi_world: Any, **network: Any) -> None:
        changes = {"dataNetwork": NETWORK | network}
        served = (resources.AVI_CONTROLLERS, resources.AVI_IP_POOLS)
        self.world = avi_world(changes, resources=served)
        self.world.management.seed(fresh(self.world.config))
        self.admin = admins.Client(self.world.avi, password=PASSWORD)

    def settle(self) -> None:
        """Both controllers, until nothing is left to do."""
        for _ in range(3):
            self.run("config-pools", "default")
            for pool in self.pools:
                self.run("ip-pools", pool["metadata"]["name"])

    def run(self, controller: str, key: str) -> Any:
        return testing.run_reconcile(self.world.plugin(), controller, key, self.world).result

    @property
    def pools(self) -> list[Json]:
        listed: list[Json] = self.world.management.objects(resources.AVI_IP_POOLS)
        return listed

    @property
    def pool(self) -> Json:
        (pool,) = self.pools
        return pool

    def ready(self, pool: Json) -> tuple[str, str]:
        ready = next(c for c in pool["status"]["conditions"] if c["type"] == "Ready")
        return ready["status"], ready["reason"]

    def network(self, name: str = "vip-edge-1") -> Json:
        network: Json = self.admin.get(f"network?name={name}")["results"][0]
        return network

    def ranges(self) -> set[str]:
        return {f"{span.begin}-{span.end}" for span in spans.of_network(self.network())}

    def put(self, **changes: Any) -> None:
        """Somebody changes the network."""
        network = self.network()
        self.admin.put(f"network/{network['uuid']}", {**network, **changes})

    def usable(self, name: str) -> bool:
        profile = self.admin.get("ipamdnsproviderprofile?name=ipam-vc-01")["results"][0]
        entries = profile["internal_profile"].get("usable_networks", [])
        return any(self.network(name)["uuid"] in entry["nw_ref"] for entry in entries)

    def edit(self, **spec: Any) -> None:
        server = self.world.management.client()
        patch = {"spec": spec}
        self.world.run(server.merge_patch(kube_resource.AKO_DEPLOYMENT_CONFIGS, "default", patch))
        self.world.edit(**spec)

    def remove_config(self) -> None:
        server = self.world.management.client()
        self.world.run(server.delete(kube_resource.AKO_DEPLOYMENT_CONFIGS, "default"))

    @property
    def writes(self) -> int:
        return len(self.world.avi.journal.entries(writes=True))


def entry(begin: str, end: str) -> Json:
    return spans.entry_of(spans.span(begin, end))


def test_absent_and_the_subnet_is_there_nothing_is_written(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world)
    before = there.writes
    there.settle()
    assert there.ready(there.pool) == ("True", "Applied")
    assert there.writes == before
    assert "ranges" not in there.pool["spec"]["subnets"][0]


def test_absent_and_no_subnet_it_is_added_without_ranges(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world)
    there.put(configured_subnets=[])
    there.settle()
    (subnet,) = there.network()["configured_subnets"]
    assert str(spans.prefix_of(subnet)) == "10.70.0.0/24"
    assert not subnet.get("static_ip_ranges")


def test_given_ours_become_these_and_theirs_stay(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world, ipPools=GIVEN)
    subnet = there.network()["configured_subnets"][0]
    theirs = [entry("10.70.0.100", "10.70.0.110")]
    there.put(configured_subnets=[{**subnet, "static_ip_ranges": theirs}])
    there.settle()
    assert there.ranges() == {"10.70.0.10-10.70.0.19", "10.70.0.100-10.70.0.110"}
    there.edit(dataNetwork=NETWORK | {"ipPools": []})
    there.settle()
    assert there.ranges() == {"10.70.0.100-10.70.0.110"}


def test_absent_after_given_ours_stay(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world, ipPools=GIVEN)
    there.settle()
    there.edit(dataNetwork=NETWORK | {"ipPools": None})
    there.settle()
    assert there.ranges() == {"10.70.0.10-10.70.0.19"}


def test_a_network_that_is_not_usable_is_made_so(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world, name="vip-edge2", cidr="10.71.0.0/24")
    assert there.world.call("prepare").reason == "NetworkNotUsable"
    there.settle()
    assert there.usable("vip-edge2")
    assert isinstance(there.world.settled(), api.Done)


def test_the_control_planes_network_is_made_usable_and_nothing_else(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world)
    before = there.network("vip-edge2")
    there.edit(controlPlaneNetwork={"name": "vip-edge2", "cidr": "10.99.0.0/24"})
    there.settle()
    assert len(there.pools) == 2
    assert there.usable("vip-edge2")
    marked = ("attrs", "_last_modified", "configpb_attributes")
    assert {k: v for k, v in there.network("vip-edge2").items() if k not in marked} == {
        k: v for k, v in before.items() if k not in marked
    }
    there.edit(controlPlaneNetwork=NETWORK)
    there.settle()
    assert len(there.pools) == 1, "both are one network"
    assert not there.usable("vip-edge2")


def test_what_is_edited_in_the_pool_is_changed_back(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world, ipPools=GIVEN)
    there.settle()
    before = there.pool["spec"]
    server = there.world.management.client()
    name = there.pool["metadata"]["name"]
    patch = {"spec": {"usable": False, "warnBelow": 77, "subnets": []}}
    there.world.run(server.merge_patch(resources.AVI_IP_POOLS, name, patch))
    there.settle()
    assert {**before, "usable": True} == {"usable": True, **there.pool["spec"]}


def take(there: ConfigPoolWorld, address: str) -> Json:
    """Somebody's VIP gets that address of the data network."""
    vip = {
        "vip_id": "0",
        "auto_allocate_ip": True,
        "ip_address": {"addr": address, "type": "V4"},
        "ipam_network_subnet": {"network_ref": there.network()["url"]},
    }
    cloud = there.admin.get("cloud?name=vc-01")["results"][0]["url"]
    made: Json = there.admin.post("vsvip", {"name": "v", "cloud_ref": cloud, "vip": [vip]})
    return made


def test_an_exhausted_pool_shows_on_the_clusters_that_use_it(avi_world: Any) -> None:
    single = [{"start": "10.70.0.10", "end": "10.70.0.10", "type": "V4"}]
    there = ConfigPoolWorld(avi_world, ipPools=single)
    there.settle()
    assert isinstance(there.world.settled(), api.Done)
    assert there.world.call("observe").message == "0 virtual services."
    vip = take(there, "10.70.0.10")
    there.settle()
    world, name = there.world, there.pool["metadata"]["name"]
    done = world.settled()
    (fact,) = (fact for fact in done.facts if isinstance(fact, placement.AviPoolsExhausted))
    assert [pool.name for pool in fact.pools] == [name]
    run = verbs.run_verb(world.plugin(), "observe", world)
    assert isinstance(run.result, api.Done), "what has an address goes on"
    assert run.result.message == (
        f"0 virtual services. AviIPPool/{name} has no free address (AddressesExhausted): a new "
        "virtual service gets none from it. Add ranges to spec.dataNetwork.ipPools of "
        "AKODeploymentConfig/default."
    )
    assert not [call for call in run.calls if call.system == "management"]
    there.admin.delete(f"vsvip/{vip['uuid']}")
    there.settle()
    assert not [f for f in world.settled().facts if isinstance(f, placement.AviPoolsExhausted)]


def test_a_cluster_uses_it_once_it_is_in_force(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world, ipPools=GIVEN)
    world = there.world
    assert world.call("prepare").reason == "PoolNotReady"
    there.run("config-pools", "default")
    answer = world.call("prepare")
    assert answer.reason == "PoolNotReady"
    assert "It was not checked yet" in answer.message
    there.settle()
    assert isinstance(world.settled(), api.Done)
    (use,) = world.call("intend").uses
    assert (use.resource, use.name) == (resources.AVI_IP_POOLS, there.pool["metadata"]["name"])
    assert use.uid == there.pool["metadata"]["uid"]


def test_it_goes_when_the_config_is_gone_and_nobody_uses_it(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world, ipPools=GIVEN)
    there.settle()
    there.world.settled()
    stored = tuple(
        record.StoredUse(
            plugin="avi",
            group=use.resource.group,
            kind=use.resource.kind,
            name=use.name,
            uid=use.uid,
            state="confirmed",
        )
        for use in there.world.call("intend").uses
    )
    spec = structs.replace(there.world.spec, uses=stored)
    name = spec.ako_cluster_name
    metadata = {"name": name}
    body = {"apiVersion": "akoo.io/v1alpha1", "kind": "AKODeployment", "metadata": metadata}
    there.world.management.seed({**body, "spec": structs.to_object(spec)})
    there.remove_config()
    there.settle()
    assert "deletionTimestamp" not in there.pool["metadata"], "the config may come back"
    assert there.ranges()
    server = there.world.management.client()
    there.world.run(server.delete(kube_resource.AKO_DEPLOYMENTS, name))
    there.settle()
    assert not there.pools
    assert not there.ranges()
    assert there.usable("vip-edge-1"), "it was before us"


def test_another_network_is_another_pool(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world, ipPools=GIVEN)
    there.settle()
    old = there.pool["metadata"]["name"]
    there.edit(dataNetwork={"name": "vip-edge2", "cidr": "10.71.0.0/24", "ipPools": None})
    there.settle()
    assert there.pool["metadata"]["name"] != old
    assert not there.ranges()
    assert there.usable("vip-edge2")


def test_two_configs_may_give_the_same(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world, ipPools=GIVEN)
    second = builders.config(there.world.config["spec"], name="second")
    there.world.management.seed(fresh(second))
    there.run("config-pools", "second")
    there.settle()
    assert [there.ready(pool)[0] for pool in there.pools] == ["True", "True"]
    assert there.ranges() == {"10.70.0.10-10.70.0.19"}
    there.remove_config()
    there.settle()
    assert there.ready(there.pool)[0] == "True"
    assert there.ranges() == {"10.70.0.10-10.70.0.19"}, "the second has it now"
    server = there.world.management.client()
    there.world.run(server.delete(kube_resource.AKO_DEPLOYMENT_CONFIGS, "second"))
    there.run("config-pools", "second")
    there.settle()
    assert not there.pools
    assert not there.ranges()


def test_a_pool_of_that_name_that_is_somebodys(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world, ipPools=GIVEN)
    there.run("config-pools", "default")
    server = there.world.management.client()
    patch = {"metadata": {"annotations": None}}
    name = there.pool["metadata"]["name"]
    there.world.run(server.merge_patch(resources.AVI_IP_POOLS, name, patch))
    assert there.run("config-pools", "default").reason == "PoolNameTaken"


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        ({"ipPools": [{"start": "10.70.0.19", "end": "10.70.0.10", "type": "V4"}]}, "before"),
        ({"ipPools": [*GIVEN, {"start": "10.70.0.19", "end": "10.70.0.20"}]}, "overlap"),
        ({"cidr": "10.99.0.0/24", "ipPools": GIVEN}, "not in subnet"),
    ],
)
def test_ranges_that_cannot_be(avi_world: Any, network: Json, problem: str) -> None:
    there = ConfigPoolWorld(avi_world, **network)
    answer = there.run("config-pools", "default")
    assert answer.reason == "ConfigInvalid"
    assert "AKODeploymentConfig/default: spec.dataNetwork" in answer.message
    assert problem in answer.message
    assert not there.pools


def test_the_config_says_what_is_wrong_with_its_pools(avi_world: Any) -> None:
    there = ConfigPoolWorld(avi_world, ipPools=GIVEN)
    assert avi_ready(there) == ("True", "Usable")
    subnet = there.network()["configured_subnets"][0]
    theirs = [entry("10.70.0.15", "10.70.0.30")]
    there.put(configured_subnets=[{**subnet, "static_ip_ranges": theirs}])
    there.settle()
    assert there.ready(there.pool) == ("False", "Overlap")
    assert avi_ready(there) == ("False", "Overlap")
    there.edit(dataNetwork=NETWORK | {"ipPools": GIVEN, "cidr": "10.99.0.0/24"})
    assert avi_ready(there) == ("False", "ConfigInvalid")


def avi_ready(there: ConfigPoolWorld) -> tuple[str, str]:
    """The config's own condition."""
    there.run("configs", "default")
    (config,) = there.world.management.objects(kube_resource.AKO_DEPLOYMENT_CONFIGS)
    listed = config["status"]["conditions"]
    condition = next(candidate for candidate in listed if candidate["type"] == "AviReady")
    return condition["status"], condition["reason"]


def test_a_death_at_any_call_ends_as_without_it(avi_world: Any) -> None:
    def begun(scene: str) -> ConfigPoolWorld:
        there = ConfigPoolWorld(avi_world, ipPools=GIVEN)
        if scene == "new":
            return there
        there.settle()
        if scene == "gone":
            there.remove_config()
        else:
            there.edit(dataNetwork={"name": "vip-edge2", "cidr": "10.71.0.0/24", "ipPools": None})
        return there

    for scene in ("new", "moved", "gone"):
        undisturbed = begun(scene)
        before = len(undisturbed.world.calls.made)
        undisturbed.run("config-pools", "default")
        made = undisturbed.world.calls.made[before:]
        undisturbed.settle()
        for number, call in enumerate(made, start=1):
            # Before a read everything is as after the call before it.
            moments: tuple[calls.Moment, ...] = ("before", "after") if call.write else ("after",)
            for moment in moments:
                there = begun(scene)
                there.world.calls.fail(number, moment, calls.Crash())
                plugin = there.world.plugin()
                attempt = verbs.try_reconcile(plugin, "config-pools", "default", there.world)
                there.world.run(attempt)
                there.world.calls.heal()
                there.settle()
                assert there.world.state() == undisturbed.world.state(), (scene, number, moment)


def test_names_fit_and_tell_places_apart() -> None:
    def name(of: str, cloud: str = "c", network: str = "n") -> str:
        spec = config.AviSpec(cloud_name=cloud, data_network=config.DataNetwork(name=network))
        return inline_pools.data_name(of, spec)

    assert len({name("a"), name("b"), name("a", "d"), name("a", network="m")}) == 4
    assert name("a") == name("a")
    assert name("a", network="") == ""
    long = name("a." * 126)
    assert len(long) < 253
    assert ".-" not in long


def test_keys() -> None:
    registration = configs.registration()
    config_ = builders.config()
    assert registration.keys(kube_resource.AKO_DEPLOYMENT_CONFIGS, config_) == ("default",)
    pool = {"metadata": {"name": "x", "annotations": {"akoo.io/config": "edge"}}}
    assert registration.keys(resources.AVI_IP_POOLS, pool) == ("edge",)
    assert registration.keys(resources.AVI_IP_POOLS, {"metadata": {"name": "x"}}) == ()
    spec = structs.to_object(builders.record_spec())
    assert registration.keys(kube_resource.AKO_DEPLOYMENTS, {"metadata": {}, "spec": spec}) == (
        "default",
    )
