"""Counts records for the gauges: by phase, readiness of each plugin, and reason of a hold; and the
objects left outside."""

from __future__ import annotations

import collections
from collections.abc import Iterator

from akoo_core.objects import conditions
from akoo_core.objects.record import Record
from akoo_core.telemetry import metrics

Label = tuple[str, str]
"""(gauge, its label value)."""

_GAUGES = {
    "records": metrics.RECORDS,
    "ready": metrics.READY,
    "held": metrics.HELD,
    "left": metrics.LEFT_OBJECTS,
}


def counts(record: Record) -> Iterator[tuple[Label, int]]:
    """Amounts that a record adds to each gauge; each label once. Pure."""
    status = record.status
    if status.phase is not None:
        yield ("records", status.phase), 1
        if status.left:
            yield ("left", status.phase), status.left
    for name in record.spec.plugins:
        condition = conditions.find(status.conditions, conditions.type_for_plugin(name))
        if condition is not None and condition.status == "True":
            yield ("ready", name), 1
    held = conditions.find(status.conditions, "Held")
    if held is not None and held.status == "True":
        yield ("held", held.reason), 1


class RecordGauges:
    """Follows every change of every record; a change costs the same in any fleet."""

    def __init__(self) -> None:
        self._counts: collections.Counter[Label] = collections.Counter()

    def changed(self, old: Record | None, new: Record | None) -> None:
        """Count a record that came (``old`` None), changed, or went (``new`` None)."""
        before = dict(counts(old)) if old is not None else {}
        after = dict(counts(new)) if new is not None else {}
        for label in sorted({*before, *after}):
            difference = after.get(label, 0) - before.get(label, 0)
            if difference:
                self._counts[label] += difference
                gauge, value = label
                _GAUGES[gauge].labels(value).set(self._counts[label])
