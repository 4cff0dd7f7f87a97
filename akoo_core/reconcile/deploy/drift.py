"""Differences between an existing object and the wanted one. Pure."""

from __future__ import annotations

from typing import Any

from akoo_core import structs

_VOLATILE = ("managedFields", "resourceVersion", "generation")


def differences(wanted: Any, existing: Any, path: str = "") -> list[str]:
    """Paths in ``wanted`` whose values ``existing`` lacks; fields that only ``existing`` has are
    ignored.

    Never misses a change. May name a field that the server only writes differently ("1" for
    "1000m"), so settle a finding by a dry-run apply. Empty and absent are the same, since the
    server drops empty values.
    """
    if isinstance(wanted, dict):
        if not wanted and existing in (None, {}):
            return []
        if not isinstance(existing, dict):
            return [path or "."]
        return [
            difference
            for name, value in wanted.items()
            for difference in differences(
                value, existing.get(name), f"{path}.{name}" if path else name
            )
        ]
    if isinstance(wanted, list):
        if not wanted and existing in (None, []):
            return []
        if not isinstance(existing, list) or len(existing) != len(wanted):
            return [path]
        return [
            difference
            for index, value in enumerate(wanted)
            for difference in differences(value, existing[index], f"{path}[{index}]")
        ]
    if wanted in (None, "") and existing in (None, ""):
        return []
    return [] if wanted == existing and type(wanted) is type(existing) else [path]


def same(first: structs.JSON, second: structs.JSON) -> bool:
    """True if two states of an object differ in nothing but bookkeeping."""
    return _steady(first) == _steady(second)


def _steady(obj: structs.JSON) -> structs.JSON:
    metadata = {k: v for k, v in obj["metadata"].items() if k not in _VOLATILE}
    return {**obj, "metadata": metadata}
