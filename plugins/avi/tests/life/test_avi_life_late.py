"""An adopted AKO whose cluster leaves before it was placed: its place is looked for in confirm."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.ownership import claim
from akoo_avi.spec import placement

from akoo_core import structs
from akoo_core.plugin import api

World = Any
NAME = "team-a-shop"
POOL = f"{NAME}--team-a-web"
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "team-a"},
}


def left(avi_world: World, **more: Any) -> World:
    """A cluster that leaves, with a virtual service of its AKO in the cloud of its config."""
    world = avi_world(ako_cluster_name=NAME, plugins=None, **more)
    markers = {
        "clustername": NAME,
        "Namespace": "team-a",
        "ServiceName": "web",
    }
    body = {
        "name": POOL,
        "created_by": f"ako-{NAME}",
        "cloud_ref": "/api/cloud?name=vc-01",
        "markers": [{"key": key, "values": [value]} for key, value in markers.items()],
    }
    world.do(lambda avi: avi.create("pool", body, tenant="admin"))
    world.leave()
    return world


def confirmed(world: World) -> Any:
    """The answer of confirm once the place is stored."""
    answer = world.call("confirm")
    assert (answer.reason, world.claims_of(NAME)) == ("PlacementFound", [])
    return world.call("confirm")


def use(world: World) -> api.ClusterNameUse:
    stored = world.spec.facts[api.ClusterNameUse.fact_name]
    return structs.convert(stored.data, api.ClusterNameUse)


def test_what_is_shown_to_be_its_own_is_cleaned_up(avi_world: World) -> None:
    world = left(avi_world, workload=(SERVICE,))
    assert isinstance(confirmed(world), api.Done)
    assert use(world).exclusive
    assert len(world.claims_of(NAME)) == 1
    assert isinstance(world.call("sweep"), api.Done)
    assert world.named("pool", POOL) == []
    proof = world.call("verify")
    assert isinstance(proof, api.Proof)
    assert (proof.own, proof.unseen) == (0, ())
    assert isinstance(world.call("release"), api.Done)
    assert world.claims_of(NAME) == []


def test_the_object_of_a_service_that_is_not_there_stays(avi_world: World) -> None:
    world = left(avi_world)
    assert isinstance(confirmed(world), api.Done)
    assert not use(world).exclusive
    world.call("sweep")
    assert len(world.named("pool", POOL)) == 1
    proof = world.call("verify")
    assert proof.unseen
    assert POOL in proof.unseen[0]


def test_a_workload_cluster_that_is_silent_is_waited_for_and_then_nothing_goes(
    avi_world: World,
) -> None:
    world = left(avi_world, workload=(SERVICE,), reachable=False)
    answer = confirmed(world)
    assert (answer.reason, len(world.claims_of(NAME))) == ("WorkloadUnreachable", 1)
    world.clock.advance(120)
    assert isinstance(world.call("confirm"), api.Done)
    assert POOL in use(world).objects[0]
    world.call("sweep")
    assert len(world.named("pool", POOL)) == 1
    assert world.call("verify").unseen


def test_a_claim_of_somebody_else_holds_it(avi_world: World) -> None:
    world = left(avi_world, workload=(SERVICE,))
    body = claim.body(NAME, "another", 1)
    world.do(lambda avi: avi.create("stringgroup", body, tenant="admin"))
    world.call("confirm")
    assert world.call("confirm").reason == "ClaimedElsewhere"
    assert isinstance(world.call("sweep"), api.Blocked)
    assert len(world.named("pool", POOL)) == 1


def test_a_config_that_is_wrong_says_so(avi_world: World) -> None:
    world = left(avi_world, changes={"cloudName": "vc-02"})
    answer = world.call("confirm")
    assert isinstance(answer, api.Blocked)
    assert "vc-02" in answer.message
    assert placement.AviTarget.fact_name not in world.spec.facts


@pytest.mark.parametrize("config", [True, False])
def test_a_name_of_ours_and_a_cluster_without_a_config_have_no_place(
    avi_world: World, config: bool
) -> None:
    world = avi_world() if config else avi_world(ako_cluster_name=NAME, config={})
    world.leave()
    assert isinstance(world.call("confirm"), api.Done)
    assert world.spec.facts == {}
