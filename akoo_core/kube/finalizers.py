"""Our entries in shared lists of finalizers: patches with preconditions.

A merge patch without one would overwrite concurrent entries of others. No patch needs complete
annotations: caches leave some out (:func:`akoo_core.cache.store.without_noise`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube.client import KubeClient
from akoo_core.kube.resource import Resource

TRIES = 5
"""Tries. Objects such as Clusters have many writers; each try begins with a read."""

JsonPatch = list[dict[str, Any]]
"""RFC 6902."""
MergePatch = dict[str, Any]
"""RFC 7396, with uid and resourceVersion as preconditions."""

NOTHING: Mapping[str, str] = {}


def adding(
    obj: structs.JSON, finalizer: str, annotations: Mapping[str, str] = NOTHING
) -> JsonPatch | MergePatch:
    """The patch that adds the missing entries to ``obj``, as read; [] when it has all. Pure.

    Where no annotation was seen there may still be one: a JSON patch would create the map, and so
    replace it. A merge patch adds to the existing map.
    """
    metadata = obj["metadata"]
    present = metadata.get("finalizers") or []
    noted = metadata.get("annotations") or {}
    missing = {key: value for key, value in annotations.items() if noted.get(key) != value}
    if missing and not noted:
        whole = present if finalizer in present else [*present, finalizer]
        guard = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        return {"metadata": {**guard, "finalizers": whole, "annotations": missing}}
    changes = _annotating(missing)
    tests: JsonPatch = []
    if finalizer not in present and present:
        tests.append({"op": "test", "path": "/metadata/finalizers/0", "value": present[0]})
        changes.append({"op": "add", "path": "/metadata/finalizers/-", "value": finalizer})
    elif finalizer not in present:
        changes.append({"op": "add", "path": "/metadata/finalizers", "value": [finalizer]})
    if not changes:
        return []
    if not present:
        # A list that is made as a whole would replace what somebody else has made meanwhile.
        version = metadata["resourceVersion"]
        tests.append({"op": "test", "path": "/metadata/resourceVersion", "value": version})
    same = {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]}
    return [same, *tests, *changes]


def _annotating(missing: Mapping[str, str]) -> JsonPatch:
    return [
        {"op": "add", "path": f"/metadata/annotations/{_escaped(key)}", "value": value}
        for key, value in missing.items()
    ]


def _escaped(key: str) -> str:
    """A text as a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def removing(obj: structs.JSON, finalizer: str) -> JsonPatch:
    """The patch that removes ``finalizer`` from ``obj`` as read; [] when it is not there. Pure."""
    metadata = obj["metadata"]
    present = metadata.get("finalizers") or []
    if finalizer not in present:
        return []
    path = f"/metadata/finalizers/{present.index(finalizer)}"
    return [
        {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
        {"op": "test", "path": path, "value": finalizer},
        {"op": "remove", "path": path},
    ]


class Finalizers:
    """Adds and removes finalizers. ``uid`` guards against another object of the same name."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def add(
        self,
        resource: Resource,
        finalizer: str,
        name: str,
        namespace: str | None,
        *,
        uid: str,
        annotations: Mapping[str, str] = NOTHING,
        seen: structs.JSON | None = None,
    ) -> structs.JSON | None:
        """The object with the finalizer; None when it is gone, another one, or being deleted.

        ``annotations`` are added in the same write. ``seen`` is the object from an earlier read: it
        is read again only if it has changed since.
        """
        for attempt in range(TRIES):
            known = seen if attempt == 0 else None
            live = known or await self._live(resource, name, namespace, uid)
            if live is None or "deletionTimestamp" in live["metadata"]:
                return None
            try:
                done = await self._patched(resource, live, adding(live, finalizer, annotations))
            except errors.NotFoundError:
                return None
            except errors.InvalidError:
                if known is None:
                    raise
                continue  # It is being deleted since: nothing is added to such.
            if done is not None:
                return done
        raise errors.ConflictError(f"{resource.qualified} {name} changes faster than we can write")

    async def remove(
        self, resource: Resource, finalizer: str, name: str, namespace: str | None, *, uid: str
    ) -> None:
        """Return once the object has no such finalizer, because we removed it or the object is
        gone."""
        for _ in range(TRIES):
            live = await self._live(resource, name, namespace, uid)
            if live is None:
                return
            try:
                done = await self._patched(resource, live, removing(live, finalizer))
            except errors.NotFoundError:
                return
            if done is not None:
                return
        raise errors.ConflictError(f"{resource.qualified} {name} changes faster than we can write")

    async def _live(
        self, resource: Resource, name: str, namespace: str | None, uid: str
    ) -> structs.JSON | None:
        try:
            live = await self._client.get(resource, name, namespace)
        except errors.NotFoundError:
            return None
        return live if live["metadata"]["uid"] == uid else None

    async def _patched(
        self, resource: Resource, live: structs.JSON, patch: JsonPatch | MergePatch
    ) -> structs.JSON | None:
        """The object after the patch; None when a precondition failed. Raises NotFoundError."""
        if not patch:
            return live
        name, namespace = live["metadata"]["name"], live["metadata"].get("namespace")
        try:
            if isinstance(patch, dict):
                return await self._client.merge_patch(resource, name, patch, namespace)
            return await self._client.json_patch(resource, name, patch, namespace)
        except errors.ConflictError:
            return None
