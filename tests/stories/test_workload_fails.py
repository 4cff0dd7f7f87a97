"""The workload cluster cannot be asked any more."""

from __future__ import annotations

from tests.stories.scene import CLUSTER, NAME, Scene
from tests.stories.telling import story


@story
async def test_workload_api_gone(s: Scene) -> None:
    """Nobody answers: AKO is believed to write until its Nodes are gone."""
    await s.lives()
    await s.cut_workload()
    await s.delete()
    await s.ends(grade="Gone")


@story
async def test_kubeconfig_gone(s: Scene) -> None:
    """The Secret with the kubeconfig was deleted before the Cluster."""
    await s.lives()
    await s.api.delete("v1/Secret", s.namespace, f"{NAME}-kubeconfig")
    await s.delete()
    await s.ends()


@story
async def test_namespace_deleted(s: Scene) -> None:
    """Everything of the Cluster goes at once, without order."""
    await s.lives()
    await s.api.delete("v1/Namespace", None, s.namespace)
    await s.ends()


@story
async def test_foreground_delete(s: Scene) -> None:
    """Machines and kubeconfig go first, the Cluster last."""
    await s.lives()
    await s.api.delete(CLUSTER, s.namespace, NAME, propagation="Foreground")
    await s.ends()


@story
async def test_cut_off_and_re_creating(s: Scene) -> None:
    """An AKO that nobody can stop makes its objects anew; when it ends, the clean-up is proven.

    It outlives its Node by some seconds here; nothing is proven before its last full sync.
    """
    await s.lives(deadline="1m")
    await s.switch(ako_faults="cut-off", ako_full_sync_seconds="0.5", ako_cut_off_seconds="6")
    await s.restart_ako()
    await s.cut_workload()
    await s.delete()
    await s.ends()


@story
async def test_cut_off_until_the_deadline(s: Scene) -> None:
    """It never ends: the deadline lets the Cluster go, and the record goes on, Leaked."""
    await s.lives(deadline="8s")
    await s.switch(ako_faults="cut-off", ako_full_sync_seconds="0.3", ako_cut_off_seconds="25")
    await s.restart_ako()
    await s.cut_workload()
    await s.delete()
    await s.gone()
    found = await s.says("Leaked", "DeadlinePassed")
    assert found["spec"]["leaving"]["letGo"]["why"] == "Deadline"
    await s.ends(why="Deadline")
