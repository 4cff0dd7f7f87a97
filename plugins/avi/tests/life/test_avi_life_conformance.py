"""The Avi plugin does what every plugin must, with a controller in the same process."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from akoo_avi.plugin import AviPlugin

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.testing import conformance

SCENARIOS = {
    "a place and nothing yet": {},
    "a network that is not there": {"dataNetwork": {"name": "vip-edge"}},
    "a config that names too little": {"cloudName": ""},
}
PORT_GROUP = api.PortGroup(
    name="vip-blue",
    moref="dvportgroup-12",
    instance_uuid="11111111-2222-4333-8444-555555555555",
    datacenter="datacenter-2",
    switch_uuid="50 1e",
)


def of_port_group(worlds: Any) -> testing.World:
    """A cluster whose network is a port group."""
    config = {"cloudName": "dc", "serviceEngineGroup": "Default-Group"}
    network = {"dataNetwork": {"cidr": "10.71.0.0/24"}}
    world = worlds({**config, **network}, facts=[PORT_GROUP])
    world.vcenter_cloud()
    world.discover(("dvportgroup-12", "vip-blue"))
    return world  # type: ignore[no-any-return]


class TestConformance(conformance.Suite):
    plugin: ClassVar[Callable[[], api.Plugin]] = AviPlugin
    scenarios: ClassVar[Mapping[str, Callable[[], testing.World]]] = dict.fromkeys(
        (*SCENARIOS, "a port group"), testing.World
    )
    worlds: ClassVar[Any] = None

    @pytest.fixture(autouse=True)
    def _worlds(self, avi_world: Any) -> None:
        type(self).worlds = avi_world
        plain = {name: functools.partial(avi_world, changes) for name, changes in SCENARIOS.items()}
        type(self).scenarios = {
            **plain,
            "a port group": functools.partial(of_port_group, avi_world),
        }

    def make(self, world: testing.World) -> api.Plugin:
        return type(self).worlds.plugin(world)  # type: ignore[no-any-return]
