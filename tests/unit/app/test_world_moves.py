"""Clusters that were moved away are remembered, although they are gone at once."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core.app import world
from akoo_core.kube import resource
from akoo_core.objects import names


def a_cluster(
    uid: str,
    *,
    version: int = 1,
    moving: bool = False,
    paused: bool = False,
    deleting: bool = False,
) -> dict[str, Any]:
    note = {names.DELETE_FOR_MOVE_ANNOTATION: ""} if moving else {}
    dying = {"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {}
    return {
        "apiVersion": resource.CLUSTERS.api_version,
        "kind": "Cluster",
        "metadata": {
            "name": uid,
            "namespace": "demo",
            "uid": uid,
            "resourceVersion": str(version),
            "annotations": note,
            **dying,
        },
        "spec": {"paused": True} if paused else {},
    }


def went(cached: world.CachedWorld, last: dict[str, Any]) -> None:
    """It was like this, and then it was gone."""
    item = cached.clusters.item(last)
    for change in (*cached.clusters.put(item), *cached.clusters.remove(item)):
        cached.cluster_changed(change)


def empty() -> world.CachedWorld:
    cached = world.CachedWorld("mgmt", resource.CLUSTERS)
    cached.clusters.replace([])
    return cached


def test_only_what_was_last_seen_moving_was_moved_away() -> None:
    cached = empty()
    went(cached, a_cluster("deleted"))
    went(cached, a_cluster("moved", moving=True, paused=True, deleting=True))
    assert (cached.moved_away("moved"), cached.moved_away("deleted")) == (True, False)
    here = a_cluster("here", moving=True, paused=True, deleting=True)
    for change in cached.clusters.put(cached.clusters.item(here)):
        cached.cluster_changed(change)
    assert not cached.moved_away("here"), "it is still there"


@pytest.mark.parametrize("lacking", ["moving", "paused", "deleting"])
def test_what_lacks_a_sign_of_a_move_was_not_moved(lacking: str) -> None:
    """clusterctl pauses, marks and deletes; the mark alone may be anybody's."""
    cached = empty()
    signs = {"moving": True, "paused": True, "deleting": True} | {lacking: False}
    went(cached, a_cluster("x", **signs))
    assert not cached.moved_away("x")


def test_only_the_last_ones_are_remembered() -> None:
    cached = empty()
    for number in range(world.MOVED_KEPT + 1):
        went(cached, a_cluster(f"c{number}", moving=True, paused=True, deleting=True))
    assert not cached.moved_away("c0")
    assert cached.moved_away("c1")
