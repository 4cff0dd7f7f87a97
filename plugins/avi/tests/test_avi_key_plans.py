"""`akoo-core plan --kind`: the plans of pools and of configs are what the next attempt does."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from akoo_avi.pools import configs
from akoo_avi.pools import planned as pool_plans
from akoo_avi.spec import resources
from akoo_avi.testing.pool_world import PoolWorld, pool, using

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.testing import builders

FIRST, SECOND = "10.70.0.10-10.70.0.19", "10.70.0.40-10.70.0.49"


def plan(world: PoolWorld, name: str = "edge") -> list[tuple[str, str]]:
    """The changes of a plan, which itself writes nothing."""
    before = world.writes
    run = testing.run_key_plan(world.plugin(), "ip-pools", name, world)
    assert world.writes == before
    assert run.writes == ()
    return [(action.kind, action.why) for action in run.actions if action.action != "keep"]


def kept(world: PoolWorld, name: str = "edge") -> list[str]:
    """The reasons of what stays."""
    actions = testing.run_key_plan(world.plugin(), "ip-pools", name, world).actions
    return [action.why for action in actions if action.action == "keep"]


def test_a_new_pool_and_an_edit_of_it() -> None:
    world = PoolWorld(pool("edge", FIRST))
    assert plan(world) == [
        ("Network", "add subnet 10.70.0.0/24: AviIPPool/edge wants it, and it is not there"),
        ("Network", f"add {FIRST} (Both): AviIPPool/edge gives it"),
        (
            "IpamDnsProviderProfile",
            'add "vip" to the usable networks: AviIPPool/edge wants it usable',
        ),
    ]
    world.run_pool()
    assert world.ranges == {FIRST}
    assert plan(world) == []
    changed = pool("edge", SECOND)["spec"]["subnets"]
    world.edit({"subnets": changed})
    reasons = [why.split(":")[0] for _, why in plan(world)]
    assert reasons == [f"add {SECOND} (Both)", f"take out {FIRST} (Both)"]
    world.run_pool()
    assert (world.ranges, plan(world)) == ({SECOND}, [])


def test_a_deleted_pool() -> None:
    world = PoolWorld(pool("edge", FIRST))
    world.run_pool()
    world.delete()
    assert [why.split(":")[0] for _, why in plan(world)] == [
        f"take out {FIRST} (Both)",
        "take out subnet 10.70.0.0/24",
        'take "vip" out of the usable networks',
    ]
    world.run_pool()
    assert (world.gone(), world.ranges, world.usable()) == (True, set(), False)


def test_addresses_in_use_keep_a_range_of_a_deleted_pool() -> None:
    world = PoolWorld(pool("edge", FIRST, SECOND))
    world.run_pool()
    world.take("shop", "10.70.0.10")
    world.delete()
    assert [why.split(":")[0] for _, why in plan(world)][:1] == [f"take out {SECOND} (Both)"]
    (waiting,) = (why for why in kept(world) if "shop" in why)
    assert waiting.startswith(f"{FIRST} (Both) of AviIPPool/edge goes once its addresses do")


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        ("akoo.io/let-go", "it is let go: the controller burnt. Its ranges on Avi stay."),
        (
            "clusterctl.cluster.x-k8s.io/delete-for-move",
            "clusterctl moved it. Its ranges on Avi stay.",
        ),
    ],
)
def test_ranges_of_a_pool_that_is_let_go_stay(annotation: str, why: str) -> None:
    world = PoolWorld(pool("edge", FIRST))
    world.run_pool()
    world.edit({"annotations": {annotation: "the controller burnt"}}, kind="metadata")
    world.delete()
    assert (plan(world), kept(world)) == ([], [why])


def test_a_deleted_pool_waits_for_its_clusters() -> None:
    world = PoolWorld(pool("edge", FIRST))
    world.run_pool()
    world.management.seed(using("edge", world))
    world.delete()
    assert plan(world) == []
    assert kept(world)[0].startswith("It is needed by 1 AKODeployment (")


def test_a_pool_that_cannot_be_looked_at_has_no_plan() -> None:
    world = PoolWorld(pool("edge", FIRST, network={"name": "vipp"}))
    with pytest.raises(VerbError, match='network "vipp" does not exist') as caught:
        plan(world)
    assert "NetworkNotFound" in str(caught.value.__cause__.reason)  # type: ignore[union-attr]
    assert plan(world, "gone") == []


class ConfigPools(api.Plugin):
    """The controller that makes pools for configs, alone."""

    name = "avi"
    rbac = (*configs.RIGHTS, *PoolWorld().plugin().rbac)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (configs.registration(pool_plans.of_config),)


def config_actions(world: testing.World) -> list[tuple[str, str]]:
    actions = testing.run_key_plan(ConfigPools(), "config-pools", "default", world).actions
    return [(action.action, action.why) for action in actions]


def reconciled(world: testing.World) -> list[dict[str, Any]]:
    testing.run_reconcile(ConfigPools(), "config-pools", "default", world)
    return world.management.objects(resources.AVI_IP_POOLS)


def test_pools_of_a_config() -> None:
    spec = {
        "controller": "avi.example.com",
        "cloudName": "vc-01",
        "adminCredentialRef": {"namespace": "avi", "name": "account"},
        "dataNetwork": {"name": "vip", "cidr": "10.70.0.0/24"},
    }
    config = builders.config(spec)
    kinds = [resources.AVI_CONTROLLERS, resources.AVI_IP_POOLS]
    world = testing.World(config=config, resources=kinds)
    config["metadata"].pop("resourceVersion", None)
    world.management.seed(copy.deepcopy(config))
    assert config_actions(world) == [
        ("create", "AKODeploymentConfig/default says so; it gives no ranges")
    ]
    assert len(reconciled(world)) == 1
    ((action, _),) = config_actions(world)
    assert action == "keep"
    spec["dataNetwork"]["name"] = "other"  # type: ignore[index]
    client = world.management.client()
    patch = {"spec": {"dataNetwork": {"name": "other"}}}
    world.run(client.merge_patch(configs.CONFIGS, "default", patch))
    assert [action for action, _ in config_actions(world)] == ["create", "delete"]
    (left,) = reconciled(world)
    assert left["spec"]["network"] == {"name": "other"}
    assert [action for action, _ in config_actions(world)] == ["keep"]
