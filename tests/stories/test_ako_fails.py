"""AKO does not do what it was asked for; the sweep does."""

from __future__ import annotations

from tests.stories.scene import Scene
from tests.stories.telling import proof, story


@proof
@story
async def test_ako_killed_before(s: Scene) -> None:
    """AKO was down already when the Cluster was deleted."""
    await s.lives()
    await s.switch(ako_faults="restart-storm")
    await s.kill_ako()
    await s.delete()
    await s.ends()


@story
async def test_ako_dies_half_way(s: Scene) -> None:
    """AKO's container ends after the first virtual service it deleted."""
    await s.lives()
    await s.switch(ako_faults="dies-mid-deletion,wrong-password")
    await s.delete()
    await s.ends()


@story
async def test_says_done_but_leaves_things(s: Scene) -> None:
    """Done is a hint: VIPs, pools and certificates are still there."""
    await s.lives(node_seconds=15.0)
    await s.switch(ako_faults="leaves-things")
    await s.delete()
    record = await s.ends()
    assert "AKO says Done" in record["spec"]["leaving"]["drainOutcome"]


@proof
@story
async def test_says_timeout(s: Scene) -> None:
    """AKO deletes nothing and says Timeout."""
    await s.lives(node_seconds=15.0)
    await s.switch(ako_answer="timeout")
    await s.delete()
    record = await s.ends()
    assert "Timeout" in record["spec"]["leaving"]["drainOutcome"]


@proof
@story
async def test_silent(s: Scene) -> None:
    """AKO begins and never says more."""
    await s.lives(drainTimeout="2s")
    await s.switch(ako_answer="never")
    await s.delete()
    record = await s.ends()
    assert record["spec"]["leaving"]["drainOutcome"].startswith(("TimedOut", "Skipped"))


@story
async def test_never_installed(s: Scene) -> None:
    """The workload cluster never answered: only the claim was made."""
    await s.configured()
    await s.created(workload=False)
    await s.record(lambda record: "LoadBalancerPlacement" in record["spec"].get("facts", {}))
    s.remember()
    assert s.avi.of(s.x) == [f"stringgroup/akoo-claim-{s.x}"]
    await s.delete()
    await s.ends()
