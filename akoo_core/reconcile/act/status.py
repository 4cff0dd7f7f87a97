"""Says in the record, on the Cluster and in Events what an attempt came to. Thin.

Only what changed is written, and nothing here may hold up a record.
"""

from __future__ import annotations

import datetime
import logging
import math
from typing import Any

from opentelemetry import trace

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.objects import cluster, conditions, names, record
from akoo_core.reconcile.act.attempt import LONGEST_BACKOFF, Attempt
from akoo_core.reconcile.decide import selection
from akoo_core.reconcile.status import conditions as conditions_
from akoo_core.reconcile.status import events, notices

CLUSTER_FIELD_MANAGER = "akoo-core-condition"
"""Apart from the manager of spec and metadata, so that one apply does not take back the other."""

_log = logging.getLogger(__name__)


async def tell(attempt: Attempt, choice: selection.Choice | None) -> None:
    """Status of the record, condition of the Cluster, Events. Raises ConflictError."""
    one = attempt.record
    if one is None:
        return
    now = attempt.services.clock.now()
    verifies = attempt.services.verifies
    living = attempt.cluster is not None and not attempt.cluster.deleting
    status = conditions_.status_of(
        one, attempt.report, choice, verifies=verifies, now=now, living=living
    )
    before = one.status
    if status != before:
        status = structs.replace(
            status,
            last_trace_id=_trace_id() or before.last_trace_id,
            **_next_try(attempt, status, now),
        )
        attempt.record = await attempt.services.records.say(one, status)
    _log_change(attempt, before, status)
    _events(attempt, before, status)
    if attempt.cluster is not None and _ours(one, attempt.cluster):
        await on_cluster(attempt, attempt.cluster, conditions_.for_cluster(status))


def _next_try(
    attempt: Attempt, status: record.RecordStatus, now: datetime.datetime
) -> dict[str, Any]:
    """When it is tried again, while something is wrong. Not a reason to write the status."""
    seconds = min(attempt.report.after, default=None)
    if seconds is None or notices.fault(status) is None:
        return {"next_try_at": None, "retry_seconds": None}
    at = (now + datetime.timedelta(seconds=seconds)).replace(microsecond=0)
    longest = LONGEST_BACKOFF if attempt.failed else seconds
    return {"next_try_at": at, "retry_seconds": math.ceil(longest)}


def _ours(one: record.Record, target: cluster.Cluster) -> bool:
    gone = one.spec.leaving is not None and one.spec.leaving.let_go is not None
    return names.FINALIZER in target.finalizers and not gone


async def on_cluster(
    attempt: Attempt, target: cluster.Cluster, wanted: conditions.Condition
) -> None:
    """Put the one condition on the Cluster, if it says something new.

    Only for v1beta2: there the list is a map by type, so an apply touches one entry. Older Clusters
    would lose the conditions of others.
    """
    if not str(target.raw.get("apiVersion", "")).endswith("/v1beta2"):
        return
    found: list[dict[str, Any]] = (target.raw.get("status") or {}).get("conditions") or []
    old = next((one for one in found if one.get("type") == wanted.type), None)
    said = (wanted.status, wanted.reason, wanted.message[: conditions.MESSAGE_LIMIT])
    if old is not None and said == (old["status"], old["reason"], old.get("message", "")):
        return
    now = attempt.services.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = old is not None and old["status"] == wanted.status
    condition = {
        "type": wanted.type,
        "status": wanted.status,
        "reason": wanted.reason,
        "message": said[2],
        "lastTransitionTime": old["lastTransitionTime"] if old is not None and kept else now,
    }
    await _apply(attempt, target, [condition])


async def refused(
    attempt: Attempt, target: cluster.Cluster, condition: conditions.Condition
) -> None:
    """Say on a Cluster that has no record why it gets none."""
    await on_cluster(attempt, target, condition)
    fault = notices.Fault(condition.reason, condition.message)
    about = events.about_cluster(target)
    if _verdict(attempt, about, fault, before="") == "new":
        _log.info("%s: refused, %s", target.key, fault.reason, extra={"cluster": target.key})
        _warn(attempt, about, "AKONotReady", fault)


