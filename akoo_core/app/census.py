"""Counts records for the gauges: by phase, by readiness of each plugin, by what holds them."""

from __future__ import annotations

import collections
from collections.abc import Iterator

from akoo_core.api import conditions, record
from akoo_core.telemetry import metrics

Label = tuple[str, str]
"""(gauge, its label value)."""


def labels(one: record.Record) -> Iterator[Label]:
    """What one record counts for. Pure."""
    status = one.status
    if status.phase is not None:
        yield "records", status.phase
    for name in one.spec.plugins:
        found = conditions.find(status.conditions, conditions.type_for_plugin(name))
        if found is not None and found.status == "True":
            yield "ready", name
    held = conditions.find(status.conditions, "Held")
    if held is not None and held.status == "True":
        yield "held", held.reason


class Census:
    """Follows every change of every record; a change costs the same in any fleet."""

    def __init__(self) -> None:
        self._counts: collections.Counter[Label] = collections.Counter()

    def changed(self, old: record.Record | None, new: record.Record | None) -> None:
        """A record came (``old`` None), changed, or went (``new`` None)."""
        before = set(labels(old)) if old is not None else set()
        after = set(labels(new)) if new is not None else set()
        for label in before - after:
            self._counts[label] -= 1
            self._show(label)
        for label in after - before:
            self._counts[label] += 1
            self._show(label)

    def _show(self, label: Label) -> None:
        gauge, value = label
        shown = {"records": metrics.RECORDS, "ready": metrics.READY, "held": metrics.HELD}[gauge]
        shown.labels(value).set(self._counts[label])
