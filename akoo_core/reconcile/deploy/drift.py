"""Whether a live object still is as we want it. Pure."""

from __future__ import annotations

from typing import Any

from akoo_core import structs

_VOLATILE = ("managedFields", "resourceVersion", "generation")


def differences(wanted: Any, live: Any, path: str = "") -> list[str]:
    """Paths in ``wanted`` that ``live`` does not have as it should; what is only live is ignored.

    Cautious: it may name a field that the server merely writes differently ("1" for "1000m"), so a
    finding is to be settled by a dry-run apply; it never misses a change. Empty and absent are the
    same, since the server drops empty values.
    """
    if isinstance(wanted, dict):
        if not wanted and live in (None, {}):
            return []
        if not isinstance(live, dict):
            return [path or "."]
        return [
            difference
            for name, value in wanted.items()
            for difference in differences(value, live.get(name), f"{path}.{name}" if path else name)
        ]
    if isinstance(wanted, list):
        if not wanted and live in (None, []):
            return []
        if not isinstance(live, list) or len(live) != len(wanted):
            return [path]
        return [
            difference
            for index, value in enumerate(wanted)
            for difference in differences(value, live[index], f"{path}[{index}]")
        ]
    if wanted in (None, "") and live in (None, ""):
        return []
    return [] if wanted == live and type(wanted) is type(live) else [path]


def same(first: structs.JSON, second: structs.JSON) -> bool:
    """Whether two states of an object differ in nothing but bookkeeping."""
    return _steady(first) == _steady(second)


def _steady(obj: structs.JSON) -> structs.JSON:
    metadata = {k: v for k, v in obj["metadata"].items() if k not in _VOLATILE}
    return {**obj, "metadata": metadata}
