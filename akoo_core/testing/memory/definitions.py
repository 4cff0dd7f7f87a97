"""CustomResourceDefinitions in memory: their kinds are served as soon as they are created."""

from __future__ import annotations

from collections.abc import Iterator

from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.testing.memory.discovery import Served
from akoo_core.testing.memory.store import Key, Object, ServerStore


def defined(definition: Object) -> Iterator[Resource]:
    """The kinds that a CustomResourceDefinition makes; none for anything else."""
    if definition.get("kind") != resources.CUSTOM_RESOURCE_DEFINITIONS.kind:
        return
    spec = definition["spec"]
    for version in spec["versions"]:
        if version.get("served", True):
            yield Resource(
                spec["group"],
                version["name"],
                spec["names"]["plural"],
                spec["names"]["kind"],
                spec["scope"] == "Namespaced",
            )


class Definitions:
    """The API server's reaction to the CRDs in its store, at once after each write."""

    def __init__(self, store: ServerStore, served: Served) -> None:
        self._store = store
        self._served = served
        self._seen: dict[Key, Object] = {}

    def settle(self) -> None:
        """Serve what is defined and say so; drop what is not defined any more."""
        now = dict(self._store.select(resources.CUSTOM_RESOURCE_DEFINITIONS, None))
        for key in self._seen.keys() - now.keys():
            self._drop(self._seen.pop(key))
        for key, obj in now.items():
            if self._seen.get(key) is not obj:
                self._seen[key] = self._establish(key, obj)

    def _establish(self, key: Key, obj: Object) -> Object:
        for kind in defined(obj):
            self._served.serve(kind)
        if _established(obj):
            return obj
        conditions = [
            {"type": name, "status": "True", "reason": name}
            for name in ("NamesAccepted", "Established")
        ]
        return self._store.put(key, {**obj, "status": {"conditions": conditions}})

    def _drop(self, obj: Object) -> None:
        """The objects of a kind go with its definition."""
        for kind in defined(obj):
            self._served.stop(kind)
            for key, definition in self._store.select(kind, None):
                self._store.remove(key, definition)


def _established(obj: Object) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(
        condition["type"] == "Established" and condition["status"] == "True"
        for condition in conditions
    )
