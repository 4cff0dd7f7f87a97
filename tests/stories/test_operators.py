"""The operator itself dies, or is started with other plugins, while a cluster leaves."""

from __future__ import annotations

import signal

from akoo_core.sandbox import process
from tests.stories.scene import Scene
from tests.stories.setting import condition
from tests.stories.telling import proof, solo


@proof
@solo
async def test_leader_fails_over(s: Scene) -> None:
    """The leader is killed between two deletions; the other replica goes on."""
    await s.lives()
    await s.switch(ako_answer="timeout")
    async with s.story_bed.second_replica():
        s.fault(method="DELETE", hold_seconds=0.3, times=None)
        await s.delete()
        await s.until_deleting()
        await s.story_bed.operator.stop(signal.SIGKILL)
        await s.ends()


@proof
@solo
async def test_plugins_change_while_it_leaves(s: Scene) -> None:
    """Deployed by the AKO plugin alone; the Avi plugin comes in the middle of the deletion. It does
    not know where this AKO has made objects, and says so until a person lets the Cluster go."""
    operator = s.story_bed.operator
    await operator.stop()
    try:
        async with process.running(s.story_bed.replica("alone", plugins="ako")):
            await s.lives(drainTimeout="30s", quietPeriod="1s")
            await s.switch(ako_answer="never")
            await s.delete()
            await s.record(lambda record: record["spec"].get("leaving", {}).get("confirmedAt"))
    finally:
        await operator.start()
        await operator.ready()
    await s.says("CleanupProven", "PluginNeverWorked")
    left = s.avi.marked(s.x)
    assert left, "AKO did not clean up"
    await s.say(let_go="looked at by hand")
    await s.gone()
    record = await s.finished()
    assert record["spec"]["leaving"]["letGo"]["why"] == "UserWord"
    proven = condition(record, "CleanupProven")
    assert (proven["status"], proven["reason"]) == ("Unknown", "NotLookedFor"), proven
    assert s.avi.marked(s.x) == left
    s.untouched()
    s.delete_by_hand()
