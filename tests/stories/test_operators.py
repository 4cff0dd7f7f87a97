"""The operator itself dies while a cluster leaves."""

from __future__ import annotations

import signal

from tests.stories.scene import Scene
from tests.stories.telling import solo


@solo
async def test_leader_fails_over(s: Scene) -> None:
    """The leader is killed between two deletions; the other replica goes on."""
    await s.lives()
    await s.switch(ako_answer="timeout")
    async with s.theatre.understudy():
        s.fault(method="DELETE", hold_seconds=0.3, times=None)
        await s.delete()
        await s.until_deleting()
        await s.theatre.operator.stop(signal.SIGKILL)
        await s.ends()
