"""Counts records for the gauges: by phase, readiness of each plugin, reason of not being ready, of
a hold and of a leak; the objects left outside; and the start of the oldest leaving."""

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
    "not ready": metrics.NOT_READY,
    "held": metrics.HELD,
    "leaked": metrics.LEAKED,
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
    ready = conditions.find(status.conditions, "Ready")
    if ready is not None and ready.status == "False":
        yield ("not ready", ready.reason), 1
    for gauge, kind in (("held", "Held"), ("leaked", "Leaked")):
        condition = conditions.find(status.conditions, kind)
        if condition is not None and condition.status == "True":
            yield (gauge, condition.reason), 1


def leaving_since(record: Record | None) -> float | None:
    """Unix time of the start of a leaving that holds its Cluster, or of a relocation. Pure."""
    state = record.spec.leaving if record is not None else None
    if record is None or state is None or state.let_go is not None or record.spec.finished_at:
        return None
    return state.started_at.timestamp()


class RecordGauges:
    """Follows every change of every record; a change costs the same in any fleet."""

    def __init__(self) -> None:
        self._counts: collections.Counter[Label] = collections.Counter()
        self._leaving: dict[str, float] = {}
        """Starts of leavings by the name of their record."""

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
        record = new or old
        if record is not None:
            self._follow(record.name, leaving_since(new))

    def _follow(self, name: str, since: float | None) -> None:
        if since == self._leaving.get(name):
            return
        if since is None:
            del self._leaving[name]
        else:
            self._leaving[name] = since
        metrics.LEAVING_SINCE.set(min(self._leaving.values(), default=0.0))
