"""Remove the conditions of the ancestor from living Clusters: nobody updates them any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from akoo_ako.installs.seen import items, metadata_of
from akoo_ako.migration import ancestor
from akoo_ako.migration.estate import Estate, is_deleting, key_of
from akoo_ako.migration.switch import change
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Entry, Journal
from akoo_core.plugin import structs

NAME: Final = "conditions"
PATHS: Final = ("status.conditions", "status.deprecated.v1beta1.conditions")
"""v1beta2 shows the conditions of v1beta1 at the second."""


def forward(estate: Estate, journal: Journal) -> Iterator[Change]:
    """One patch of the status a Cluster."""
    del journal
    for cluster in estate.clusters:
        stale = {path: list(_stale(cluster, path)) for path in PATHS}
        if is_deleting(cluster) or not any(stale.values()):
            continue
        operations = [
            operation
            for path, entries in stale.items()
            for index, condition in reversed(entries)
            for operation in change.removed(f"{_pointer(path)}/{index}", condition)
        ]
        listed = [condition["type"] for entries in stale.values() for _, condition in entries]
        before = {
            path: [condition for _, condition in entries]
            for path, entries in stale.items()
            if entries
        }
        yield change.patched(
            NAME,
            cluster,
            operations,
            f"conditions {', '.join(listed)} removed",
            before=before,
            subresource="status",
        )


def backward(entries: Sequence[Entry], estate: Estate) -> Iterator[Change]:
    """The conditions that are missing, at the end of a list that is still there."""
    clusters = {key_of(cluster): cluster for cluster in estate.clusters}
    for entry in entries:
        cluster = clusters.get(f"{entry.namespace}/{entry.name}")
        if cluster is None or metadata_of(cluster)["uid"] != entry.uid or is_deleting(cluster):
            continue
        missing = [
            (path, condition)
            for path, conditions in entry.before.items()
            for condition in _missing(cluster, path, conditions)
        ]
        if missing:
            listed = ", ".join(condition["type"] for _, condition in missing)
            yield change.patched(
                NAME,
                cluster,
                [change.put(f"{_pointer(path)}/-", condition) for path, condition in missing],
                f"conditions {listed} restored",
                subresource="status",
                same_version=True,
            )


def _stale(cluster: structs.JSON, path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, condition in enumerate(items(cluster, path)):
        if condition.get("type") in ancestor.CONDITIONS:
            yield index, condition


def _missing(
    cluster: structs.JSON, path: str, conditions: Sequence[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    present = items(cluster, path)
    types = {condition.get("type") for condition in present}
    for condition in conditions:
        # A server drops empty lists, and a condition has no other parent to be added to.
        if present and condition["type"] not in types:
            yield condition


def _pointer(path: str) -> str:
    return f"/{path.replace('.', '/')}"
