"""The whole operator with both plugins: placed, deployed, moved, left, proved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.avi.avi_fleet import AviFleet, ako_works, play

World = Any
LONGEST_DELETION_SECONDS = 46.0
"""The quiet period of 30 s, and the time in which the last Machine goes and is missed."""


def test_a_life(avi_world: World) -> None:
    async def story(avi_fleet: AviFleet) -> None:
        fleet = avi_fleet.fleet
        await fleet.create_config(avi_fleet.config())
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running")
        await ako_works(avi_fleet)
        (claim,) = avi_fleet.claims("shop")
        assert claim["markers"][0]["values"] == [avi_fleet.cluster_name("shop")]
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop")
        await fleet.until_phase("shop", "Finished")
        assert avi_fleet.left("shop") == []
        state = avi_fleet.record("shop").spec.leaving
        assert state is not None
        assert state.proof is not None
        assert state.proof.clean
        assert state.let_go is not None
        assert state.let_go.why == "Proven"

    play(avi_world(), story)


@pytest.mark.parametrize("silent", [False, True], ids=["answers", "silent"])
def test_a_deletion_waits_for_no_fence_that_cannot_come(avi_world: World, silent: bool) -> None:
    """The API of a workload cluster dies with its Machines: the core's own fence is enough."""

    async def story(avi_fleet: AviFleet) -> None:
        fleet = avi_fleet.fleet
        await fleet.create_config(avi_fleet.config())
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running")
        await ako_works(avi_fleet)
        for workload in fleet.capi.workloads.values():
            workload.silent = silent
        begun = fleet.clock.monotonic()
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop")
        assert fleet.clock.monotonic() - begun <= LONGEST_DELETION_SECONDS
        assert avi_fleet.left("shop") == []
        state = avi_fleet.record("shop").spec.leaving
        assert state is not None
        assert state.fence is not None
        assert state.let_go is not None
        assert (state.fence.grade, state.let_go.why) == ("Gone", "Proven")
        assert {name: fence.grade for name, fence in state.fences.items()} == {"ako": "Unfenced"}

    play(avi_world(), story)


def test_a_config_that_leads_nowhere_deploys_nothing_and_holds_nothing(avi_world: World) -> None:
    async def story(avi_fleet: AviFleet) -> None:
        fleet = avi_fleet.fleet
        await fleet.create_config(avi_fleet.config(cloudName="vc-1"))
        await fleet.create_cluster("shop")
        await fleet.until(lambda: avi_fleet.reason("shop", "AviReady") == "CloudNotFound")
        assert avi_fleet.reason("shop", "AkoReady") == "PlacementAwaited"
        assert avi_fleet.config_map("shop") is None
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop", seconds=600)

    play(avi_world(), story)


def test_a_mistake_in_mid_life_reaches_no_ako(avi_world: World) -> None:
    async def story(avi_fleet: AviFleet) -> None:
        fleet = avi_fleet.fleet
        await fleet.create_config(avi_fleet.config())
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running")
        before = avi_fleet.config_map("shop"), avi_fleet.record("shop").spec.intents["avi"]
        await fleet.change_config({"dataNetwork": {"name": "vip-edge"}})
        await fleet.until(lambda: avi_fleet.reason("shop", "AviReady") == "NetworkNotFound")
        await fleet.change_config({"dataNetwork": {"name": "vip-edge-1"}})
        await fleet.until(lambda: avi_fleet.reason("shop", "AviReady") == "Ready")
        assert (
            avi_fleet.config_map("shop"),
            avi_fleet.record("shop").spec.intents["avi"],
        ) == before

    play(avi_world(), story)


def test_another_group_is_another_place_and_the_old_one_is_left_clean(avi_world: World) -> None:
    async def story(avi_fleet: AviFleet) -> None:
        fleet = avi_fleet.fleet
        await fleet.create_config(avi_fleet.config())
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running")
        await ako_works(avi_fleet)
        old = avi_fleet.record("shop").spec.intents["avi"].placement
        await fleet.change_config({"serviceEngineGroup": "Default-Group"})
        await fleet.until(lambda: bool(avi_fleet.record("shop").spec.ended_placements))
        await fleet.until_phase("shop", "Running")
        await fleet.until(
            lambda: avi_fleet.group_name(avi_fleet.config_map("shop")) == "Default-Group"
        )
        (ended,) = avi_fleet.record("shop").spec.ended_placements
        assert (ended.plugin, ended.placement, ended.how) == ("avi", old, "Proved")
        assert [obj["name"] for obj in avi_fleet.left("shop")] == [
            f"akoo-claim-{avi_fleet.cluster_name('shop')}"
        ]
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop")
        await fleet.until_phase("shop", "Finished")
        assert avi_fleet.left("shop") == []

    play(avi_world(), story)


def test_another_address_of_the_same_is_none(avi_world: World) -> None:
    async def story(avi_fleet: AviFleet) -> None:
        fleet = avi_fleet.fleet
        await fleet.create_config(avi_fleet.config())
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running")
        avi_fleet.world.addresses["avi-2.example.com"] = avi_fleet.world.avi
        await fleet.change_config({"controller": "avi-2.example.com"})
        await fleet.until(
            lambda: (avi_fleet.config_map("shop") or {}).get("controllerIP") == "avi-2.example.com"
        )
        assert avi_fleet.record("shop").spec.ended_placements == ()
        assert avi_fleet.placed("shop").reach.address == "avi-2.example.com"
        assert len(avi_fleet.claims("shop")) == 1

    play(avi_world(), story)
