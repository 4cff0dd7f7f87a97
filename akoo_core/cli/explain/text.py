"""A record explained: its state, problems and next step. Pure."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator

from akoo_core import structs
from akoo_core.cli import columns, fleet
from akoo_core.objects import conditions, names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.record import Leaving, Record, RecordStatus, StoredFact
from akoo_core.reconcile.decide import user_annotations
from akoo_core.reconcile.status import notices

_SHOWN_ELSEWHERE = ("Ready", "ConfigSelected")


def lines(record: Record, cluster: Cluster | None, now: datetime.datetime) -> Iterator[str]:
    """The state of the record, problems, the next step and the last trace."""
    yield _state(record, now)
    yield from _ready(record, now)
    yield from _wrong(record)
    yield from _declined(record)
    yield from _noted(record)
    step = next_step(record, cluster, now)
    if step:
        yield f"next: {step}"
    again = next_try(record, now)
    if again:
        yield again
    trace = record.status.last_trace_id
    yield f"record {record.name}" + (f" - last trace {trace}" if trace else "")


def _state(record: Record, now: datetime.datetime) -> str:
    spec, phase = record.spec, record.status.phase or "Preparing"
    if spec.finished_at is not None:
        return f"Finished {columns.age(spec.finished_at, now)} ago; the record stays as proof"
    if spec.leaving is not None:
        left = "" if record.status.left is None else f", {record.status.left} objects left outside"
        since = columns.age(spec.leaving.started_at, now)
        relocates = spec.leaving.cause == "Relocated"
        doing = "being relocated" if relocates else "being removed"
        fenced = _fenced(spec.leaving)
        return f"{phase}: AKO is {doing} since {since} ({spec.leaving.cause}){left}{fenced}"
    if spec.orphaned is not None:
        since = columns.age(spec.orphaned.at, now)
        return f"Orphaned since {since} ({spec.orphaned.cause}): AKO stays and is not changed"
    version = f", AKO {record.status.version}" if record.status.version else ""
    return f"{phase}{version}"


def _fenced(leaving: Leaving) -> str:
    """The fence that counts, and those of the plugins."""
    if leaving.fence is None:
        return ""
    plugins = ", ".join(f"{name} {fence.grade}" for name, fence in sorted(leaving.fences.items()))
    return f", fenced: {leaving.fence.grade}" + (f" ({plugins})" if plugins else "")


def _ready(record: Record, now: datetime.datetime) -> Iterator[str]:
    ready = conditions.find(record.status.conditions, "Ready")
    if ready is None:
        yield "Ready is not known yet: the operator has not seen it yet, or is not running."
        return
    since = columns.age(ready.last_transition_time, now)
    head = f"Ready={ready.status}" + (f" since {since}" if since else "")
    cause = _cause(record, ready)
    if ready.status == "True":
        yield f"{head}."
    elif cause is not None:
        yield f"{head}: {cause.type}={cause.status}, {cause.reason}: {cause.message}"
    else:
        yield f"{head}: {ready.reason}: {ready.message}"


def _cause(record: Record, ready: conditions.Condition) -> conditions.Condition | None:
    """The condition of a plugin that Ready repeats."""
    return next(
        (
            condition
            for condition in record.status.conditions
            if condition.type != "Ready"
            and ready.message == f"{condition.type}={condition.status}: {condition.message}"
        ),
        None,
    )


def _wrong(record: Record) -> Iterator[str]:
    """The other conditions that are not good."""
    ready = conditions.find(record.status.conditions, "Ready")
    shown = _cause(record, ready) if ready is not None else None
    for condition in record.status.conditions:
        good = condition.status == conditions.good(condition.type)
        if condition.type in _SHOWN_ELSEWHERE or condition is shown or good:
            continue
        state = f"{condition.type}={condition.status}, {condition.reason}"
        yield f"  {state}: {condition.message}".rstrip(": ")


def _declined(record: Record) -> Iterator[str]:
    """The facts that nobody waits for."""
    for name, decline in sorted(record.spec.declined.items()):
        yield f"  plugin {decline.plugin} gives no {name} for this cluster"


def _noted(record: Record) -> Iterator[str]:
    """The notes of facts: values that count in this cluster, with their sources."""
    for name, fact in sorted(record.spec.facts.items()):
        for note in notes(fact):
            yield f"  {name} of plugin {fact.plugin}: {note}"


def notes(fact: StoredFact) -> tuple[str, ...]:
    """``notes`` of a fact that has texts there."""
    listed = fact.data.get("notes")
    return (
        tuple(note for note in listed if isinstance(note, str)) if isinstance(listed, list) else ()
    )


def next_try(record: Record, now: datetime.datetime) -> str:
    """The time of the next try; "" where nothing is wrong or the time is not known."""
    at, seconds = record.status.next_try_at, record.status.retry_seconds
    if at is None or notices.fault(record.status) is None:
        return ""
    if at > now:
        return f"next try in {math.ceil((at - now).total_seconds())} s, or on a change"
    return f"next try within {seconds} s, or on a change" if seconds else ""


def plain(record: Record, cluster: Cluster | None, now: datetime.datetime) -> structs.JSON:
    """The same for programs."""
    next_at = record.status.next_try_at if next_try(record, now) else None
    return {
        "name": record.name,
        "phase": record.status.phase or "Preparing",
        "state": _state(record, now),
        "ako": record.status.version,
        "left": record.status.left,
        "declined": {name: d.plugin for name, d in sorted(record.spec.declined.items())},
        "notes": {
            name: list(notes(fact))
            for name, fact in sorted(record.spec.facts.items())
            if notes(fact)
        },
        "conditions": [structs.to_object(condition) for condition in record.status.conditions],
        "next": next_step(record, cluster, now),
        "nextTryAt": next_at.isoformat().replace("+00:00", "Z") if next_at else None,
        "retrySeconds": record.status.retry_seconds if next_at else None,
        "lastTraceId": record.status.last_trace_id,
    }


def next_step(record: Record, cluster: Cluster | None, now: datetime.datetime) -> str:
    """The command that helps, or ""; messages of conditions say the rest."""
    key, annotations = fleet.key_of(record), user_annotations.read(record.annotations)
    if record.spec.finished_at is not None:
        return ""
    if cluster is not None and cluster.paused:
        return f"Cluster {key} is paused; nothing is done until that ends."
    if annotations.paused:
        return f"akoo-core resume {key}"
    return _by_reason(record, key) or _by_state(record, key, annotations, now)


def _by_reason(record: Record, key: str) -> str:
    """The command that answers a reason of Ready or Held, or ""."""
    ready = conditions.find(record.status.conditions, "Ready")
    held = conditions.find(record.status.conditions, "Held")
    reasons = {condition.reason for condition in (ready, held) if condition is not None}
    if "RemovalHeld" in reasons:
        return f"to confirm the removal: akoo-core confirm-removal {key}"
    if "ClusterVanished" in reasons:
        return (
            f"if it is gone for good: akoo-core leave {key} sweep; if it runs elsewhere: kubectl "
            f"annotate akodeployment {record.name} {names.DELETE_FOR_MOVE_ANNOTATION}="
        )
    if "ConfigMissing" in reasons:
        return f"to remove AKO: akoo-core leave {key} sweep"
    return ""


def usual_wait(status: RecordStatus, now: datetime.datetime) -> str:
    """The advice to wait, while a hold is none that needs a person, or a fault is a wait of usual
    length; else ""."""
    if notices.fault(status) is None:
        held = conditions.find(status.conditions, "Held")
        return "wait: it ends by itself" if held is not None else ""
    until = status.usual_until
    if until is None or until <= now:
        return ""
    return f"wait: this usually ends within {math.ceil((until - now).total_seconds())} s"


def _by_state(
    record: Record,
    key: str,
    annotations: user_annotations.UserAnnotations,
    now: datetime.datetime,
) -> str:
    """The next step for leaving on hold, an orphan, or any other problem."""
    leaving, held = record.spec.leaving, conditions.find(record.status.conditions, "Held")
    wait = usual_wait(record.status, now)
    if leaving is not None and leaving.cause == "Relocated" and held is not None:
        return wait or (
            "repair what holds it, undo the change, or abandon what is left at the old place: "
            f"akoo-core abandon-placement {key} --reason TEXT"
        )
    if leaving is not None and leaving.let_go is None and held is not None:
        return wait or (
            f"repair what holds it, or abandon what is left: akoo-core let-go {key} --reason TEXT"
        )
    if record.spec.orphaned is not None:
        undo = f"akoo-core leave {key} undo, and " if annotations.leave else ""
        return f"to undo this: {undo}let a config select the Cluster"
    wrong = leaving is None and notices.fault(record.status) is not None
    return wait or "repair that; the operator tries again by itself" if wrong else ""
