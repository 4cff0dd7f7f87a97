"""A kind that may be missing: watched once it is served, and required by nobody."""

from __future__ import annotations

import asyncio
import logging

import pytest

from akoo_core import errors
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.plugin_host import controllers, registry, scoped_client
from akoo_core.testing import virtual_time
from akoo_core.testing.memory import BUILT_IN, MemoryServer
from tests.unit.plugin_host.controller_world import ControllerWorld, config_map

NETWORKS = Resource("dc.example", "v1", "networks", "Network", namespaced=False)
SECONDS = 30.0
"""The longest pause between two looks for a kind that is not served."""


def network(name: str) -> dict[str, object]:
    return {"apiVersion": "dc.example/v1", "kind": "Network", "metadata": {"name": name}}


@virtual_time.test
async def test_a_kind_that_is_not_served_keeps_nothing_waiting(
    clock: virtual_time.LoopClock,
) -> None:
    world = ControllerWorld(clock, optional=(NETWORKS,))
    world.server.seed(config_map("a"))
    async with world.running():
        await asyncio.sleep(1)
        assert world.seen == ["a"]
        await asyncio.sleep(3600)
        world.server.served.serve(NETWORKS)
        world.server.seed(network("blue"))
        await asyncio.sleep(SECONDS)
        assert world.seen == ["a", "blue"]
        world.server.seed(network("red"))
        await asyncio.sleep(2)
        assert world.seen == ["a", "blue", "red"]


@virtual_time.test
async def test_a_kind_that_vanishes_stops_being_required(clock: virtual_time.LoopClock) -> None:
    server = MemoryServer(resources=(*BUILT_IN, NETWORKS))
    server.seed(network("blue"), config_map("a"))
    first = ControllerWorld(clock, optional=(NETWORKS,))
    first.server = server
    async with first.running():
        await asyncio.sleep(5)
        assert sorted(first.seen) == ["a", "blue"]
        server.served.stop(NETWORKS)
        server.expire()
        await asyncio.sleep(600)
        await server.client().create(resources.CONFIG_MAPS, config_map("b"), "default")
        await asyncio.sleep(5)
        assert sorted(first.seen) == ["a", "b", "blue"]
    second = ControllerWorld(clock, optional=(NETWORKS,))
    second.server = server
    async with second.running():
        await asyncio.sleep(5)
        assert sorted(second.seen) == ["a", "b"]


@virtual_time.test
async def test_one_that_is_served_is_listed_before_anything_is_reconciled(
    clock: virtual_time.LoopClock,
) -> None:
    world = ControllerWorld(clock, optional=(NETWORKS,))
    world.server.served.serve(NETWORKS)
    for verb in ("list", "watch"):
        world.server.served.deny(verb, "networks.dc.example")
    world.server.seed(config_map("a"))
    async with world.running():
        await asyncio.sleep(60)
        assert world.seen == [], "a right that is missing is no kind that is missing"
        for verb in ("list", "watch"):
            world.server.served.allow(verb, "networks.dc.example")
        await asyncio.sleep(60)
        assert world.seen == ["a"]


def test_its_absence_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    async def main(clock: virtual_time.LoopClock) -> None:
        async with ControllerWorld(clock, optional=(NETWORKS,)).running():
            await asyncio.sleep(600)

    with caplog.at_level(logging.INFO):
        virtual_time.run(main)
    lines = [line for line in caplog.records if "networks.dc.example" in line.getMessage()]
    assert [line.levelname for line in lines] == ["INFO"] * 2, "a watch, then lists: each once"


class Watching(api.Plugin):
    """Watches the kind of somebody else."""

    name = "watching"
    rights: tuple[api.RbacRule, ...] = ()
    watches: tuple[Resource, ...] = (resources.AKO_DEPLOYMENTS,)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (
            api.ControllerRegistration(
                name="networks",
                watches=self.watches,
                optional=(NETWORKS,),
                keys=lambda _, obj: (obj["metadata"]["name"],),
                reconcile=self.reconcile,
            ),
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        return api.Done()


def test_it_needs_the_right_to_be_watched() -> None:
    problem = "rbac of the plugin lacks get, list, watch on networks.dc.example"
    with pytest.raises(errors.InputError, match=problem):
        controllers.collect(registry.PluginSet([Watching()]))


def test_it_is_watched_or_optional_and_not_both() -> None:
    plugin = Watching()
    plugin.watches = (NETWORKS,)
    with pytest.raises(errors.InputError, match=r"it watches networks\.dc\.example twice"):
        controllers.collect(registry.PluginSet([plugin]))


@virtual_time.test
async def test_it_may_be_read(clock: virtual_time.LoopClock) -> None:
    server = MemoryServer(clock=clock)
    (registration,) = Watching().controllers()
    client = scoped_client.for_controller(server.client(), "watching", registration)
    with pytest.raises(kube_errors.NotFoundError) as caught:
        await client.list(NETWORKS)
    assert caught.value.kind_missing
    server.served.serve(NETWORKS)
    server.seed(network("blue"))
    assert [obj["metadata"]["name"] for obj in (await client.list(NETWORKS)).items] == ["blue"]
