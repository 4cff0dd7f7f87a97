"""Filter for changes that a reconcile could act on: most updates only change a status."""

from __future__ import annotations

from typing import Any

from akoo_core.cache import store
from akoo_core.kube import client
from akoo_core.kube.resource import CLUSTERS
from akoo_core.objects import cluster, names

_MEANT = ("generation", "labels", "annotations", "finalizers", "deletionTimestamp")
_WRITTEN_BY_THE_SERVER = ("resourceVersion", "managedFields")
_ALWAYS_THERE = frozenset({"apiVersion", "kind", "metadata"})


def meaningful(change: store.Change) -> bool:
    """True if a reconcile could act on the change.

    Creations and deletions always count. An update counts if it changes generation, labels,
    annotations, finalizers or deletionTimestamp. For a Cluster, ``connectable``, ``paused`` and our
    condition count, too; for a kind without generations (Secret, ConfigMap) any content counts. An
    object that was read without its content may have changed there.
    """
    if change.old_item is None or change.new_item is None:
        return True
    old, new = change.old_item.decode(), change.new_item.decode()
    if any(old["metadata"].get(name) != new["metadata"].get(name) for name in _MEANT):
        return True
    if change.resource.group == CLUSTERS.group and change.resource.plural == CLUSTERS.plural:
        return _cluster_state(old) != _cluster_state(new)
    if "generation" in new["metadata"]:
        return False
    return _without_content(new) or _content(old) != _content(new)


def _cluster_state(obj: client.Object) -> tuple[object, ...]:
    """State that counts, our condition included: one written from a stale cache is corrected."""
    read = cluster.from_object(obj)
    conditions = (obj.get("status") or {}).get("conditions") or ()
    ours: client.Object = next(
        (
            condition
            for condition in conditions
            if condition.get("type") == names.LOAD_BALANCER_READY
        ),
        {},
    )
    condition_state = tuple(ours.get(key) for key in ("status", "reason", "message"))
    return read.connectable, read.paused, condition_state


def _without_content(obj: client.Object) -> bool:
    """True if only metadata was read (every Secret and ConfigMap has another field)."""
    return obj.keys() <= _ALWAYS_THERE


def _content(obj: client.Object) -> dict[str, Any]:
    metadata = {k: v for k, v in obj["metadata"].items() if k not in _WRITTEN_BY_THE_SERVER}
    return {**obj, "metadata": metadata}
