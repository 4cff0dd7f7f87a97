"""Writes the result of an attempt: status of the record, condition of the Cluster, Events. Thin.

Only changes are written, and nothing here may hold up a record.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import math
from collections.abc import Iterator, Sequence
from typing import Any

from opentelemetry import trace

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.conditions import MESSAGE_LIMIT, Condition, find
from akoo_core.objects.record import Record, RecordStatus, StoredProof
from akoo_core.plugin import api
from akoo_core.reconcile.act.attempt import LONGEST_BACKOFF, Attempt
from akoo_core.reconcile.decide import plugin_annotations
from akoo_core.reconcile.decide.selection import Choice
from akoo_core.reconcile.status import conditions, events, notices

CLUSTER_FIELD_MANAGER = "akoo-core-condition"
"""Not the manager of spec and metadata, so that one apply does not remove the fields of the
other."""

_log = logging.getLogger(__name__)


async def write(attempt: Attempt, choice: Choice | None) -> None:
    """Write the status of the record, the condition of the Cluster and Events. Raises
    ConflictError."""
    record = attempt.record
    if record is None:
        return
    now = attempt.services.clock.now()
    verifies = attempt.services.verifies
    living = attempt.cluster is not None and not attempt.cluster.deleting
    status = conditions.status_of(
        record,
        attempt.report,
        choice,
        verifies=verifies,
        now=now,
        living=living,
        declared=plugin_annotations.declared(attempt.services.plugins.ordered),
        types={plugin.name: plugin.conditions for plugin in attempt.services.plugins.ordered},
    )
    before = record.status
    if status != before:
        status = structs.replace(
            status,
            last_trace_id=_trace_id() or before.last_trace_id,
            **_next_try(attempt, status, now),
            usual_until=_usual_until(attempt, status, now),
        )
        attempt.record = await attempt.services.records.write_status(record, status)
    _log_change(attempt, before, status)
    _events(attempt, before, status)
    if attempt.cluster is not None and _ours(record, attempt.cluster):
        await on_cluster(attempt, attempt.cluster, conditions.for_cluster(status))


def _next_try(attempt: Attempt, status: RecordStatus, now: datetime.datetime) -> dict[str, Any]:
    """Time of the next attempt while something is wrong. No reason to write the status."""
    seconds = min(attempt.report.after, default=None)
    if seconds is None or notices.fault(status) is None:
        return {"next_try_at": None, "retry_seconds": None}
    at = (now + datetime.timedelta(seconds=seconds)).replace(microsecond=0)
    longest = LONGEST_BACKOFF if attempt.failed else seconds
    return {"next_try_at": at, "retry_seconds": math.ceil(longest)}


def _usual_until(
    attempt: Attempt, status: RecordStatus, now: datetime.datetime
) -> datetime.datetime | None:
    """The end of the usual time of a wait; it stays while the reason is the same. No reason to
    write the status."""
    before, fault = attempt.existing.status, notices.fault(status)
    patience = _patience(attempt, fault.reason) if fault is not None else 0.0
    if fault is None or not patience:
        return None
    former = notices.fault(before)
    if former is not None and former.reason == fault.reason and before.usual_until is not None:
        return before.usual_until
    return (now + datetime.timedelta(seconds=patience)).replace(microsecond=0)


def _ours(record: Record, cluster: Cluster) -> bool:
    gone = record.spec.leaving is not None and record.spec.leaving.let_go is not None
    return names.FINALIZER in cluster.finalizers and not gone


async def on_cluster(attempt: Attempt, cluster: Cluster, wanted: Condition) -> None:
    """Write our condition on the Cluster, if it changed.

    Only for v1beta2: there the list is a map by type, so an apply touches one entry. Older Clusters
    would lose the conditions of others.
    """
    if not str(cluster.raw.get("apiVersion", "")).endswith("/v1beta2"):
        return
    existing: list[dict[str, Any]] = (cluster.raw.get("status") or {}).get("conditions") or []
    old = next((former for former in existing if former.get("type") == wanted.type), None)
    message = wanted.message[:MESSAGE_LIMIT]
    new = (wanted.status, wanted.reason, message)
    if old is not None and new == (old["status"], old["reason"], old.get("message", "")):
        return
    now = attempt.services.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = old is not None and old["status"] == wanted.status
    condition = {
        "type": wanted.type,
        "status": wanted.status,
        "reason": wanted.reason,
        "message": message,
        "lastTransitionTime": old["lastTransitionTime"] if old is not None and kept else now,
    }
    await _apply(attempt, cluster, [condition])


async def refused(attempt: Attempt, cluster: Cluster, condition: Condition) -> None:
    """Write on a Cluster without a record why it gets none."""
    await on_cluster(attempt, cluster, condition)
    fault = notices.Fault(condition.reason, condition.message)
    about = events.about_cluster(cluster)
    if _verdict(attempt, about, fault, before="") == "new":
        _log.info("%s: refused, %s", cluster.key, fault.reason, extra={"cluster": cluster.key})
        _warn(attempt, about, "AKONotReady", fault)


async def take_back(attempt: Attempt, cluster: Cluster) -> None:
    """Remove our condition from a Cluster that lives on without us."""
    if names.LOAD_BALANCER_READY in str(cluster.raw.get("status") or {}):
        await _apply(attempt, cluster, [])


async def _apply(attempt: Attempt, cluster: Cluster, wanted: list[dict[str, Any]]) -> None:
    clusters = attempt.services.clusters
    body = {
        "apiVersion": clusters.api_version,
        "kind": clusters.kind,
        "metadata": {"name": cluster.name, "namespace": cluster.namespace, "uid": cluster.uid},
        "status": {"conditions": wanted} if wanted else {},
    }
    try:
        await attempt.services.management.apply(
            clusters, body, field_manager=CLUSTER_FIELD_MANAGER, subresource="status"
        )
    except (errors.KubeError, TimeoutError) as error:
        _log.warning(
            "condition on the Cluster not written",
            extra={"cluster": cluster.key, "error": str(error)},
        )


def event(attempt: Attempt, reason: str, note: str, *, warning: bool = False) -> None:
    """Write an Event about the record, and about its Cluster while that is there."""
    for about in _subjects(attempt):
        attempt.services.recorder.event(about, reason, note, warning=warning)


@contextlib.contextmanager
def announced(attempt: Attempt, notices: Sequence[api.Notice]) -> Iterator[None]:
    """Send the notices of an answer with the write that stores it.

    A conflict stored nothing: the plugin is called again, and gives them again. After another
    failure the write may have happened, so they are sent.
    """
    try:
        yield
    except errors.ConflictError:
        raise
    except Exception:
        announce(attempt, notices)
        raise
    announce(attempt, notices)


def announce(attempt: Attempt, notices: Sequence[api.Notice]) -> None:
    """Send the notices of an answer."""
    for notice in notices:
        event(attempt, notice.reason, notice.message)


def _subjects(attempt: Attempt) -> list[events.EventSubject]:
    subjects = [events.about_record(attempt.existing)] if attempt.record is not None else []
    if attempt.cluster is not None:
        subjects.append(events.about_cluster(attempt.cluster))
    return subjects


def _log_change(attempt: Attempt, before: RecordStatus, after: RecordStatus) -> None:
    """Log one line if the phase, or the fault, has changed."""
    fault, former = notices.fault(after), notices.fault(before)
    reason, reason_before = fault.reason if fault else "", former.reason if former else ""
    if (after.phase, reason) == (before.phase, reason_before):
        return
    ref = attempt.spec.cluster_ref
    key = f"{ref.namespace}/{ref.name}"
    fields = {
        "cluster": key,
        "record": attempt.name,
        "phase": after.phase or "",
        "phase_before": before.phase or "",
        "reason": reason,
        "reason_before": reason_before,
        "problem": fault.message if fault else "",
    }
    state = f"{after.phase}, {reason}" if reason else f"{after.phase}"
    _log.info("%s: %s", key, state, extra={name: text for name, text in fields.items() if text})


def _events(attempt: Attempt, before: RecordStatus, after: RecordStatus) -> None:
    deployed = after.phase == "Running" and before.phase != "Running"
    if deployed:
        version = f" {after.version}" if after.version else ""
        event(attempt, "AKODeployed", f"AKO{version} is deployed ({attempt.name}).")
    fault, former = notices.fault(after), notices.fault(before)
    reason: events.Reason = "AKONotReady"
    if attempt.spec.leaving is not None:
        reason = "AKOCleanupHeld"
    works = _works(after)
    for about in _subjects(attempt):
        verdict = _verdict(attempt, about, fault, before=former.reason if former else "")
        if verdict == "new" and fault is not None:
            _warn(attempt, about, reason, fault)
        elif verdict == "over" and works and not deployed:
            note = f"AKO works again ({attempt.name})."
            attempt.services.recorder.event(about, "AKOReady", note, repeated=True)


def _works(status: RecordStatus) -> bool:
    ready = find(status.conditions, "Ready")
    return ready is not None and (ready.status, ready.reason) == ("True", "Running")


def _verdict(
    attempt: Attempt, about: events.EventSubject, fault: notices.Fault | None, *, before: str
) -> notices.Verdict:
    reason = fault.reason if fault is not None else ""
    patience = _patience(attempt, reason)
    faults, now = attempt.services.recorder.faults, attempt.services.clock.monotonic()
    return faults.judge(about.uid, reason, before=before, patience=patience, now=now)


def _patience(attempt: Attempt, reason: str) -> float:
    """Seconds that a fault usually lasts; 0 for one that does not end by itself."""
    return notices.PATIENCE.get(reason, attempt.report.expected.get(reason, 0.0))


def _warn(
    attempt: Attempt, about: events.EventSubject, reason: events.Reason, fault: notices.Fault
) -> None:
    note = f"{fault.reason}: {fault.message}"
    attempt.services.recorder.event(about, reason, note, warning=True, repeated=True)


def proven(attempt: Attempt, proof: StoredProof) -> None:
    """Report at once that the clean-up is proven: when the attempt ends, the Cluster is gone.

    The Event has the counts; the queries stand in the record and in the log.
    """
    text = conditions.proof_text(proof)
    _log.info(
        "cleanup proven",
        extra={"record": attempt.name, "at": proof.at.isoformat(), "proof": text},
    )
    counts = f"own {proof.own}, suspect {proof.suspect}, held {proof.held}"
    event(attempt, "AKOCleanupProven", f"{counts}; see spec.leaving.proof of {attempt.name}.")


def _trace_id() -> str:
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""
