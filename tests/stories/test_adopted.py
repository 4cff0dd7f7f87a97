"""A record with a name that we did not give: AKO's own default may be anybody's."""

from __future__ import annotations

import asyncio

from tests.stories import neighbours
from tests.stories.scene import Scene
from tests.stories.setting import RECORD, condition
from tests.stories.telling import proof, story

DEFAULT = "my-cluster"


@story
async def test_adopted_like_a_stranger(s: Scene) -> None:
    """A stranger's AKO in another cloud has the same name: nothing is deleted, and it is said."""
    await s.configured()
    await s.adopted(DEFAULT)
    await s.serves()
    cloud = s.second_cloud()
    await s.story_bed.street.settle(f"{s.story}-stranger", DEFAULT, s.avi, cloud=cloud)
    assert s.avi.of(DEFAULT)
    await s.switch(ako_answer="never")
    await s.delete()
    record = await s.says("Held", "NameNotExclusive")
    assert DEFAULT in condition(record, "Held")["message"]
    await s.say(let_go="its objects are deleted by hand")
    await s.gone()
    deleted = s.avi.controller.journal.entries(method="DELETE", user=s.account)
    assert not deleted, "whose it is cannot be told"
    record = await s.api.get(RECORD, None, s.record_name)
    assert condition(record, "CleanupProven").get("status") != "True"


@proof
@story
async def test_adopted_alone(s: Scene) -> None:
    """A person says in which tenants all of that name is this cluster's: there it is swept."""
    await s.configured()
    await s.adopted("my-own-cluster")
    await s.serves()
    await asyncio.gather(
        *(
            s.story_bed.street.settle(f"{s.story}-{number}", name, s.avi)
            for number, name in enumerate(neighbours.names(s.x))
        )
    )
    s.remember()
    await s.say(sweep_tenants="admin")
    await s.delete()
    await s.ends()
