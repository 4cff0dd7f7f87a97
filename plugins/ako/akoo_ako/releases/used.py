"""The clusters of each release, by the records; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from akoo_ako import names
from akoo_core.plugin.records import Record

Clusters = Mapping[str, tuple[str, ...]]
"""The clusters of each release, as namespace/name."""


def clusters(records: Iterable[Record]) -> Clusters:
    """The clusters by the release that their record intends; those that have ended are left out."""
    used: dict[str, list[str]] = {}
    for record in records:
        intent = record.spec.intents.get(names.PLUGIN)
        version = str(intent.data.get("version", "")) if intent is not None else ""
        if version and record.spec.finished_at is None:
            ref = record.spec.cluster_ref
            used.setdefault(version, []).append(f"{ref.namespace}/{ref.name}")
    return {version: tuple(sorted(keys)) for version, keys in used.items()}
