"""Watches over the store's history: selectors, initial events, bookmarks, expiry."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Literal

from akoo_core.kube import client, errors
from akoo_core.kube.request import ServerRequest
from akoo_core.testing.memory import kinds
from akoo_core.testing.memory.patch import copied
from akoo_core.testing.memory.selectors import Predicate
from akoo_core.testing.memory.store import Object, ServerStore, ServerWrite

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class WatchFaults:
    """Faults that a test makes in all open watches."""

    def __init__(self, store: ServerStore) -> None:
        self._store = store
        self.open = 0
        """The number of open watches."""
        self._epoch = 0
        self._bookmark = 0
        self._failure: errors.KubeError | None = None

    def bookmark(self) -> None:
        """Send every open watch a bookmark of the current version."""
        self._bookmark += 1
        self._store.wake()

    def end(self, failure: errors.KubeError | None = None) -> None:
        """End every open watch: normally, or with ``failure``."""
        self._epoch += 1
        self._failure = failure
        self._store.wake()

    async def read(
        self, request: ServerRequest, matches: Predicate, *, since: str, send_initial_events: bool
    ) -> AsyncGenerator[client.WatchEvent, None]:
        """The events of one watch, as KubeClient.watch promises them."""
        initial = send_initial_events or since in ("", "0")
        position = self._store.version if initial else int(since)
        if position < self._store.compacted:
            raise _gone(request, position, self._store)
        seen = (self._epoch, self._bookmark)
        woken = self._store.subscribe(request.resource)
        self.open += 1
        try:
            if initial:
                for event in self._initial(request, matches, send_initial_events):
                    yield event
            follow = self._follow(request, matches, position, woken, seen)
            async with contextlib.aclosing(follow) as events:
                async for event in events:
                    yield event
        finally:
            self.open -= 1
            self._store.unsubscribe(woken)

    def _initial(
        self, request: ServerRequest, matches: Predicate, send_initial_events: bool
    ) -> list[client.WatchEvent]:
        rows = self._store.select(request.resource, request.namespace)
        events = [_event("ADDED", obj, request) for _, obj in rows if matches(obj)]
        end = [_bookmark(request, self._store.version, initial_end=True)]
        return events + (end if send_initial_events else [])

    async def _follow(
        self,
        request: ServerRequest,
        matches: Predicate,
        position: int,
        woken: asyncio.Event,
        seen: tuple[int, int],
    ) -> AsyncGenerator[client.WatchEvent, None]:
        epoch, bookmark = seen
        while True:
            woken.clear()
            position = self._store.reached(request.resource, position)
            if position < self._store.compacted:
                raise _gone(request, position, self._store)
            for change in self._store.since(position):
                position = change.version
                if (event := _seen(change, request, matches)) is not None:
                    yield event
            if bookmark != self._bookmark:
                bookmark = self._bookmark
                yield _bookmark(request, position)
            if epoch != self._epoch:
                if self._failure is not None:
                    raise self._failure
                return
            if position == self._store.reached(request.resource, position):
                await woken.wait()


def _seen(
    change: ServerWrite, request: ServerRequest, matches: Predicate
) -> client.WatchEvent | None:
    """The change as this watch sees it; None when it is outside of its selection."""
    key, resource = change.key, request.resource
    if (key.group, key.plural) != (resource.group, resource.plural):
        return None
    if resource.namespaced and request.namespace and key.namespace != request.namespace:
        return None
    was = change.before is not None and matches(change.before)
    now = change.type != "DELETED" and matches(change.object)
    if now:
        return _event("MODIFIED" if was else "ADDED", change.object, request)
    return _event("DELETED", change.object, request) if was else None


def _event(
    kind: Literal["ADDED", "MODIFIED", "DELETED"], obj: Object, request: ServerRequest
) -> client.WatchEvent:
    version = {"apiVersion": request.resource.api_version, "kind": request.resource.kind}
    return client.WatchEvent(kind, {**copied(obj), **version})


def _bookmark(
    request: ServerRequest, version: int, *, initial_end: bool = False
) -> client.WatchEvent:
    metadata: Object = {"resourceVersion": str(version), "creationTimestamp": None}
    if initial_end:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    resource = request.resource
    obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    return client.WatchEvent("BOOKMARK", obj)


def _gone(request: ServerRequest, position: int, store: ServerStore) -> errors.KubeError:
    message = f"too old resource version: {position} ({store.compacted})"
    return kinds.refusal(410, "Expired", message, request)
