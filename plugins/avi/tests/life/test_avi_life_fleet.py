"""The whole operator with both plugins: placed, deployed, moved, left, proved."""

from __future__ import annotations

import pathlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import yaml
from akoo_ako.plugin import AkoPlugin
from akoo_avi.spec import placement
from akoo_avi.testing import MemoryAvi

from akoo_core import settings, structs, testing
from akoo_core.kube import resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders, virtual_time

World = Any
CRDS = pathlib.Path(__file__).parents[4] / "deploy" / "crds"


class AviFleet:
    """A fleet, and the controller that an AviWorld furnished."""

    def __init__(self, clock: virtual_time.LoopClock, world: World) -> None:
        self.world = world
        self.fleet = testing.Fleet(
            clock,
            self.plugins,
            settings=settings.Settings(allowed_secret_namespaces=("avi",)),
        )
        for name in ("avicontrollers", "aviippools"):
            path = CRDS / f"{name}.yaml"
            if path.exists():
                self.fleet.management.seed(yaml.safe_load(path.read_text()))
        account = builders.secret("avi", "shop", username="shop", password="ako")
        self.fleet.management.seed(*self.world.secrets, account)

        self.avi = MemoryAvi(self.world.avi, password=builders.canary("admin-password"))

    def record(self, name: str) -> record.Record:
        stored = self.fleet.record(name)
        assert stored is not None
        return stored

    def placed(self, name: str) -> placement.Stored:
        return structs.convert(self.record(name).spec.intents["avi"].data, placement.Stored)

    def cluster_name(self, name: str) -> str:
        return self.record(name).spec.ako_cluster_name

    def reason(self, name: str, condition: str) -> str:
        stored = self.fleet.record(name)
        listed = stored.status.conditions if stored else ()
        return next((c.reason for c in listed if c.type == condition), "")

    def config_map(self, name: str) -> dict[str, str] | None:
        """The settings that AKO reads."""
        server = self.fleet.workload(name)
        assert server is not None
        config_maps = server.objects(resource.CONFIG_MAPS, "avi-system")
        return next((config_map["data"] for config_map in config_maps), None)

    def group_name(self, data: dict[str, str] | None) -> str:
        return (data or {}).get("serviceEngineGroupName", "")

    def left(self, name: str) -> list[dict[str, Any]]:
        """All on Avi that has this cluster's mark."""
        mark = {"key": "clustername", "values": [self.cluster_name(name)]}
        everything = self.world.avi.state.objects.everything().values()
        return [obj.data for obj in everything if mark in obj.data.get("markers", ())]

    def claims(self, name: str) -> list[dict[str, Any]]:
        return self.world.named("stringgroup", f"akoo-claim-{self.cluster_name(name)}")  # type: ignore[no-any-return]

    def plugins(self) -> Sequence[api.Plugin]:
        return [AkoPlugin(), self.world.plugin()]

    def config(self, **changes: Any) -> dict[str, Any]:
        ref = {"name": "shop", "namespace": "avi"}
        return {**self.world.config["spec"], "workloadCredentialRef": ref, **changes}


def play(world: World, story: Callable[[AviFleet], Awaitable[None]]) -> None:
    """The story in virtual time, on a fleet that is torn down after it."""

    async def main(clock: virtual_time.LoopClock) -> None:
        avi_fleet = AviFleet(clock, world)
        async with avi_fleet.fleet:
            await story(avi_fleet)

    virtual_time.run(main)


async def ako_works(avi_fleet: AviFleet, name: str = "shop") -> None:
    """The objects that an AKO makes on Avi."""
    cluster_name = avi_fleet.cluster_name(name)
    group = f"/api/serviceenginegroup/{avi_fleet.placed(name).place.se_group_uuid}"
    for kind, more in (("pool", {}), ("virtualservice", {"se_group_ref": group})):
        body = {
            "name": f"{cluster_name}--default-web",
            "created_by": f"ako-{cluster_name}",
            "cloud_ref": "/api/cloud?name=vc-01",
            "markers": [{"key": "clustername", "values": [cluster_name]}],
            **more,
        }
        await avi_fleet.avi.create(kind, body, tenant="admin")


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
