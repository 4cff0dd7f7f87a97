"""The fleet in one table (the columns of ``kubectl get akodeployments``) and one line. Pure."""

from __future__ import annotations

import collections
import datetime
import typing
from collections.abc import Iterator

from akoo_core import structs
from akoo_core.cli import columns, fleet
from akoo_core.objects import conditions
from akoo_core.objects.record import Phase, Record

HEADS = ("NAME", "NAMESPACE", "CLUSTER", "CONFIG", "AKO", "PHASE", "READY", "REASON", "LEFT", "AGE")
PHASES: tuple[str, ...] = typing.get_args(Phase)


def lines(records: fleet.Records, now: datetime.datetime) -> Iterator[str]:
    """The table, the unreadable records, and the summary."""
    if records.known:
        yield from columns.lines([HEADS, *(_row(record, now) for record in records.known)])
    yield from (f"cannot be read: {problem}" for problem in records.unreadable)
    yield summary(records)


def summary(records: fleet.Records) -> str:
    """Counts of records by phase, and of records that are not Ready by reason."""
    if not records.known:
        return "no records" if not records.unreadable else "no record that can be read"
    phases = collections.Counter(_phase(record) for record in records.known)
    by_phase = ", ".join(f"{phases[phase]} {phase}" for phase in PHASES if phases[phase])
    reasons = collections.Counter(filter(None, map(why_not_ready, records.known)))
    by_reason = ", ".join(
        f"{count} {reason}" for reason, count in sorted(reasons.items(), key=lambda x: (-x[1], x))
    )
    noun = "record" if len(records.known) == 1 else "records"
    counted = f"{len(records.known)} {noun}: {by_phase}"
    return f"{counted}; not ready: {by_reason}" if by_reason else counted


def plain(records: fleet.Records) -> structs.JSON:
    """The table for programs. ``left`` is null unless the record leaves."""
    return {
        "records": [_object(record) for record in records.known],
        "unreadable": list(records.unreadable),
        "phases": dict(collections.Counter(_phase(record) for record in records.known)),
        "notReady": dict(collections.Counter(filter(None, map(why_not_ready, records.known)))),
    }


def _row(record: Record, now: datetime.datetime) -> tuple[str, ...]:
    ref, status = record.spec.cluster_ref, record.status
    ready = conditions.find(status.conditions, "Ready")
    return (
        record.name,
        ref.namespace,
        ref.name,
        record.spec.config_ref.name,
        status.version,
        status.phase or "",
        ready.status if ready else "",
        ready.reason if ready else "",
        "" if status.left is None else str(status.left),
        columns.age(record.created, now),
    )


def _object(record: Record) -> structs.JSON:
    ref, status = record.spec.cluster_ref, record.status
    ready = conditions.find(status.conditions, "Ready")
    return {
        "name": record.name,
        "namespace": ref.namespace,
        "cluster": ref.name,
        "config": record.spec.config_ref.name,
        "ako": status.version,
        "phase": _phase(record),
        "ready": ready.status if ready else "Unknown",
        "reason": ready.reason if ready else "",
        "message": ready.message if ready else "",
        "left": status.left,
        "created": record.created.isoformat(),
    }


def _phase(record: Record) -> str:
    return record.status.phase or "Preparing"


def why_not_ready(record: Record) -> str:
    """The reason, or "". Finished and orphaned records count as ready."""
    if record.spec.finished_at is not None:
        return ""
    ready = conditions.find(record.status.conditions, "Ready")
    if ready is None:
        return "Unknown"
    return "" if ready.status == "True" else ready.reason
