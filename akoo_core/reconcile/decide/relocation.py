"""A cluster moves: the old place is left by the leaves verbs while the Cluster lives. Pure.

The Cluster keeps its finalizer and nothing is undeployed. No deadline acts: without a proof, only a
person's word ends it. Once it has ended, the record lives again, and intends the new place.
"""

from __future__ import annotations

from akoo_core.objects import names, record
from akoo_core.reconcile.decide import leaving, proofs, user_annotations
from akoo_core.reconcile.decide.decisions import CancelRelocation, Decision, EndRelocation, Hold
from akoo_core.reconcile.decide.situation import Situation


def step(
    s: Situation, one: record.Record, state: record.Leaving, said: user_annotations.Words
) -> Decision:
    """The next step of a record that moves, whose Cluster is there and not being deleted."""
    if said.abandon:
        return EndRelocation(how="Abandoned", message=said.abandon)
    if state.confirmed_at is None and _taken_back(s, said):
        return CancelRelocation()
    if one.spec.management_id != s.management_id:
        return leaving.claimed_elsewhere(s, one)
    if state.released_at is not None:
        return EndRelocation(how="Proved", message=_counts(state.proof))
    if not s.verifies:
        return _unprovable()
    return leaving.take_away(s, one, state)


def _taken_back(s: Situation, said: user_annotations.Words) -> bool:
    """Nothing was done yet, and nothing definite asks for another place any more."""
    return not s.relocating or s.choice.config is None or bool(said.leave)


def _unprovable() -> Hold:
    return Hold(
        reason="NoVerifier",
        message=(
            "No loaded plugin can prove that the old place is clean, so nothing was begun and AKO "
            "goes on where it is."
        ),
    )


def _counts(proof: record.StoredProof | None) -> str:
    if proof is None:
        return ""
    queries = f" ({'; '.join(proof.queries)})" if proof.queries else ""
    return f"{proofs.counted(proof)}{queries}"[:512]


def way_out(state: record.Leaving) -> str:
    """What a person can do while a move is held."""
    back = (
        "take the change in the AKODeploymentConfig back"
        if state.confirmed_at is None
        else "take the change back (the old place is then used again once it was left)"
    )
    return (
        "The old place is left before the new one is used; no deadline acts. "
        f"Help that, or {back}, or annotate this record "
        f"{names.ABANDON_PLACEMENT_ANNOTATION}=<reason> to give up what is left there."
    )
