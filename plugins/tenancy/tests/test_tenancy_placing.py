"""The place of an account: confirmed by the shared snapshot, read where that differs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from akoo_avi.client import AviClient
from akoo_avi.client.access.reach import Reach
from akoo_tenancy.live import placing
from akoo_tenancy.live.snapshot import Snapshots
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec import wanted
from akoo_tenancy.spec.facts import Stored

from akoo_core.plugin import api
from akoo_core.plugin.clock import ManualClock
from akoo_core.testing import verbs
from tests.tenancy.tenancy_fleet import ADDRESS
from tests.tenancy.tenancy_world import TenancyWorld


class Avi:
    """A controller with one tenant; every read is counted."""

    address = ADDRESS

    def __init__(self) -> None:
        self.cluster = "cluster-1"
        self.tenants = {"blue": {"name": "blue", "uuid": "tenant-1", "config_settings": {}}}
        self.reads: list[str] = []

    async def version(self) -> str:
        return "30.2.2"

    async def get(self, path: str, **_: Any) -> dict[str, Any]:
        self.reads.append(path)
        return {"uuid": self.cluster}

    async def list(
        self, kind: str, *, params: dict[str, str] | None = None, **_: Any
    ) -> tuple[dict[str, Any], ...]:
        self.reads.append(f"{kind} {(params or {}).get('name', '')}".strip())
        return tuple(map(dict, self.tenants.values())) if kind == "tenant" else ()


class Place:
    """A config, a controller, and the place that was found there."""

    def __init__(self) -> None:
        world = TenancyWorld()
        self.avi = Avi()
        self.clock = ManualClock()
        plugin = world.plugin()
        self.view = verbs.view_of(plugin, world)
        asked = wanted.of_view(self.view)
        assert asked.reach is not None
        self.way = placing.Way(asked=asked, reach=asked.reach, controller=None)
        self.tools = SimpleNamespace(snapshots=Snapshots())

    async def find(self, before: Stored | None) -> Stored:
        self.avi.reads.clear()
        ctx = cast(api.VerbContext, SimpleNamespace(view=self.view, clock=self.clock))
        avi = cast(AviClient, self.avi)
        return await placing.find(ctx, cast(Tools, self.tools), avi, self.way, before)


READ = ["cluster", "tenant blue"]
PAGES = ["user", "role", "cluster", "tenant", "useractivity"]


async def test_a_new_place_is_read() -> None:
    place = Place()
    first = await place.find(None)
    assert [row.uuid for row in first.tenants] == ["tenant-1"]
    assert place.avi.reads == READ


async def test_a_known_place_costs_pages_for_all_clusters_together() -> None:
    place = Place()
    first = await place.find(None)
    assert await place.find(first) == first
    assert place.avi.reads == PAGES
    assert await place.find(first) == first
    assert place.avi.reads == []


def another_tenant(place: Place) -> None:
    place.avi.tenants["blue"]["uuid"] = "tenant-2"


def another_controller(place: Place) -> None:
    place.avi.cluster = "cluster-2"


def own_engines(place: Place) -> None:
    place.avi.tenants["blue"]["config_settings"] = {"se_in_provider_context": False}


def another_way(place: Place) -> None:
    credential = place.way.reach.credential
    place.way = place.way._replace(reach=Reach(address="another", credential=credential))


@pytest.mark.parametrize("change", [another_tenant, another_controller, own_engines, another_way])
async def test_a_difference_is_read_from_the_controller(change: Any) -> None:
    place = Place()
    first = await place.find(None)
    change(place)
    assert await place.find(first) != first
    assert place.avi.reads == [*PAGES, *READ]


async def test_an_old_snapshot_is_no_reason_to_leave_a_place() -> None:
    """It is from before the relocation: what was read since then counts."""
    place = Place()
    await place.find(await place.find(None))
    another_tenant(place)
    second = await place.find(None)
    assert await place.find(second) == second
    assert place.avi.reads == READ
