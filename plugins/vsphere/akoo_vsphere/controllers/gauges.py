"""The metrics of port groups: by the conditions that are True, and by the reason of Ready."""

from __future__ import annotations

import collections
from collections.abc import Iterable

from akoo_core.plugin import metrics
from akoo_core.plugin.conditions import Condition

Label = tuple[str, str]
"""(metric, value of its label)."""

_METRICS = {"condition": metrics.PORT_GROUPS, "reason": metrics.PORT_GROUPS_NOT_READY}
_labels: dict[str, frozenset[Label]] = {}
"""The labels that a port group counts for, by its name."""
_counts: collections.Counter[Label] = collections.Counter()


def note(name: str, conditions: Iterable[Condition]) -> None:
    """Count a port group by its conditions."""
    rows = tuple(conditions)
    true = {("condition", row.type) for row in rows if row.status == "True"}
    wrong = {("reason", row.reason) for row in rows if row.type == "Ready" and row.status != "True"}
    _count(name, frozenset(true | wrong))


def forget(name: str) -> None:
    """The object is gone."""
    _count(name, frozenset())
    _labels.pop(name, None)


def _count(name: str, now: frozenset[Label]) -> None:
    before = _labels.get(name, frozenset())
    _labels[name] = now
    _counts.update(now - before)
    _counts.subtract(before - now)
    for label in before ^ now:
        metric, value = label
        _METRICS[metric].labels(value).set(_counts[label])
