"""confirm and release, the way to a controller while leaving, and death at any call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from akoo_avi.ownership import claim
from akoo_avi.plugin import AviPlugin
from akoo_avi.spec import names
from akoo_testbed.avisim import Controller

from akoo_core import structs
from akoo_core.kube import resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin_host import caller
from akoo_core.testing import builders, calls, verbs

World = Any
LEAVES = ("confirm", "sweep", "verify", "release")


def living(avi_world: World, **more: Any) -> World:
    """A cluster that was placed and claimed, with one virtual service of its AKO."""
    world = avi_world(**more)
    assert isinstance(world.settled(), api.Done)
    deploy(world, world.record_name)
    return world


def deploy(world: World, cluster_name: str, cloud: str = "vc-01") -> None:
    """A pool, as an AKO of that cluster name makes it."""
    body = {
        "name": f"{cluster_name}--default-web",
        "created_by": f"ako-{cluster_name}",
        "cloud_ref": f"/api/cloud?name={cloud}",
        "markers": [{"key": "clustername", "values": [cluster_name]}],
    }
    world.do(lambda avi: avi.create("pool", body, tenant="admin"))


class TestConfirm:
    def test_ours(self, avi_world: World) -> None:
        world = living(avi_world)
        world.leave()
        assert isinstance(world.call("confirm"), api.Done)

    def test_never_placed(self, avi_world: World) -> None:
        world = avi_world({"cloudName": "no"})
        world.spec = structs.replace(world.spec, workload=None)
        world.call("prepare")
        world.leave()
        for verb in LEAVES:
            answer = world.call(verb)
            assert isinstance(answer, api.Done | api.Proof), verb
        assert [call for call in world.calls.made if call.write] == []

    @pytest.mark.parametrize(
        "spec", [{}, {"workload": None, "history_unknown": True}], ids=["deployed", "lost"]
    )
    def test_no_place_proves_nothing_where_ako_may_have_been(
        self, avi_world: World, spec: dict[str, Any]
    ) -> None:
        world = avi_world({"cloudName": "no"})
        world.spec = structs.replace(world.spec, **spec)
        world.leave()
        answer = world.call("verify")
        assert isinstance(answer, api.Unverified)
        assert answer.reason == "PlacementMissing"
        let_go = record.StoredLetGo(at=builders.CREATED, why="Deadline")
        world.leave(let_go=let_go)
        answer = world.call("verify")
        assert isinstance(answer, api.Proof), "nobody waits for it any more"
        assert answer.unseen

    def test_an_adopted_install_that_was_never_placed_proves_nothing(
        self, avi_world: World
    ) -> None:
        world = avi_world({"cloudName": "no"}, ako_cluster_name="my-cluster")
        world.leave()
        answer = world.call("verify")
        assert isinstance(answer, api.Unverified)
        assert answer.reason == "PlacementMissing"

    def test_a_lost_claim_holds_while_there_is_something(self, avi_world: World) -> None:
        world = living(avi_world)
        drop(world)
        world.leave()
        assert world.call("confirm").reason == "ClaimLost"
        (pool,) = world.named("pool", f"{world.record_name}--default-web")
        world.do(lambda avi: avi.delete("pool", pool["uuid"], tenant="admin"))
        answer = world.call("confirm")
        assert isinstance(answer, api.Done)
        ref = world.spec.cluster_ref
        command = f"akoo-core adopt {ref.namespace}/{ref.name} --former {world.spec.management_id}"
        assert command in answer.message, "told from the moment that it is known"
        assert world.claims == []

    def test_a_lost_claim_holds_what_lives_on(self, avi_world: World) -> None:
        """AKO is not taken from a living cluster before somebody said whose it is."""
        world = avi_world()
        world.settled()
        drop(world)
        world.leave("Unmatched")
        assert world.call("confirm").reason == "ClaimLost"
        world.adopted(world.spec.management_id)
        assert isinstance(world.call("confirm"), api.Done)
        assert len(world.claims) == 1

    def test_one_that_was_handed_over_says_so_before_anything_goes(self, avi_world: World) -> None:
        world = living(avi_world, management_id="m-old")
        world.adopted("m-old", management_id="m-new")
        world.leave()
        assert isinstance(world.call("confirm"), api.Done)
        (stored,) = world.claims
        assert claim.read(world.record_name, [stored | {"tenant_ref": ""}]) == claim.Claim(
            management_id="m-new", epoch=2, uuid=stored["uuid"]
        )

    def test_the_claim_of_another_holds(self, avi_world: World) -> None:
        world = living(avi_world)
        world.spec = structs.replace(world.spec, management_id="m-stranger")
        world.leave()
        assert world.call("confirm").reason == "ClaimedElsewhere"

    def test_a_name_that_a_stranger_uses_too(self, avi_world: World) -> None:
        world = living(avi_world, ako_cluster_name="my-cluster")
        world.leave()
        answer = world.call("confirm")
        assert (answer.reason, "nobody named" in answer.message) == ("NameNotExclusive", True)
        world.sweep_tenants = ("admin", "blue")
        assert isinstance(world.call("confirm"), api.Done)
        deploy(world, "my-cluster", "Default-Cloud")
        answer = world.call("confirm")
        assert answer.reason == "NameNotExclusive"
        assert "my-cluster" in answer.message


class TestName:
    """A clusterName that akoo-core did not make."""

    def test_observe_shows_whose_it_is_and_prepare_keeps_that(self, avi_world: World) -> None:
        """prepare has no workload cluster, so that it can compare nothing itself."""
        world = avi_world(ako_cluster_name="my-cluster")
        assert isinstance(world.settled(), api.Done)
        assert not uses(verbs.run_verb(world.plugin(), "prepare", world).facts)
        alone = verbs.run_verb(world.plugin(), "observe", world)
        assert uses(alone.facts) == [True]
        assert uses(verbs.run_verb(world.plugin(), "prepare", world).facts) == [True]
        deploy(world, "my-cluster", "Default-Cloud")
        again = verbs.run_verb(world.plugin(), "observe", world)
        assert uses(again.facts) == [True], "it is asked once"

    def test_a_shared_one_is_kept_until_it_is_compared_anew(self, avi_world: World) -> None:
        world = living(avi_world, ako_cluster_name="my-cluster")
        deploy(world, "my-cluster", "Default-Cloud")
        shared = verbs.run_verb(world.plugin(), "observe", world)
        assert uses(shared.facts) == [False]
        world.reachable = False
        for verb in ("prepare", "observe"):
            assert uses(verbs.run_verb(world.plugin(), verb, world).facts) == [False], verb
        for pool in world.named("pool", "my-cluster--default-web"):
            world.do(lambda avi, pool=pool: avi.delete("pool", pool["uuid"], tenant="admin"))
        world.reachable = True
        assert uses(verbs.run_verb(world.plugin(), "observe", world).facts) == [True]


def uses(facts: tuple[api.Fact, ...]) -> list[bool]:
    return [fact.exclusive for fact in facts if isinstance(fact, api.ClusterNameUse)]


class TestRelease:
    def test_the_claim_goes_once_it_was_confirmed(self, avi_world: World) -> None:
        world = living(avi_world)
        world.leave()
        assert isinstance(world.call("release"), api.Done)
        assert len(world.claims) == 1
        world.call("confirm")
        assert isinstance(world.call("release"), api.Done)
        assert world.claims == []
        assert isinstance(world.call("release"), api.Done)

    @pytest.mark.parametrize(
        "change", [{"management_id": "m-other"}, {"epoch": 0}], ids=["of another", "of a newer"]
    )
    def test_a_claim_that_is_not_ours_stays(self, avi_world: World, change: Any) -> None:
        world = living(avi_world)
        world.leave(confirmed_at=builders.CREATED)
        world.spec = structs.replace(world.spec, **change)
        answer = world.call("release")
        assert isinstance(answer, api.Done)
        assert answer.message.startswith("The claim is left")
        assert len(world.claims) == 1


class TestWay:
    def test_the_secret_went_first(self, avi_world: World) -> None:
        world = living(avi_world)
        plugin = world.plugin()
        world.call("observe", plugin)
        world.run(delete_secret(world))
        assert world.call("prepare", plugin).reason == "SecretMissing"
        world.leave()
        assert isinstance(world.call("confirm", plugin), api.Done)
        assert world.call("confirm").reason == "SecretMissing"  # a new process has no memory

    def test_the_address_changed_and_it_was_not_stored(self, avi_world: World) -> None:
        world = living(avi_world)
        world.addresses["new.example.com"] = world.addresses.pop("avi.example.com")
        world.leave()
        assert world.call("confirm").reason == "ControllerUnreachable"
        world.edit(controller="new.example.com")
        assert isinstance(world.call("confirm"), api.Done)
        world.config = {}
        assert world.call("confirm").reason == "ControllerUnreachable"

    def test_another_controller_answers_there(self, avi_world: World) -> None:
        world = living(avi_world)
        other = world.addresses["avi.example.com"] = Controller(password=avi_password())
        state = other.state
        (cluster,) = state.objects.of_kind("cluster")
        state.objects.remove(cluster.key)
        state.add(state.kinds.kinds["cluster"], "cluster-other", dict(cluster.data))
        world.leave()
        for verb in ("confirm", "sweep", "verify"):
            answer = world.call(verb)
            assert answer.reason == "ControllerChanged", verb
        assert "cluster-other" in answer.message


def avi_password() -> str:
    return builders.canary("admin-password")


async def delete_secret(world: World) -> None:
    client = world.management.client()
    await client.delete(resource.SECRETS, "admin", "avi")


def drop(world: World) -> None:
    (stored,) = world.claims
    world.do(lambda avi: avi.delete(claim.KIND, stored["uuid"], tenant="admin"))


def moments(avi_world: World, verb: str, begin: Any) -> Iterator[tuple[int, calls.Moment]]:
    """Before and after each external call of an undisturbed verb."""
    world = begin(avi_world)
    before = len(world.calls.made)
    world.call(verb)
    for number in range(1, len(world.calls.made) - before + 1):
        yield number, "before"
        yield number, "after"


def prepared(avi_world: World) -> World:
    world = avi_world()
    world.call("prepare")
    return world


def handed_over(avi_world: World) -> World:
    world = avi_world(management_id="m-old")
    world.settled()
    world.adopted("m-old", management_id="m-new")
    return world


def confirmed(avi_world: World) -> World:
    world = living(avi_world)
    world.leave()
    world.call("confirm")
    return world


@pytest.mark.parametrize(
    ("verb", "begin", "claims"),
    [("prepare", prepared, 1), ("prepare", handed_over, 1), ("release", confirmed, 0)],
    ids=["claim", "take over", "release"],
)
def test_a_death_at_any_call_ends_as_without_it(
    avi_world: World, verb: str, begin: Any, claims: int
) -> None:
    undisturbed = begin(avi_world)
    undisturbed.call(verb)
    tried = 0
    for number, moment in moments(avi_world, verb, begin):
        world = begin(avi_world)
        world.calls.fail(number, moment, calls.Crash())
        run = world.run(verbs.try_verb(world.plugin(), verb, world))
        assert isinstance(run.error, calls.Crash)
        world.calls.heal()
        assert isinstance(world.call(verb), api.Done)
        assert world.outside() == undisturbed.outside()
        assert len(world.claims) == claims
        tried += 1
    assert tried > 10


async def _overlay(avi: Any) -> None:
    """Cloud vc-01 becomes one of NSX-T, with a tier-1 router."""
    cloud = (await avi.list("cloud", params={"name": "vc-01"}))[0]
    segments = {
        "segment_config_mode": "TIER1_SEGMENT_MANUAL",
        "manual": {"tier1_lrs": [{"tier1_lr_id": "/infra/tier-1s/t1"}]},
    }
    data = {"tz_type": "OVERLAY", "transport_zone": "tz", "tier1_segment_config": segments}
    body = {**cloud, "vtype": "CLOUD_NSXT", "nsxt_configuration": {"data_network_config": data}}
    await avi.replace("cloud", cloud["uuid"], body, tenant="admin")


def test_contribute_gives_the_management_cluster_its_setting(avi_world: World) -> None:
    changes = {
        "controlPlaneNetwork": {"name": "vip-edge-1", "cidr": "10.70.0.0/24"},
        "extraConfigs": {"networksConfig": {"nsxtT1LR": "/infra/tier-1s/t1"}},
    }
    home = builders.cluster(namespace="tkg-system", name="mc")
    world = avi_world(changes, cluster=home)
    other = avi_world(changes)
    world.do(_overlay)
    other.do(_overlay)
    world.settled()
    (setting,) = world.call("contribute").objects
    assert setting["metadata"] == {"name": "default-ais"}
    assert setting["spec"] == {
        "seGroup": {"name": "seg"},
        "network": {"vipNetworks": [{"networkName": "vip-edge-1", "cidr": "10.70.0.0/24"}]},
        "l7Settings": {"shardSize": "SMALL"},
        "nsxSettings": {"t1lr": "/infra/tier-1s/t1"},
    }
    other.settled()
    assert other.call("contribute") == api.Contribution()


def test_plan_tells_what_would_become_of_the_claim(avi_world: World) -> None:
    world = avi_world()
    world.call("prepare")
    world.call("intend")
    plugin = world.plugin()
    verbs.store_intent(caller_of(plugin), plugin, world)

    def actions() -> Any:
        context = verbs.context_of(plugin, "prepare", world)
        assert isinstance(plugin, AviPlugin)
        return world.run(plugin.plan(context, "prepare"))

    first, *pools = actions()
    name = names.claim(world.record_name)
    assert (first.action, first.kind, first.name) == ("create", "StringGroup", name)
    assert "StringGroup" not in {pool.kind for pool in pools}
    world.call("prepare")
    assert actions()[0].action == "keep"


def caller_of(plugin: api.Plugin) -> Any:
    return caller.VerbCaller(verbs.plugin_set(plugin))


def test_secrets_of_the_stored_way_count_too(avi_world: World) -> None:
    world = avi_world()
    world.settled()
    world.edit(adminCredentialRef={"name": "other", "namespace": "avi"})
    plugin = world.plugin()
    assert plugin.secret_references(verbs.view_of(plugin, world)) == (
        ("avi", "admin"),
        ("avi", "ca"),
        ("avi", "other"),
    )
