"""The workload cluster cannot be asked any more."""

from __future__ import annotations

from tests.stories.scene import Scene
from tests.stories.setting import CLUSTER, NAME, Object, condition
from tests.stories.telling import proof, story


def leaving(record: Object) -> Object:
    section: Object = record["spec"].get("leaving") or {}
    return section


@story
async def test_workload_api_gone(s: Scene) -> None:
    """Nobody answers: AKO is believed to write until its Nodes are gone."""
    await s.lives()
    await s.cut_workload()
    await s.delete()
    await s.ends(grade="Gone")


@proof
@story
async def test_kubeconfig_gone(s: Scene) -> None:
    """The Secret with the kubeconfig was deleted before the Cluster."""
    await s.lives()
    await s.api.delete("v1/Secret", s.namespace, f"{NAME}-kubeconfig")
    await s.delete()
    await s.ends()


@story
async def test_namespace_deleted(s: Scene) -> None:
    """Everything of the Cluster goes at once, without order; Events cannot be made there."""
    await s.lives()
    await s.api.delete("v1/Namespace", None, s.namespace)
    await s.ends(reported=False)


@proof
@story
async def test_foreground_delete(s: Scene) -> None:
    """Machines and kubeconfig go first, the Cluster last."""
    await s.lives()
    await s.api.delete(CLUSTER, s.namespace, NAME, propagation="Foreground")
    await s.ends()


@story
async def test_cut_off_and_re_creating(s: Scene) -> None:
    """An AKO that nobody can stop makes its objects anew until its Node ends; then proven."""
    await s.lives(node_seconds=16.0, deadline="2m", drainTimeout="2s")
    await s.cut_off()
    await s.delete()
    await s.record(lambda record: leaving(record).get("fence", {}).get("grade") == "Unfenced")
    await s.re_created()
    await s.ends(grade="Gone")


@proof
@story
async def test_cut_off_until_the_deadline(s: Scene) -> None:
    """The deadline passes first: the Cluster is let go, and the record goes on sweeping, Leaked."""
    await s.lives(node_seconds=14.0, deadline="4s", drainTimeout="2s")
    await s.cut_off()
    await s.delete()
    record = await s.record(lambda stored: condition(stored, "Leaked").get("status") == "True")
    assert record["spec"]["leaving"]["letGo"]["why"] == "Deadline"
    await s.gone()
    await s.nudge()
    await s.ends(why="Deadline", reported=False)
