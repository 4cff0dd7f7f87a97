"""Stop the ancestor: its package paused, its Deployment without replicas, its webhooks away.

The webhooks have failurePolicy Fail: without a server they would refuse every write of a config.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from akoo_ako.installs.seen import at, metadata_of, name_of, namespace_of
from akoo_ako.migration.estate import Estate, named, replicas
from akoo_ako.migration.switch import change
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Entry, Journal
from akoo_core.plugin import structs

NAME: Final = "stop"
OF_SERVER: Final = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
)
"""Metadata that a server gives to each object."""


def forward(estate: Estate, journal: Journal) -> Iterator[Change]:
    """Package first: it would start the Deployment again."""
    del journal
    for package in estate.packages:
        paused = at(package, "spec.paused")
        if paused is not True:
            yield change.patched(
                NAME,
                package,
                [change.put("/spec/paused", True)],
                "paused",
                before={"paused": paused},
                same_version=True,
            )
    for deployment in estate.deployments:
        if replicas(deployment):
            yield change.patched(
                NAME,
                deployment,
                [change.put("/spec/replicas", 0)],
                "to 0 replicas",
                before={"replicas": replicas(deployment)},
                same_version=True,
            )
    for webhook in estate.webhooks:
        yield change.deleted(
            NAME, webhook, "stored and deleted", before={"object": _without_server(webhook)}
        )


def backward(entries: Sequence[Entry], estate: Estate) -> Iterator[Change]:
    """Webhooks first, then the ancestor, then its package."""
    there = {named(webhook) for webhook in estate.webhooks}
    for entry in entries:
        stored: structs.JSON | None = entry.before.get("object")
        if stored is not None and named(stored) not in there:
            yield change.created(NAME, stored, "restored")
    for entry, obj in _of(entries, estate.deployments, "replicas"):
        wanted = entry.before["replicas"]
        if replicas(obj) == 0 and wanted:
            yield change.patched(
                NAME,
                obj,
                [change.put("/spec/replicas", wanted)],
                f"to {wanted} replicas",
                same_version=True,
            )
    for entry, obj in _of(entries, estate.packages, "paused"):
        before, now = entry.before["paused"], at(obj, "spec.paused")
        if now is True:
            undone = (
                {"op": "remove", "path": "/spec/paused"}
                if before is None
                else change.put("/spec/paused", before)
            )
            yield change.patched(NAME, obj, [undone], "not paused any more", same_version=True)


def running(estate: Estate) -> str:
    """The reason to wait: a sentence on Pods of the ancestor, which act until they are gone."""
    if not estate.operator_pods:
        return ""
    listed = ", ".join(estate.operator_pods)
    return f"Pod {listed} of the ancestor still runs"


def _of(
    entries: Sequence[Entry], objects: Sequence[structs.JSON], field: str
) -> Iterator[tuple[Entry, structs.JSON]]:
    """The entries that have ``field``, with the object as it is now."""
    by_key = {(namespace_of(obj), name_of(obj)): obj for obj in objects}
    for entry in entries:
        obj = by_key.get((entry.namespace, entry.name))
        if field in entry.before and obj is not None and metadata_of(obj)["uid"] == entry.uid:
            yield entry, obj


def _without_server(obj: structs.JSON) -> structs.JSON:
    metadata: dict[str, Any] = {
        key: value for key, value in metadata_of(obj).items() if key not in OF_SERVER
    }
    return {**obj, "metadata": metadata}
