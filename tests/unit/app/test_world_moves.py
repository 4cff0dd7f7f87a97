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


def went(one: world.CachedWorld, last: dict[str, Any]) -> None:
    """It was like this, and then it was gone."""
    item = one.clusters.item(last)
    for change in (*one.clusters.put(item), *one.clusters.remove(item)):
        one.cluster_changed(change)


def empty() -> world.CachedWorld:
    one = world.CachedWorld("mgmt", resource.CLUSTERS)
    one.clusters.replace([])
    return one


def test_only_what_was_last_seen_moving_was_moved_away() -> None:
    one = empty()
    went(one, a_cluster("deleted"))
    went(one, a_cluster("moved", moving=True, paused=True, deleting=True))
    assert (one.moved_away("moved"), one.moved_away("deleted")) == (True, False)
    here = a_cluster("here", moving=True, paused=True, deleting=True)
    for change in one.clusters.put(one.clusters.item(here)):
        one.cluster_changed(change)
    assert not one.moved_away("here"), "it is still there"


@pytest.mark.parametrize("lacking", ["moving", "paused", "deleting"])
def test_what_lacks_a_sign_of_a_move_was_not_moved(lacking: str) -> None:
    """clusterctl pauses, marks and deletes; the mark alone may be anybody's."""
    one = empty()
    signs = {"moving": True, "paused": True, "deleting": True} | {lacking: False}
    went(one, a_cluster("x", **signs))
    assert not one.moved_away("x")


def test_only_the_last_ones_are_remembered() -> None:
    one = empty()
    for number in range(world.MOVED_KEPT + 1):
        went(one, a_cluster(f"c{number}", moving=True, paused=True, deleting=True))
    assert not one.moved_away("c0")
    assert one.moved_away("c1")
