"""The metric of port groups by condition."""

from __future__ import annotations

import collections
from collections.abc import Iterable

from akoo_core.plugin import metrics
from akoo_core.plugin.conditions import Condition

_true: dict[str, frozenset[str]] = {}
"""Types of the conditions that are True, by the name of the port group."""
_counts: collections.Counter[str] = collections.Counter()


def note(name: str, conditions: Iterable[Condition]) -> None:
    """Count a port group by its conditions."""
    _count(name, frozenset(row.type for row in conditions if row.status == "True"))


def forget(name: str) -> None:
    """The object is gone."""
    _count(name, frozenset())
    _true.pop(name, None)


def _count(name: str, now: frozenset[str]) -> None:
    before = _true.get(name, frozenset())
    _true[name] = now
    _counts.update(now - before)
    _counts.subtract(before - now)
    for kind in before ^ now:
        metrics.PORT_GROUPS.labels(kind).set(_counts[kind])
