"""The config or its Secret goes, or stops to match."""

from __future__ import annotations

from tests.stories import setting
from tests.stories.scene import Scene
from tests.stories.setting import CLUSTER, CONFIG, NAME, Object, condition
from tests.stories.telling import proof, story


@proof
@story
async def test_config_deleted(s: Scene) -> None:
    """The config is deleted while the cluster lives, with policy Remove."""
    await s.lives(onUnmatch="Remove")
    await s.say(confirm_removal="yes")
    await s.api.delete(CONFIG, None, s.config)
    await s.ends(cluster_gone=False)
    await s.undeployed()


@story
async def test_secret_deleted_first(s: Scene) -> None:
    """The account's Secret is deleted, then the Cluster: this process still knows it."""
    await s.lives()
    await s.api.delete("v1/Secret", "akoo-system", f"{s.config}-admin")
    await s.delete()
    await s.ends()


@proof
@story
async def test_unselected_and_removed(s: Scene) -> None:
    """The label is edited away, with policy Remove: the cluster lives on without AKO."""
    await s.lives(onUnmatch="Remove")
    await s.say(confirm_removal="yes")
    await s.unlabel()
    await s.ends(cluster_gone=False)
    await s.undeployed()


@proof
@story
async def test_left_by_word(s: Scene) -> None:
    """A user's word on the record takes AKO away; the cluster lives on."""
    await s.lives()
    await s.say(leave="sweep")
    await s.ends(cluster_gone=False)
    await s.undeployed()


@proof
@story
async def test_unselected_and_orphaned(s: Scene) -> None:
    """The label is edited away, with policy Orphan: nothing happens until the Cluster goes."""
    await s.lives(onUnmatch="Orphan")
    before = s.avi.of(s.x)
    await s.unlabel()
    await s.record(lambda record: record["status"].get("phase") == "Orphaned")
    assert s.avi.of(s.x) == before
    await s.delete()
    await s.ends()


@proof
@story
async def test_created_again_while_leaving(s: Scene) -> None:
    """A Cluster of the same name comes while the old one's record still sweeps."""
    await s.lives()
    await s.switch(ako_answer="timeout")
    stuck = s.fault(method="DELETE", answer="booting", times=None)
    await s.delete()
    # Let go before that, it would rest for half an hour: AKO might be there still.
    await s.record(lambda record: _fence(record) not in ("", "Unfenced"))
    await s.say(let_go="its name is needed")
    await s.gone()
    old = await s.record(lambda record: condition(record, "Leaked").get("status") == "True")
    await s.created_again()
    known = ("", old["metadata"]["name"])
    new = await s.api.wait_for(
        CLUSTER, s.namespace, NAME, lambda obj: obj and _record(obj) not in known, 60
    )
    s.avi.controller.faults.remove(stuck)
    await s.nudge()
    record = await s.finished()
    assert record["spec"]["leaving"]["proof"]["own"] == 0
    assert s.avi.of(s.x) == []
    s.record_name = _record(new or {})
    await setting.running(s.api, s.record_name)
    await s.delete()
    await s.gone()
    record = await s.finished()
    assert s.avi.of(record["spec"]["akoClusterName"]) == []


def _fence(record: Object) -> str:
    leaving = record["spec"].get("leaving") or {}
    return str((leaving.get("fence") or {}).get("grade", ""))


def _record(cluster: dict[str, dict[str, dict[str, str]]]) -> str:
    return (cluster["metadata"].get("annotations") or {}).get("akoo.io/record", "")
