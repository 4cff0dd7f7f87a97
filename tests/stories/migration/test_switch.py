"""The switch from the ancestor and back, by the commands, killed on both ways."""

from __future__ import annotations

import asyncio

from akoo_testbed.ancestor import objects

from akoo_core.objects import names
from tests.stories.migration import place
from tests.stories.setting import NAME


async def _there_and_back(clusters: int) -> None:
    async with place.opened(f"switch-{clusters}", clusters) as p:
        assert p.webhook.judged, "the ancestor's webhook was not asked"
        before = await p.end()
        assert await p.owned_by(objects.FINALIZER)
        printed = await p.must("migrate-akoo", "check")
        assert "Nothing blocks a switch." in printed, printed
        assert await p.end() == before

        killed = await p.interrupted("migrate-akoo", "run", "--yes", after=(), owners=1)
        assert killed == 8, killed
        switched = await p.end()
        assert await p.owned_by(names.FINALIZER)
        await p.unchanged()

        async with p.operator():
            await asyncio.gather(*(member.adoption.adopted() for member in p.members))
            await p.others_work()
            assert not any([await member.restored() for member in p.members])
            assert "Nothing is left to switch." in await p.must("migrate-akoo", "run", "--yes")
            assert await p.owned_by(names.FINALIZER)
            for member in p.members:
                await p.must("ako", "hand-back", f"{member.namespace}/{NAME}", "--yes")
                await member.adoption.given_back()
        await p.must("uninstall", "--orphan", "--yes")
        killed = await p.interrupted("migrate-akoo", "back", "--yes", after=(), owners=0)
        assert killed == 2, killed
        assert await p.end() == before
        await p.others_work()
        assert await p.end() == before
        assert all([await member.restored() for member in p.members])
        await p.unchanged()

        await p.must("migrate-akoo", "run", "--yes")
        assert await p.end() == switched, "an interrupted switch has another end"
        await p.must("migrate-akoo", "back", "--yes")
        assert await p.end() == before
        await p.unchanged()


@place.story
async def test_switch_of_two_clusters_and_back() -> None:
    """Both commands are killed after each write of the journal. Each AKO runs in the same Pod from
    the beginning to the end, and nothing that it has on Avi is written."""
    await _there_and_back(2)
