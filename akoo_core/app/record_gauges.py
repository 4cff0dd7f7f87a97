"""Counts records for the gauges: by phase, by readiness of each plugin, by what holds them, and
what they leave behind."""

from __future__ import annotations

import collections
from collections.abc import Iterator

from akoo_core.objects import conditions, record
from akoo_core.telemetry import metrics

Label = tuple[str, str]
"""(gauge, its label value)."""

_GAUGES = {
    "records": metrics.RECORDS,
    "ready": metrics.READY,
    "held": metrics.HELD,
    "left": metrics.LEFT_OBJECTS,
}


def counts(one: record.Record) -> Iterator[tuple[Label, int]]:
    """What one record adds to which gauge; each label once. Pure."""
    status = one.status
    if status.phase is not None:
        yield ("records", status.phase), 1
        if status.left:
            yield ("left", status.phase), status.left
    for name in one.spec.plugins:
        found = conditions.find(status.conditions, conditions.type_for_plugin(name))
        if found is not None and found.status == "True":
            yield ("ready", name), 1
    held = conditions.find(status.conditions, "Held")
    if held is not None and held.status == "True":
        yield ("held", held.reason), 1


class RecordGauges:
    """Follows every change of every record; a change costs the same in any fleet."""

    def __init__(self) -> None:
        self._counts: collections.Counter[Label] = collections.Counter()

    def changed(self, old: record.Record | None, new: record.Record | None) -> None:
        """A record came (``old`` None), changed, or went (``new`` None)."""
        before = dict(counts(old)) if old is not None else {}
        after = dict(counts(new)) if new is not None else {}
        for label in sorted({*before, *after}):
            difference = after.get(label, 0) - before.get(label, 0)
            if difference:
                self._counts[label] += difference
                gauge, value = label
                _GAUGES[gauge].labels(value).set(self._counts[label])
