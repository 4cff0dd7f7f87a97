"""Our entries in lists of finalizers that belong to everybody: JSON patches with tests.

A merge patch would overwrite what others add at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from akoo_core import structs
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube.resource import Resource

TRIES = 5
"""Objects such as Clusters are written to by many; each try begins with what is live."""

Patch = list[dict[str, Any]]

NOTHING: Mapping[str, str] = {}


def adding(obj: structs.JSON, finalizer: str, annotations: Mapping[str, str] = NOTHING) -> Patch:
    """The patch that gives ``obj``, as read, what it lacks of these; [] when it has all. Pure."""
    metadata = obj["metadata"]
    present = metadata.get("finalizers") or []
    noted = metadata.get("annotations") or {}
    missing = {key: value for key, value in annotations.items() if noted.get(key) != value}
    changes = _annotating(noted, missing) if missing else []
    tests: Patch = []
    if finalizer not in present and present:
        tests.append({"op": "test", "path": "/metadata/finalizers/0", "value": present[0]})
        changes.append({"op": "add", "path": "/metadata/finalizers/-", "value": finalizer})
    elif finalizer not in present:
        changes.append({"op": "add", "path": "/metadata/finalizers", "value": [finalizer]})
    if not changes:
        return []
    if (missing and not noted) or not present:
        # What is made as a whole would replace what somebody else has made meanwhile.
        version = metadata["resourceVersion"]
        tests.append({"op": "test", "path": "/metadata/resourceVersion", "value": version})
    same = {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]}
    return [same, *tests, *changes]


def _annotating(noted: Mapping[str, str], missing: Mapping[str, str]) -> Patch:
    if not noted:
        return [{"op": "add", "path": "/metadata/annotations", "value": dict(missing)}]
    return [
        {"op": "add", "path": f"/metadata/annotations/{_escaped(key)}", "value": value}
        for key, value in missing.items()
    ]


def _escaped(key: str) -> str:
    """As a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def removing(obj: structs.JSON, finalizer: str) -> Patch:
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
    """Adds and removes on live objects. ``uid`` guards against a namesake."""

    def __init__(self, client: client_.KubeClient) -> None:
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
        """The object with the finalizer; None when it is gone, another, or being deleted.

        ``annotations`` come with it, in the same write. ``seen`` is the object as it was when it
        was read last, however long ago: it is read again only if it is not like that any more.
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
        """Return once the object does not carry it, whether by us or because it is gone."""
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
        self, resource: Resource, live: structs.JSON, patch: Patch
    ) -> structs.JSON | None:
        """The object after the patch; None when a test failed. Raises NotFoundError."""
        if not patch:
            return live
        metadata = live["metadata"]
        try:
            return await self._client.json_patch(
                resource, metadata["name"], patch, metadata.get("namespace")
            )
        except errors.ConflictError:
            return None
