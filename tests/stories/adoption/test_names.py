"""A clusterName that somebody else uses, too: nothing with it is deleted."""

from __future__ import annotations

from akoo_testbed import waiting

from tests.stories import traffic
from tests.stories.adoption import installs
from tests.stories.adoption.adopting import Adoption
from tests.stories.scene import Scene
from tests.stories.setting import SECONDS, condition
from tests.stories.telling import proof, story


@proof
@story
async def test_adopted_name_of_two(s: Scene) -> None:
    """Another AKO in another cloud has the same name. As AKO does, it deletes what it does not know
    when it starts: that is all of this cluster's. When the Cluster is deleted, AKO is not asked to
    delete anything, nothing of the other is deleted, and nothing is proven."""
    a = Adoption(s)
    await a.lives(installs.by_helm, f"{s.story}-lb")
    stranger = f"{s.story}-stranger"
    try:
        cloud = s.second_cloud()
        await s.story_bed.street.settle(stranger, s.x, s.avi, cloud=cloud)
        await _alone(s, stranger)
        await a.watched()
        await a.adopted()
        shared = condition(await s.record(), "ClusterNameShared")
        assert (shared["status"], shared["reason"]) == ("True", "NotExclusive"), shared
        assert s.x in shared["message"], shared
        before = (await a.look()).on_avi
        await s.delete()
        await s.gone()
        record = await s.finished()
        proven = condition(record, "CleanupProven")
        assert proven["status"] == "Unknown", proven
        assert s.x in proven["message"], proven
        assert a.on_avi() == before
        assert before, "the other has its services on Avi"
        for user in (s.account, f"ako-{s.config}", f"ako-{stranger}"):
            journal = s.avi.controller.journal
            entries = journal.entries(since=a.since, method="DELETE", user=user)
            deleted = {entry.subject.name for entry in entries}
            assert deleted <= {f"akoo-claim-{s.x}"}, (user, deleted)
        s.untouched()
    finally:
        await s.story_bed.street.leave(stranger)


async def _alone(s: Scene, stranger: str) -> None:
    """Wait until the other AKO has done all that it does at its start."""
    await s.story_bed.street.api.wait_for(
        "v1/Service", stranger, "l4", lambda obj: bool(traffic.address(obj)), SECONDS
    )

    async def gone() -> bool:
        return not any(f"--{traffic.NAMESPACE}-" in name for name in s.avi.marked(s.x))

    await waiting.until(gone, title="the objects of the cluster gone", seconds=SECONDS)
