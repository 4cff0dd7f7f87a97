"""A cluster gets new accounts while it works, and nobody else notices."""

from __future__ import annotations

from tests.stories.scene import Scene
from tests.stories.telling import story
from tests.stories.tenancy.accounts import Accounts


@story
async def test_rotated_by_command(s: Scene) -> None:
    """One start of AKO, no refused login, no change of a virtual service."""
    a = Accounts(s)
    await a.lives()
    async with a.watched(starts=1):
        await a.rotate()
        await a.rotated(1)
    await a.ends()
