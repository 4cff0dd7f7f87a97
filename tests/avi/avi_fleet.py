"""The whole operator with AKO and the Avi plugin, on the controller of an AviWorld, in memory."""

from __future__ import annotations

import pathlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

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
CRDS = pathlib.Path(__file__).parents[2] / "deploy" / "crds"


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


Fleet = TypeVar("Fleet", bound=AviFleet)


def play(world: World, story: Callable[[AviFleet], Awaitable[None]]) -> None:
    """The story in virtual time, on a fleet that is torn down after it."""
    play_on(lambda clock: AviFleet(clock, world), story)


def play_on(
    make: Callable[[virtual_time.LoopClock], Fleet], story: Callable[[Fleet], Awaitable[None]]
) -> None:
    """The same on another fleet."""

    async def main(clock: virtual_time.LoopClock) -> None:
        avi_fleet = make(clock)
        async with avi_fleet.fleet:
            await story(avi_fleet)

    virtual_time.run(main)


async def ako_works(avi_fleet: AviFleet, name: str = "shop") -> None:
    """The objects that an AKO makes on Avi."""
    cluster_name, place = avi_fleet.cluster_name(name), avi_fleet.placed(name).place
    group = f"/api/serviceenginegroup/{place.se_group_uuid}"
    for kind, more in (("pool", {}), ("virtualservice", {"se_group_ref": group})):
        body = {
            "name": f"{cluster_name}--default-web",
            "created_by": f"ako-{cluster_name}",
            "cloud_ref": "/api/cloud?name=vc-01",
            "markers": [{"key": "clustername", "values": [cluster_name]}],
            **more,
        }
        await avi_fleet.avi.create(kind, body, tenant=place.tenant_uuid)
