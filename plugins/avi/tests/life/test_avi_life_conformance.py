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


class TestConformance(conformance.Suite):
    plugin: ClassVar[Callable[[], api.Plugin]] = AviPlugin
    scenarios: ClassVar[Mapping[str, Callable[[], testing.World]]] = dict.fromkeys(
        SCENARIOS, testing.World
    )
    worlds: ClassVar[Any] = None

    @pytest.fixture(autouse=True)
    def _worlds(self, avi_world: Any) -> None:
        type(self).worlds = avi_world
        type(self).scenarios = {
            name: functools.partial(avi_world, changes) for name, changes in SCENARIOS.items()
        }

    def make(self, world: testing.World) -> api.Plugin:
        return type(self).worlds.plugin(world)  # type: ignore[no-any-return]
