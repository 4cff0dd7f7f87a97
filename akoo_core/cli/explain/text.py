"""One record in words: who manages it, what is wrong, what to do next. Pure."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator

from akoo_core import structs
from akoo_core.cli import columns, fleet
from akoo_core.objects import cluster, conditions, names, record
from akoo_core.reconcile.decide import user_annotations
from akoo_core.reconcile.status import notices

_BAD_WHEN_TRUE = ("Held", "Leaked")
_TOLD = ("Ready", "ConfigSelected")


def lines(
    one: record.Record, target: cluster.Cluster | None, now: datetime.datetime
) -> Iterator[str]:
    """What state the record is in, what is wrong, the next step and the last trace."""
    yield _state(one, now)
    yield from _ready(one, now)
    yield from _wrong(one)
    step = next_step(one, target)
    if step:
        yield f"next: {step}"
    again = next_try(one, now)
    if again:
        yield again
    trace = one.status.last_trace_id
    yield f"record {one.name}" + (f" - last trace {trace}" if trace else "")


def _state(one: record.Record, now: datetime.datetime) -> str:
    spec, phase = one.spec, one.status.phase or "Preparing"
    if spec.finished_at is not None:
        return f"Finished {columns.age(spec.finished_at, now)} ago; the record is kept as the proof"
    if spec.leaving is not None:
        left = "" if one.status.left is None else f", {one.status.left} objects left outside"
        since = columns.age(spec.leaving.started_at, now)
        moves = spec.leaving.cause == "Relocated"
        doing = "moving to another place" if moves else "being taken away"
        return f"{phase}: AKO is {doing} since {since} ({spec.leaving.cause}){left}"
    if spec.orphaned is not None:
        since = columns.age(spec.orphaned.at, now)
        return f"Orphaned since {since} ({spec.orphaned.cause}): AKO stays and nobody changes it"
    version = f", AKO {one.status.version}" if one.status.version else ""
    return f"{phase}{version}"


def _ready(one: record.Record, now: datetime.datetime) -> Iterator[str]:
    ready = conditions.find(one.status.conditions, "Ready")
    if ready is None:
        yield "Ready is not known yet: the operator has not looked at it, or does not run."
        return
    since = columns.age(ready.last_transition_time, now)
    head = f"Ready={ready.status}" + (f" since {since}" if since else "")
    cause = _cause(one, ready)
    if ready.status == "True":
        yield f"{head}."
    elif cause is not None:
        yield f"{head}: {cause.type}={cause.status}, {cause.reason}: {cause.message}"
    else:
        yield f"{head}: {ready.reason}: {ready.message}"


def _cause(one: record.Record, ready: conditions.Condition) -> conditions.Condition | None:
    """The condition of a plugin that Ready repeats."""
    return next(
        (
            condition
            for condition in one.status.conditions
            if condition.type != "Ready"
            and ready.message == f"{condition.type}={condition.status}: {condition.message}"
        ),
        None,
    )


def _wrong(one: record.Record) -> Iterator[str]:
    """The other conditions that are not good."""
    ready = conditions.find(one.status.conditions, "Ready")
    told = _cause(one, ready) if ready is not None else None
    for condition in one.status.conditions:
        good = "False" if condition.type in _BAD_WHEN_TRUE else "True"
        if condition.type in _TOLD or condition is told or condition.status == good:
            continue
        state = f"{condition.type}={condition.status}, {condition.reason}"
        yield f"  {state}: {condition.message}".rstrip(": ")


def next_try(one: record.Record, now: datetime.datetime) -> str:
    """When the operator tries again by itself, or "" where nothing is wrong or it is not known."""
    at, seconds = one.status.next_try_at, one.status.retry_seconds
    if at is None or notices.fault(one.status) is None:
        return ""
    if at > now:
        return f"next try in {math.ceil((at - now).total_seconds())} s, or on a change"
    return f"next try within {seconds} s, or on a change" if seconds else ""


def plain(
    one: record.Record, target: cluster.Cluster | None, now: datetime.datetime
) -> structs.JSON:
    """The same for programs."""
    next_at = one.status.next_try_at if next_try(one, now) else None
    return {
        "name": one.name,
        "phase": one.status.phase or "Preparing",
        "state": _state(one, now),
        "ako": one.status.version,
        "left": one.status.left,
        "conditions": [structs.to_object(condition) for condition in one.status.conditions],
        "next": next_step(one, target),
        "nextTryAt": next_at.isoformat().replace("+00:00", "Z") if next_at else None,
        "retrySeconds": one.status.retry_seconds if next_at else None,
        "lastTraceId": one.status.last_trace_id,
    }


def next_step(one: record.Record, target: cluster.Cluster | None) -> str:
    """What a user may do about it with a command, or ""; messages of conditions say the rest."""
    key, said = fleet.key_of(one), user_annotations.read(one.annotations)
    if one.spec.finished_at is not None:
        return ""
    if target is not None and target.paused:
        return f"Cluster {key} is paused; nothing is done before that ends."
    if said.paused:
        return f"akoo-core resume {key}"
    return _by_reason(one, key) or _by_state(one, key, said)


def _by_reason(one: record.Record, key: str) -> str:
    """The command that answers a reason of Ready or Held, or ""."""
    ready = conditions.find(one.status.conditions, "Ready")
    held = conditions.find(one.status.conditions, "Held")
    reasons = {found.reason for found in (ready, held) if found is not None}
    if "RemovalHeld" in reasons:
        return f"if the removal is meant: akoo-core confirm-removal {key}"
    if "ClusterVanished" in reasons:
        return (
            f"if it is gone for good: akoo-core leave {key} sweep; if it lives elsewhere: kubectl "
            f"annotate akodeployment {one.name} {names.DELETE_FOR_MOVE_ANNOTATION}="
        )
    if "ConfigMissing" in reasons:
        return f"if AKO is to go: akoo-core leave {key} sweep"
    return ""


def _by_state(one: record.Record, key: str, said: user_annotations.Words) -> str:
    """What to do about leaving that is held, an orphan, or anything else that is wrong."""
    leaving, held = one.spec.leaving, conditions.find(one.status.conditions, "Held")
    if leaving is not None and leaving.cause == "Relocated" and held is not None:
        return (
            "mend what holds it, take the change back, or give up what is left at the old place: "
            f"akoo-core abandon-placement {key} --reason TEXT"
        )
    if leaving is not None and leaving.let_go is None and held is not None:
        return f"mend what holds it, or give up what is left: akoo-core let-go {key} --reason TEXT"
    if one.spec.orphaned is not None:
        word = f"akoo-core leave {key} undo, and " if said.leave else ""
        return f"to take it back: {word}let a config select the Cluster"
    wrong = leaving is None and notices.fault(one.status) is not None
    return "mend that; it is tried again by itself" if wrong else ""
