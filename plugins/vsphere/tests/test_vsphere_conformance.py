"""The vSphere plugin does what every plugin must, with a vCenter in the same process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from akoo_vsphere.plugin import VSpherePlugin

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.testing import conformance
from tests.vsphere.vsphere_world import VSphereWorld, port_group


class TestConformance(conformance.Suite):
    plugin: ClassVar[Callable[[], api.Plugin]] = VSpherePlugin
    scenarios: ClassVar[Mapping[str, Callable[[], testing.World]]] = {
        "nothing": VSphereWorld,
        "a port group": lambda: VSphereWorld(port_group()),
        "one that cannot be": lambda: VSphereWorld(port_group(datacenter="DC9")),
    }

    def make(self, world: testing.World) -> api.Plugin:
        assert isinstance(world, VSphereWorld)
        plugin = VSpherePlugin(None, world.registry)
        plugin.name = "vsphere"
        return plugin
