"""The switch from the ancestor, back and to its end, by the commands. They are killed, and so is
the operator."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from akoo_testbed.ancestor import objects

from akoo_core.objects import names
from tests.stories.migration import place
from tests.stories.migration.deaths import ServerWrite

STEPS: Final = {
    ServerWrite("management", "POST", ("akodeployments",)),
    ServerWrite("management", "PATCH", ("akodeployments",)),
    ServerWrite("management", "PATCH", ("akodeployments", "status")),
    ServerWrite("management", "PATCH", ("clusters",)),
    ServerWrite("workload", "PATCH", ("clusterroles",)),
    ServerWrite("workload", "PATCH", ("configmaps",)),
    ServerWrite("workload", "PATCH", ("packageinstalls",)),
    ServerWrite("workload", "PATCH", ("secrets",)),
    ServerWrite("workload", "PATCH", ("statefulsets",)),
}
"""Writes that an adoption makes."""
LEAST_DEATHS: Final = 5
"""Two Clusters are adopted at once, so that a write may come while the operator dies."""
SWITCH: Final = ("migrate-akoo", "run", "--yes")
BACK: Final = ("migrate-akoo", "back", "--yes")
FINISH: Final = ("migrate-akoo", "finish", "--yes")


class Interruptions(NamedTuple):
    """The writes after which the commands are killed, beside those of the journal."""

    after: tuple[int, ...] = ()
    """Numbers of a kind's writes."""
    on_run: int = 8
    on_back: int = 2


async def _there_and_back(clusters: int, deaths: Interruptions) -> None:
    async with place.opened(f"switch-{clusters}", clusters) as p:
        assert p.webhook.judged, "the ancestor's webhook was not asked"
        before = await p.end()
        assert await p.owned_by(objects.FINALIZER)
        printed = await p.must("migrate-akoo", "check")
        assert "Nothing blocks a switch." in printed, printed
        assert await p.end() == before

        killed = await p.interrupted(*SWITCH, after=deaths.after, owners=1)
        assert killed == deaths.on_run, killed
        switched = await p.end()
        assert await p.owned_by(names.FINALIZER)
        await p.unchanged()

        async with p.mortal_operator() as killer:
            await asyncio.gather(*(member.adoption.adopted() for member in p.members))
            await p.others_work()
            assert not any([await member.restored() for member in p.members])
            assert "Nothing is left to switch." in await p.must(*SWITCH)
            assert await p.owned_by(names.FINALIZER)
            await p.handed_back()
            assert killer.seen >= STEPS, STEPS - killer.seen
            assert len(killer.deaths) >= LEAST_DEATHS, killer.deaths
        await p.must("uninstall", "--orphan", "--yes")
        killed = await p.interrupted(*BACK, after=deaths.after, owners=0)
        assert killed == deaths.on_back, killed
        assert await p.end() == before
        await p.others_work()
        assert await p.end() == before
        assert all([await member.restored() for member in p.members])
        await p.unchanged()

        await p.must(*SWITCH)
        assert await p.end() == switched, "an interrupted switch has another end"
        await p.must(*BACK)
        assert await p.end() == before
        await p.unchanged()


@place.story()
async def test_switch_of_two_clusters_and_back() -> None:
    """Both commands are killed after each write of the journal, and the operator after the first
    write of each kind, in the management cluster and in workload clusters. Each AKO runs in the
    same Pod from the beginning to the end, and nothing that it has on Avi is written."""
    await _there_and_back(2, Interruptions())


@place.story(seconds=1800.0)
async def test_switch_of_twenty_clusters_and_back() -> None:
    """The same, with an API server for each of them. Both commands are killed in each step, too:
    after the first, the second and the twentieth write of a kind."""
    await _there_and_back(20, Interruptions(after=(1, 2, 20), on_run=24, on_back=18))


@place.story()
async def test_switch_is_finished() -> None:
    """The command is killed after each write: the phase, a Secret of each Cluster, the end of the
    journal. AKO notices nothing, and there is no way back."""
    async with place.opened("finish", 2) as p:
        await p.must(*SWITCH)
        code, printed = await p.typed(*FINISH)
        assert code == 1, printed
        assert "NotAdopted" in printed, printed
        async with p.operator():
            await asyncio.gather(*(member.adoption.adopted() for member in p.members))
            before = await p.end()
            killed = await p.interrupted(*FINISH, after=(1, 2), owners=1)
            assert killed == 4, killed
            addons = {key for key in before if key.endswith("-addon")}
            assert len(addons) == len(p.members), addons
            assert await p.end() == {key: before[key] for key in before.keys() - addons}
            await p.unchanged()
        assert "There is no switch to finish." in await p.must(*FINISH)
        assert "There is no switch to undo." in await p.must(*BACK)
        assert await p.owned_by(names.FINALIZER)
