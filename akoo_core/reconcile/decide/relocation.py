"""Relocation: the leaves verbs clean up the old place while the Cluster lives. Pure.

The Cluster keeps its finalizer and nothing is undeployed. No deadline acts: without a proof, only
an annotation ends it. Once it has ended, the record lives again, and intends the new place.
"""

from __future__ import annotations

from akoo_core.objects import names
from akoo_core.objects.record import Leaving, Record, StoredProof
from akoo_core.reconcile.decide import leaving, proofs
from akoo_core.reconcile.decide.decisions import CancelRelocation, Decision, EndRelocation, Hold
from akoo_core.reconcile.decide.situation import Situation
from akoo_core.reconcile.decide.user_annotations import UserAnnotations


def decide(s: Situation, record: Record, state: Leaving, annotations: UserAnnotations) -> Decision:
    """The next decision about a relocating record whose Cluster is not being deleted."""
    if annotations.abandon:
        return EndRelocation(how="Abandoned", message=annotations.abandon)
    if state.confirmed_at is None and _taken_back(s, annotations):
        return CancelRelocation()
    if record.spec.management_id != s.management_id:
        return leaving.claimed_elsewhere(s, record)
    if state.released_at is not None:
        return EndRelocation(how="Proved", message=_counts(state.proof))
    if not s.verifies:
        return _unprovable()
    return leaving.take_away(s, record, state)


def _taken_back(s: Situation, annotations: UserAnnotations) -> bool:
    """True if no definite answer asks for another place any more."""
    return not s.progress.relocations or s.choice.config is None or bool(annotations.leave)


def _unprovable() -> Hold:
    return Hold(
        reason="NoVerifier",
        message=(
            "No loaded plugin can prove that the old place is clean, so nothing was begun and AKO "
            "goes on where it is."
        ),
    )


def _counts(proof: StoredProof | None) -> str:
    if proof is None:
        return ""
    queries = f" ({'; '.join(proof.queries)})" if proof.queries else ""
    return f"{proofs.counted(proof)}{queries}"[:512]


def way_out(state: Leaving) -> str:
    """Advice to a person while a relocation is held."""
    back = (
        "undo the change in the AKODeploymentConfig"
        if state.confirmed_at is None
        else "undo the change (the old place is used again after it was left)"
    )
    return (
        "The old place is left before the new one is used; no deadline acts. Repair that, or "
        f"{back}, or annotate this record "
        f"{names.ABANDON_PLACEMENT_ANNOTATION}=<reason> to abandon what is left there."
    )
