"""The fleet in one table (the columns of ``kubectl get akodeployments``) and one line. Pure."""

from __future__ import annotations

import collections
import datetime
import typing
from collections.abc import Iterator

from akoo_core import structs
from akoo_core.cli import columns, fleet
from akoo_core.objects import conditions, record

HEADS = ("NAME", "NAMESPACE", "CLUSTER", "CONFIG", "AKO", "PHASE", "READY", "REASON", "LEFT", "AGE")
PHASES: tuple[str, ...] = typing.get_args(record.Phase)


def lines(found: fleet.Records, now: datetime.datetime) -> Iterator[str]:
    """The table, what cannot be read, the summary."""
    if found.known:
        yield from columns.lines([HEADS, *(_row(one, now) for one in found.known)])
    yield from (f"cannot be read: {one}" for one in found.unreadable)
    yield summary(found)


def summary(found: fleet.Records) -> str:
    """How many records there are, by phase in their order, and why those not Ready are not."""
    if not found.known:
        return "no records" if not found.unreadable else "no record that can be read"
    phases = collections.Counter(_phase(one) for one in found.known)
    by_phase = ", ".join(f"{phases[phase]} {phase}" for phase in PHASES if phases[phase])
    reasons = collections.Counter(filter(None, map(why_not_ready, found.known)))
    by_reason = ", ".join(
        f"{count} {reason}" for reason, count in sorted(reasons.items(), key=lambda x: (-x[1], x))
    )
    one = "record" if len(found.known) == 1 else "records"
    told = f"{len(found.known)} {one}: {by_phase}"
    return f"{told}; not ready: {by_reason}" if by_reason else told


def plain(found: fleet.Records) -> structs.JSON:
    """The same for programs. ``left`` is null unless the record leaves."""
    return {
        "records": [_object(one) for one in found.known],
        "unreadable": list(found.unreadable),
        "phases": dict(collections.Counter(_phase(one) for one in found.known)),
        "notReady": dict(collections.Counter(filter(None, map(why_not_ready, found.known)))),
    }


def _row(one: record.Record, now: datetime.datetime) -> tuple[str, ...]:
    ref, status = one.spec.cluster_ref, one.status
    ready = conditions.find(status.conditions, "Ready")
    return (
        one.name,
        ref.namespace,
        ref.name,
        one.spec.config_ref.name,
        status.version,
        status.phase or "",
        ready.status if ready else "",
        ready.reason if ready else "",
        "" if status.left is None else str(status.left),
        columns.age(one.created, now),
    )


def _object(one: record.Record) -> structs.JSON:
    ref, status = one.spec.cluster_ref, one.status
    ready = conditions.find(status.conditions, "Ready")
    return {
        "name": one.name,
        "namespace": ref.namespace,
        "cluster": ref.name,
        "config": one.spec.config_ref.name,
        "ako": status.version,
        "phase": _phase(one),
        "ready": ready.status if ready else "Unknown",
        "reason": ready.reason if ready else "",
        "message": ready.message if ready else "",
        "left": status.left,
        "created": one.created.isoformat(),
    }


def _phase(one: record.Record) -> str:
    return one.status.phase or "Preparing"


def why_not_ready(one: record.Record) -> str:
    """The reason, or "". What has finished or is orphaned is as it should be."""
    if one.spec.finished_at is not None:
        return ""
    ready = conditions.find(one.status.conditions, "Ready")
    if ready is None:
        return "Unknown"
    return "" if ready.status == "True" else ready.reason
