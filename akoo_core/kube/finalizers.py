"""Our entries in lists of finalizers that belong to everybody: JSON patches with tests.

A merge patch would overwrite what others add at the same time.
"""

from __future__ import annotations

from typing import Any

from akoo_core import structs
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube.resource import Resource

TRIES = 5
"""Objects such as Clusters are written to by many; each try begins with what is live."""

Patch = list[dict[str, Any]]


def adding(obj: structs.JSON, finalizer: str) -> Patch:
    """The patch that adds ``finalizer`` to ``obj`` as read; [] when it is there. Pure."""
    metadata = obj["metadata"]
    present = metadata.get("finalizers") or []
    if finalizer in present:
        return []
    same = {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]}
    if present:
        first = {"op": "test", "path": "/metadata/finalizers/0", "value": present[0]}
        return [same, first, {"op": "add", "path": "/metadata/finalizers/-", "value": finalizer}]
    version = metadata["resourceVersion"]
    return [
        same,
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "add", "path": "/metadata/finalizers", "value": [finalizer]},
    ]


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
        seen: structs.JSON | None = None,
    ) -> structs.JSON | None:
        """The object with the finalizer; None when it is gone, another, or being deleted.

        ``seen`` is the object as the API server sent it just now: it is not read again then, unless
        it has changed since.
        """
        for attempt in range(TRIES):
            known = seen if attempt == 0 else None
            live = known or await self._live(resource, name, namespace, uid)
            if live is None or "deletionTimestamp" in live["metadata"]:
                return None
            done = await self._patched(resource, live, adding(live, finalizer))
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
            if await self._patched(resource, live, removing(live, finalizer)) is not None:
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
        """The object after the patch, as it was if it is gone; None when a test failed."""
        if not patch:
            return live
        metadata = live["metadata"]
        try:
            return await self._client.json_patch(
                resource, metadata["name"], patch, metadata.get("namespace")
            )
        except errors.ConflictError:
            return None
        except errors.NotFoundError:
            return live
