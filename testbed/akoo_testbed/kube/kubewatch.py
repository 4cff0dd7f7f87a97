"""List and watch: a view of one kind that survives outages of its API server."""

import asyncio
import collections.abc
import contextlib
import json
import typing

from akoo_testbed.kube import kuberest
from akoo_testbed.kube.kuberest import ApiError, Object

SILENCE_SECONDS = 100.0  # the server sends a bookmark about once a minute
_PARAMS = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": "240"}


class Event(typing.NamedTuple):
    """One step of `KubeApi.watch`: ADDED, MODIFIED, DELETED, or SYNCED with an empty object."""

    type: str
    object: Object


async def watch(
    api: kuberest.Transport,
    kind: str,
    namespace: str | None = None,
    *,
    labels: str = "",
    fields: str = "",
) -> collections.abc.AsyncGenerator[Event, None]:
    """All objects of a kind, then every change, for ever; SYNCED after each full list.

    Survives outages: lists again and yields the difference, DELETED included. Leave the loop
    inside `contextlib.aclosing`, so that the connection is closed at once.
    """
    params = _PARAMS | {"labelSelector": labels, "fieldSelector": fields}
    known: dict[tuple[str, str], Object] = {}
    delay = 0.0
    while True:
        try:
            path = await api.path(kind, namespace)
            items, version = await api.list_at(kind, namespace, labels=labels, fields=fields)
            for event in _difference(known, items):
                yield event
            yield Event("SYNCED", {})
            while version:
                received = 0
                stream = _stream(api, path, params | {"resourceVersion": version})
                async with contextlib.aclosing(stream) as changes:
                    async for event in changes:
                        received, delay = received + 1, 0.0
                        version = event.object["metadata"]["resourceVersion"]
                        if event.type != "BOOKMARK":
                            _remember(known, event)
                            yield event
                delay = delay if received else _longer(delay)
                await asyncio.sleep(delay)
        except kuberest.HICCUPS:
            delay = _longer(delay)
            await asyncio.sleep(delay)


async def _stream(
    api: kuberest.Transport, path: str, params: dict[str, str]
) -> collections.abc.AsyncGenerator[Event, None]:
    async with api.stream(path, params, silence_seconds=SILENCE_SECONDS) as lines:
        async for line in lines:
            event = json.loads(line)
            if event["type"] == "ERROR":  # 410 Gone, mostly: list again
                status = event["object"]
                raise ApiError(status.get("code", 500), status.get("reason", ""), "watch ended")
            yield Event(event["type"], api.shown(event["object"]))


def _longer(delay: float) -> float:
    return min(max(delay * 2, 0.05), 2.0)


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _remember(known: dict[tuple[str, str], Object], event: Event) -> None:
    if event.type == "DELETED":
        known.pop(_key(event.object), None)
    else:
        known[_key(event.object)] = event.object


def _difference(
    known: dict[tuple[str, str], Object], items: collections.abc.Sequence[Object]
) -> collections.abc.Sequence[Event]:
    """The changes from the last knowledge to a fresh list; `known` is brought up to date."""
    fresh = {_key(item): item for item in items}
    events = []
    for key, old in list(known.items()):
        if key not in fresh or fresh[key]["metadata"]["uid"] != old["metadata"]["uid"]:
            events.append(Event("DELETED", known.pop(key)))
    for key, item in fresh.items():
        old_version = known.get(key, {}).get("metadata", {}).get("resourceVersion")
        if item["metadata"]["resourceVersion"] != old_version:
            events.append(Event("MODIFIED" if old_version else "ADDED", item))
            known[key] = item
    return events
