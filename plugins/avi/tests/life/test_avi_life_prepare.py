"""prepare: found, stored, claimed."""

from __future__ import annotations

from typing import Any

from akoo_core.plugins import api

World = Any


def test_found_then_stored_then_claimed(avi_world: World) -> None:
    world = avi_world()
    first = world.call("prepare")
    assert (first.reason, first.after) == ("PlacementFound", 0.0)
    assert world.claims == []
    done = world.call("prepare")
    assert isinstance(done, api.Done)
    assert [one["tenant_ref"] for one in world.claims] == ["admin"]