async def take_back(attempt: Attempt, target: cluster.Cluster) -> None:
    """Remove our condition from a Cluster that lives on without us."""
    if names.LOAD_BALANCER_READY in str(target.raw.get("status") or {}):
        await _apply(attempt, target, [])


async def _apply(attempt: Attempt, target: cluster.Cluster, wanted: list[dict[str, Any]]) -> None:
    clusters = attempt.services.clusters
    body = {
        "apiVersion": clusters.api_version,
        "kind": clusters.kind,
        "metadata": {"name": target.name, "namespace": target.namespace, "uid": target.uid},
        "status": {"conditions": wanted} if wanted else {},
    }
    try:
        await attempt.services.management.apply(
            clusters, body, field_manager=CLUSTER_FIELD_MANAGER, subresource="status"
        )
    except (errors.KubeError, TimeoutError) as error:
        _log.warning(
            "condition on the Cluster not written",
            extra={"cluster": target.key, "error": str(error)},
        )


def event(attempt: Attempt, reason: events.Reason, note: str, *, warning: bool = False) -> None:
    """Say an Event about the record, and about its Cluster while that is there."""
    for target in _targets(attempt):
        attempt.services.recorder.event(target, reason, note, warning=warning)


def _targets(attempt: Attempt) -> list[events.Subject]:
    targets = [events.about_record(attempt.one)] if attempt.record is not None else []
    if attempt.cluster is not None:
        targets.append(events.about_cluster(attempt.cluster))
    return targets


def _log_change(attempt: Attempt, before: record.RecordStatus, after: record.RecordStatus) -> None:
    """Log one line where the phase, or the fault of not-Ready, is another than before."""
    fault, former = notices.fault(after), notices.fault(before)
    reason, reason_before = fault.reason if fault else "", former.reason if former else ""
    if (after.phase, reason) == (before.phase, reason_before):
        return
    ref = attempt.one.spec.cluster_ref
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


def _events(attempt: Attempt, before: record.RecordStatus, after: record.RecordStatus) -> None:
    deployed = after.phase == "Running" and before.phase != "Running"
    if deployed:
        version = f" {after.version}" if after.version else ""
        event(attempt, "AKODeployed", f"AKO{version} is deployed ({attempt.name}).")
    fault, former = notices.fault(after), notices.fault(before)
    reason: events.Reason = "AKONotReady"
    if attempt.one.spec.leaving is not None:
        reason = "AKOCleanupHeld"
    works = _works(after)
    for target in _targets(attempt):
        verdict = _verdict(attempt, target, fault, before=former.reason if former else "")
        if verdict == "new" and fault is not None:
            _warn(attempt, target, reason, fault)
        elif verdict == "over" and works and not deployed:
            note = f"AKO works again ({attempt.name})."
            attempt.services.recorder.event(target, "AKOReady", note, repeated=True)


def _works(status: record.RecordStatus) -> bool:
    ready = conditions.find(status.conditions, "Ready")
    return ready is not None and (ready.status, ready.reason) == ("True", "Running")


def _verdict(
    attempt: Attempt, target: events.Subject, fault: notices.Fault | None, *, before: str
) -> notices.Verdict:
    reason = fault.reason if fault is not None else ""
    patience = notices.PATIENCE.get(reason, attempt.report.expected.get(reason, 0.0))
    faults, now = attempt.services.recorder.faults, attempt.services.clock.monotonic()
    return faults.judge(target.uid, reason, before=before, patience=patience, now=now)


def _warn(
    attempt: Attempt, target: events.Subject, reason: events.Reason, fault: notices.Fault
) -> None:
    note = f"{fault.reason}: {fault.message}"
    attempt.services.recorder.event(target, reason, note, warning=True, repeated=True)


def proven(attempt: Attempt, proof: record.StoredProof) -> None:
    """Say at once that the clean-up is proven: when the attempt ends, the Cluster is gone.

    The Event has the counts; the queries stand in the record and in the log.
    """
    text = conditions_.proof_text(proof)
    _log.info(
        "cleanup proven",
        extra={"record": attempt.name, "at": proof.at.isoformat(), "proof": text},
    )
    counts = f"own {proof.own}, suspect {proof.suspect}, held {proof.held}"
    event(attempt, "AKOCleanupProven", f"{counts}; see spec.leaving.proof of {attempt.name}.")


def _trace_id() -> str:
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""
