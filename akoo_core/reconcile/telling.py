"""Says in the record, on the Cluster and in Events what an attempt came to. Thin.

Only what changed is written, and nothing here may hold up a record.
"""

from __future__ import annotations

import logging
from typing import Any

from opentelemetry import trace

from akoo_core import structs
from akoo_core.api import cluster, conditions, names, record
from akoo_core.kube import errors
from akoo_core.reconcile import conditions as conditions_
from akoo_core.reconcile import selection
from akoo_core.reconcile.attempt import Attempt

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
    status = conditions_.status_of(one, attempt.report, choice, verifies=verifies, now=now)
    before = one.status
    if status != before:
        status = structs.replace(status, last_trace_id=_trace_id() or before.last_trace_id)
        attempt.record = await attempt.services.records.say(one, status)
    if attempt.cluster is None:
        return
    _events(attempt, attempt.cluster, before, status)
    if _ours(one, attempt.cluster):
        await on_cluster(attempt, attempt.cluster, conditions_.for_cluster(status))


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


def _events(
    attempt: Attempt,
    target: cluster.Cluster,
    before: record.RecordStatus,
    after: record.RecordStatus,
) -> None:
    recorder = attempt.services.recorder
    if after.phase == "Running" and before.phase != "Running":
        version = f" {after.version}" if after.version else ""
        recorder.event(target, "AKODeployed", f"AKO{version} is deployed ({attempt.name}).")
    held = conditions.find(after.conditions, "Held")
    leaves = attempt.one.spec.leaving is not None
    was_held = conditions.find(before.conditions, "Held")
    if held is not None and leaves and (was_held is None or was_held.reason != held.reason):
        recorder.event(target, "AKOCleanupHeld", f"{held.reason}: {held.message}")


def proven(attempt: Attempt, proof: record.StoredProof) -> None:
    """Say at once that the clean-up is proven: when the attempt ends, the Cluster is gone."""
    text = conditions_.proof_text(proof)
    _log.info(
        "cleanup proven",
        extra={"record": attempt.name, "at": proof.at.isoformat(), "proof": text},
    )
    if attempt.cluster is not None:
        attempt.services.recorder.event(attempt.cluster, "AKOCleanupProven", text)


def _trace_id() -> str:
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""
