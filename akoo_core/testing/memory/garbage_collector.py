"""The garbage collector, run to the end after every write: deterministic, unlike the real one."""

from __future__ import annotations

from typing import Any

from akoo_core.testing.memory.store import Key, Object, ServerStore

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


def collect(store: ServerStore, now: str) -> None:
    """Delete what has no owner left, and finish foreground and orphan deletions."""
    while _step(store, now):
        pass


def _step(store: ServerStore, now: str) -> bool:
    alive = {obj["metadata"]["uid"] for obj in store.rows.values()}
    for key, obj in list(store.rows.items()):
        metadata = obj["metadata"]
        owners = metadata.get("ownerReferences") or []
        deleting = "deletionTimestamp" in metadata
        if deleting and ORPHAN in (metadata.get("finalizers") or ()):
            _orphan(store, metadata["uid"])
            _drop_finalizer(store, key, ORPHAN)
            return True
        if deleting and FOREGROUND in (metadata.get("finalizers") or ()):
            if _foreground(store, key, metadata["uid"], now):
                return True
            continue
        if owners and not deleting and not any(owner["uid"] in alive for owner in owners):
            _delete(store, key, now)
            return True
    return False


def _foreground(store: ServerStore, key: Key, uid: str, now: str) -> bool:
    """One step of a foreground deletion; False when it has to wait for a finalizer."""
    dependents = list(_dependents(store, uid))
    for child, obj in dependents:
        if "deletionTimestamp" not in obj["metadata"]:
            _delete(store, child, now)
            return True
    if any(_blocks(obj, uid) for _, obj in dependents):
        return False
    _drop_finalizer(store, key, FOREGROUND)
    return True


def _dependents(store: ServerStore, uid: str) -> list[tuple[Key, Object]]:
    return [
        (key, obj)
        for key, obj in store.rows.items()
        if any(owner["uid"] == uid for owner in obj["metadata"].get("ownerReferences") or ())
    ]


def _blocks(obj: Object, uid: str) -> bool:
    owners: list[dict[str, Any]] = obj["metadata"]["ownerReferences"]
    return any(owner["uid"] == uid and owner.get("blockOwnerDeletion") for owner in owners)


def _orphan(store: ServerStore, uid: str) -> None:
    for key, obj in _dependents(store, uid):
        kept = [owner for owner in obj["metadata"]["ownerReferences"] if owner["uid"] != uid]
        store.put(key, {**obj, "metadata": {**obj["metadata"], "ownerReferences": kept}})


def _drop_finalizer(store: ServerStore, key: Key, name: str) -> None:
    obj = store.rows[key]
    finalizers = [finalizer for finalizer in obj["metadata"]["finalizers"] if finalizer != name]
    final = {**obj, "metadata": {**obj["metadata"], "finalizers": finalizers}}
    if finalizers:
        store.put(key, final)
    else:
        store.remove(key, final)


def _delete(store: ServerStore, key: Key, now: str) -> None:
    obj = store.rows[key]
    if not obj["metadata"].get("finalizers"):
        store.remove(key, obj)
        return
    store.put(key, {**obj, "metadata": {**obj["metadata"], "deletionTimestamp": now}})
