"""`akoo-core plan`: the claim, and what becomes of the address pools of a cluster's config."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.spec import resources, spans
from akoo_testbed.avisim import client as admins

from akoo_core import testing
from akoo_core.kube import resource as kube_resource
from akoo_core.plugin.errors import VerbError
from akoo_core.testing import builders

Json = dict[str, Any]
PASSWORD = builders.canary("admin-password")
GIVEN = [{"start": "10.70.0.10", "end": "10.70.0.19", "type": "V4"}]
NETWORK = {"name": "vip-edge-1", "cidr": "10.70.0.0/24"}
RANGE = "10.70.0.10-10.70.0.19 (Both)"


def world_of(avi_world: Any, **network: Any) -> Any:
    made = avi_world({"dataNetwork": NETWORK | network})
    metadata = {"name": made.config["metadata"]["name"]}
    made.management.seed({**made.config, "metadata": metadata})
    return made


def plan(world: Any, verb: Any = "prepare") -> list[tuple[str, str, str, str]]:
    actions = testing.run_plan(world.plugin(), verb, world).actions
    return [(action.action, action.kind, action.name, action.why) for action in actions]


def pools(world: Any) -> list[Json]:
    listed: list[Json] = world.management.objects(resources.AVI_IP_POOLS)
    return listed


def settle_pools(world: Any) -> None:
    for _ in range(2):
        testing.run_reconcile(world.plugin(), "config-pools", "default", world)
        for pool in pools(world):
            testing.run_reconcile(world.plugin(), "ip-pools", pool["metadata"]["name"], world)


def test_before_anything_is_there(avi_world: Any) -> None:
    world = world_of(avi_world, ipPools=GIVEN)
    first, made, network, usable = plan(world)
    name = f"akoo-claim-{world.record_name}"
    assert first[:3] == ("create", "StringGroup", name)
    assert "waits: AviIPPool/adc-default-" in first[3]
    assert made[:2] == ("create", "AviIPPool")
    assert made[3] == f"AKODeploymentConfig/default says so; it gives {RANGE}"
    why = f"add {RANGE}: AviIPPool/{made[2]} gives it"
    assert network == ("change", "Network", "vip-edge-1", why)
    assert usable[:3] == ("keep", "IpamDnsProviderProfile", "ipam-vc-01")
    assert pools(world) == [], "nothing was written"


def test_what_is_planned_is_what_comes(avi_world: Any) -> None:
    world = world_of(avi_world, ipPools=GIVEN)
    plan(world)
    settle_pools(world)
    world.settled()
    actions = plan(world)
    assert {action[0] for action in actions} == {"keep"}
    name = pools(world)[0]["metadata"]["name"]
    why = f"{RANGE} is of AviIPPool/{name}: attribute akoo-pool of the network says so"
    assert ("keep", "Network", "vip-edge-1", why) in actions


def test_a_range_of_somebody_else_in_the_way(avi_world: Any) -> None:
    world = world_of(avi_world, ipPools=GIVEN)
    admin = admins.Client(world.avi, password=PASSWORD)
    network = admin.get("network?name=vip-edge-1")["results"][0]
    entry = spans.entry_of(spans.span("10.70.0.15", "10.70.0.30"))
    network["configured_subnets"][0]["static_ip_ranges"] = [entry]
    admin.put(f"network/{network['uuid']}", network)
    rows = [action for action in plan(world) if action[1] == "Network"]
    assert [row[0] for row in rows] == ["keep", "keep"]
    assert "overlaps 10.70.0.15-10.70.0.30 (Both) of no pool of ours" in rows[0][3]


def test_an_edited_config_and_the_pool_of_before(avi_world: Any) -> None:
    world = world_of(avi_world, ipPools=GIVEN)
    settle_pools(world)
    world.settled()
    more = [{"start": "10.70.0.40", "end": "10.70.0.49", "type": "V4"}]
    world.edit(dataNetwork=NETWORK | {"ipPools": more})
    (_, pool, *rows) = plan(world)
    assert pool[0] == "change"
    assert [(row[0], row[3].partition(":")[0]) for row in rows if row[1] == "Network"] == [
        ("change", "add 10.70.0.40-10.70.0.49 (Both)"),
        ("change", f"take out {RANGE}"),
    ]


def test_what_a_person_has_to_mend_is_told_for_the_claim_and_the_pool(avi_world: Any) -> None:
    world = avi_world(plugins={"avi": {"ipPools": ["gone"]}})
    claim, named, *_ = plan(world)
    assert claim[0] == "keep"
    assert claim[3].startswith("not made: AviIPPool/gone does not exist.")
    assert named[1:3] == ("AviIPPool", "gone")
    assert named[3].endswith("names it, and it does not exist. Create it.")


def test_a_cloud_that_is_not_there(avi_world: Any) -> None:
    world = world_of(avi_world)
    world.edit(cloudName="vc-02")
    claim, made, nothing = plan(world)
    assert 'not made: cloud "vc-02" does not exist' in claim[3]
    assert made[0] == "create"
    assert nothing[3].startswith('nothing is done on Avi: cloud "vc-02" does not exist')


def test_a_controller_that_cannot_be_asked_is_said_as_a_condition_would(avi_world: Any) -> None:
    world = world_of(avi_world)
    world.edit(adminCredentialRef={"name": "gone", "namespace": "avi"})
    with pytest.raises(VerbError, match=r"Secret avi/gone"):
        plan(world)


def test_what_becomes_of_the_pools_once_the_cluster_has_left(avi_world: Any) -> None:
    world = world_of(avi_world, ipPools=GIVEN)
    settle_pools(world)
    world.settled()
    name = pools(world)[0]["metadata"]["name"]

    def left() -> tuple[str, str]:
        (row,) = (each for each in plan(world, "sweep") if each[1] == "AviIPPool")
        assert row[2] == name
        return row[0], row[3]

    assert left() == ("keep", "it goes with AKODeploymentConfig/default, which it was made from")
    server = world.management.client()
    world.run(server.delete(kube_resource.AKO_DEPLOYMENT_CONFIGS, "default"))
    action, why = left()
    assert action == "delete"
    assert "no longer gives it" in why
    world.run(server.delete(resources.AVI_IP_POOLS, name))
    assert left() == ("delete", "it is being deleted, and waits for this cluster")
