"""Sets of fields, as ``metadata.managedFields`` has them (``fieldsV1``). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def union(entries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The fields of all entries of ``managedFields`` together."""
    fields: dict[str, Any] = {}
    for entry in entries:
        fields = _merged(fields, entry.get("fieldsV1") or {})
    return fields


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for step, inner in second.items():
        before = merged.get(step)
        merged[step] = _merged(before, inner) if isinstance(before, dict) else inner
    return merged
