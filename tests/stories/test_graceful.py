"""Clusters that go as they should."""

from __future__ import annotations

from tests.stories.scene import Scene
from tests.stories.telling import story


@story
async def test_graceful(s: Scene) -> None:
    """A hosted control plane and no Machines: AKO has the time to clean up by itself."""
    await s.lives(node_seconds=15.0)
    await s.delete()
    record = await s.ends()
    assert record["spec"]["leaving"]["drainOutcome"].startswith("Done; AKO says Done")


@story
async def test_with_machines(s: Scene) -> None:
    """With Machines the drain is cut short, and the sweep must suffice."""
    await s.lives(machines=True)
    await s.delete()
    record = await s.ends()
    assert record["spec"]["leaving"]["drainOutcome"].startswith("Skipped")
