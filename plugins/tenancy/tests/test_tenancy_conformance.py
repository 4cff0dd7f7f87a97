"""The tenancy plugin does what every plugin must, with a controller and a Vault in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from akoo_tenancy.plugin import TenancyPlugin

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.testing import conformance
from tests.tenancy.tenancy_world import TenancyWorld


class TestConformance(conformance.Suite):
    plugin: ClassVar[Callable[[], api.Plugin]] = TenancyPlugin
    name: ClassVar[str] = "tenancy"
    scenarios: ClassVar[Mapping[str, Callable[[], testing.World]]] = {
        "an account": TenancyWorld,
        "the account of a reference": lambda: TenancyWorld(
            {"workloadCredentialRef": {"name": "shop", "namespace": "avi"}}
        ),
        "a tenant that is not there": lambda: TenancyWorld({"tenant": {"name": "green"}}),
        "a config that cannot be used": lambda: TenancyWorld(rotation={"every": "soon"}),
    }

    def make(self, world: testing.World) -> api.Plugin:
        assert isinstance(world, TenancyWorld)
        return world.plugin()
