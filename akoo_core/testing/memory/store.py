"""Rows with one growing resourceVersion, and a bounded history that watches read."""

from __future__ import annotations

import asyncio
import collections
import itertools
from typing import Any, Literal, NamedTuple

from akoo_core.kube.resource import Resource

Object = dict[str, Any]
Kind = tuple[str, str]
"""Group and plural."""


class Key(NamedTuple):
    """The key of an object, the same for all versions of its kind. Sorts as etcd does."""

    group: str
    plural: str
    namespace: str
    name: str


class ServerWrite(NamedTuple):
    """One write. ``before`` is None for a new object; a deletion's ``object`` is the last state."""

    version: int
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    key: Key
    object: Object
    before: Object | None


class ServerStore:
    """All state of one API server in memory. Not thread-safe; objects in it are never changed."""

    def __init__(self, history_limit: int) -> None:
        self.rows: dict[Key, Object] = {}
        self._kinds: dict[Kind, dict[Key, Object]] = {}
        self._changed: dict[Kind, int] = {}
        self.version = 0
        self.compacted = 0
        """Changes up to this version cannot be watched any more."""
        self.history: collections.deque[ServerWrite] = collections.deque()
        self._history_limit = history_limit
        self._waiting: dict[asyncio.Event, Kind] = {}  # In order: every run is the same.

    def put(self, key: Key, obj: Object) -> Object:
        """Store ``obj`` as the next version of ``key`` and return it."""
        before = self.rows.get(key)
        self.rows[key] = stored = self._stamped(obj)
        self._kinds.setdefault(key[:2], {})[key] = stored
        self._record(
            ServerWrite(self.version, "MODIFIED" if before else "ADDED", key, stored, before)
        )
        return stored

    def remove(self, key: Key, obj: Object) -> Object:
        """Drop ``key``; ``obj`` is its final state, which gets a version of its own."""
        before = self.rows.pop(key)
        del self._kinds[key[:2]][key]
        final = self._stamped(obj)
        self._record(ServerWrite(self.version, "DELETED", key, final, before))
        return final

    def select(self, resource: Resource, namespace: str | None) -> list[tuple[Key, Object]]:
        """The objects of a kind, in etcd's order."""
        rows = self._kinds.get((resource.group, resource.plural), {})
        everywhere = not namespace or not resource.namespaced
        selected = [row for row in rows.items() if everywhere or row[0].namespace == namespace]
        return sorted(selected, key=lambda row: row[0])

    def since(self, version: int) -> list[ServerWrite]:
        """The changes after ``version``, oldest first."""
        newer = itertools.takewhile(lambda change: change.version > version, reversed(self.history))
        return list(newer)[::-1]

    def reached(self, resource: Resource, version: int) -> int:
        """The latest version that says no more of this kind than ``version`` does."""
        kind = (resource.group, resource.plural)
        return self.version if self._changed.get(kind, 0) <= version else version

    def compact(self) -> None:
        """Forget the history: watches and list tokens from before now are Gone."""
        self.history.clear()
        self.compacted = self.version

    def subscribe(self, resource: Resource) -> asyncio.Event:
        """An event that is set at every change of the kind until ``unsubscribe``."""
        event = asyncio.Event()
        self._waiting[event] = (resource.group, resource.plural)
        return event

    def unsubscribe(self, event: asyncio.Event) -> None:
        self._waiting.pop(event, None)

    def wake(self) -> None:
        """Let every watch look again."""
        for event in self._waiting:
            event.set()

    def _stamped(self, obj: Object) -> Object:
        self.version += 1
        metadata = {**obj["metadata"], "resourceVersion": str(self.version)}
        return {**obj, "metadata": metadata}

    def _record(self, change: ServerWrite) -> None:
        self.history.append(change)
        while len(self.history) > self._history_limit:
            self.compacted = self.history.popleft().version
        kind = change.key[:2]
        self._changed[kind] = change.version
        for event, wanted in self._waiting.items():
            if wanted == kind:
                event.set()


def key_of(resource: Resource, namespace: str | None, name: str) -> Key:
    """The row of an object; a cluster-scoped kind has no namespace whatever is given."""
    return Key(
        resource.group, resource.plural, (namespace or "") if resource.namespaced else "", name
    )
