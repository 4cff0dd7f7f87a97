"""Leaving, step by step: confirm, drain, fence, sweep, verify, undeploy, let go, release. Pure.

Every answer is derived from what the record has stored, so that any attempt, after any crash, by
any process, goes on where the last one stopped.
"""

from __future__ import annotations

import datetime

from akoo_core.objects import cluster, config, names, record
from akoo_core.reconcile.decide import proofs
from akoo_core.reconcile.decide.decisions import (
    Decision,
    Finish,
    Hold,
    Leave,
    LetGo,
    Rest,
    Step,
    Why,
)
from akoo_core.reconcile.decide.situation import Situation

SILENT_SECONDS = 30.0
"""A workload API that has not answered for so long is not asked to drain."""
FENCE_SECONDS = 120.0
"""How long fences may take after the drain; then the record goes on as Unfenced."""
FENCE_AGAIN_SECONDS = 10.0
"""How often a record that is Unfenced looks whether it still is."""
UNFENCED_SECONDS = 300.0
"""The shortest time between the last object seen and the last count when nothing is fenced."""

_STRENGTH: dict[record.FenceGrade, int] = {"Unfenced": 0, "Stopped": 1, "Gone": 2, "Revoked": 3}


def step(s: Situation, one: record.Record, state: record.Leaving) -> Decision:
    """The next step of a record that leaves, is not paused and has all its plugins."""
    target = s.cluster
    if state.released_at is not None:
        return Finish()
    if one.spec.management_id != s.management_id:
        return claimed_elsewhere(s, one)
    if state.let_go is None:
        if target is None:
            return LetGo(why="Gone", message="the Cluster is not there any more")
        if s.tried and deadline_acts(one.spec, state, target, s.now):
            return _depart(s, state, target, "Deadline", _deadline_message(one.spec.policies))
    return take_away(s, one, state)


def take_away(s: Situation, one: record.Record, state: record.Leaving) -> Decision:
    """The next of the steps that are the same wherever they lead."""
    if state.confirmed_at is None:
        return _once("confirm", s)
    if state.drained_at is None:
        return _once("drain", s)
    if state.fence is None:
        return _once("fence", s)
    if state.fence.grade == "Unfenced" and "fence" not in s.done:
        return Leave(step="fence")
    if s.verifies and not settled(one.spec, state, s.now):
        return _sweep_and_verify(s, one, state)
    if not s.verifies and s.sweeps and state.swept_at is None:
        return _once("sweep", s)
    if state.let_go is None and s.cluster is not None and state.cause != "Relocated":
        if s.verifies:
            return _depart(s, state, s.cluster, *_counted(state.proof))
        return _depart(s, state, s.cluster, "NoVerifier", "no loaded plugin can prove the clean-up")
    return _once("release", s)


def _counted(proof: record.StoredProof | None) -> tuple[Why, str]:
    """Why the Cluster goes, now that the last count was zero."""
    if proof is None or not proof.unseen:
        return "Proven", "nothing is left"
    return "Counted", f"nothing is left of what was looked for; {proofs.not_seen(proof)}"


def _once(step_: Step, s: Situation) -> Decision:
    return Rest() if step_ in s.done else Leave(step=step_)


def _sweep_and_verify(s: Situation, one: record.Record, state: record.Leaving) -> Decision:
    if state.proof is not None and state.proof.clean:
        until = settled_at(one.spec, state)
        if s.now < until:
            after = (until - s.now).total_seconds()
            unfenced = state.fence is not None and state.fence.grade == "Unfenced"
            return Rest(
                reason="QuietPeriod",
                message=f"Nothing is left; counted again at {until:%H:%M:%S} UTC.",
                # No watch tells that the last Machine is gone, which shortens the wait.
                after=min(after, FENCE_AGAIN_SECONDS) if unfenced else after,
            )
        return _once("verify", s)
    if "sweep" not in s.done:
        return Leave(step="sweep")
    return _once("verify", s)


def _depart(
    s: Situation,
    state: record.Leaving,
    target: cluster.Cluster,
    why: Why,
    message: str,
) -> Decision:
    """Let go; before it, when the Cluster lives on, take our objects out of it."""
    if not target.deleting and state.undeployed_at is None:
        return _once("undeploy", s)
    return LetGo(why=why, message=message)


def claimed_elsewhere(s: Situation, one: record.Record) -> Hold:
    """Nothing is taken away for a record of another management cluster."""
    return Hold(
        reason="ClaimedElsewhere",
        message=(
            f"This record was made by management cluster {one.spec.management_id}, not by this one "
            f"({s.management_id}), and may still be in use there: nothing is taken away from here. "
            f"If it was moved here for good, annotate it {names.ADOPT_ANNOTATION}="
            f"{one.spec.management_id}; to let the Cluster go without that, "
            f"{names.LET_GO_ANNOTATION}=<reason>."
        ),
    )


# Deadline.


def has_deadline(spec: record.RecordSpec, state: record.Leaving) -> bool:
    """Whether a deadline is going to act. What moves waits for a proof or a person's word."""
    return (
        spec.policies.on_deadline == "LetGo" and state.let_go is None and state.cause != "Relocated"
    )


def deadline_at(spec: record.RecordSpec, state: record.Leaving) -> datetime.datetime:
    """When the deadline passes, earlier pauses not counted."""
    allowed = spec.policies.duration("deadline")
    return state.started_at + allowed + datetime.timedelta(seconds=state.paused_seconds)


def deadline_acts(
    spec: record.RecordSpec,
    state: record.Leaving,
    target: cluster.Cluster,
    now: datetime.datetime,
) -> bool:
    """Whether the Cluster is to be let go now because the deadline has passed.

    Asked when an attempt has done what it could, since that may just have been the proof, and only
    after one complete attempt of ours. A Cluster that lives on waits for nobody: there the
    deadline ends sweeping, but what comes before (above all confirm) must have been done.
    """
    if not has_deadline(spec, state) or state.attempted_at is None:
        return False
    if not target.deleting and state.fence is None:
        return False
    return now >= deadline_at(spec, state)


def _deadline_message(policies: config.Policies) -> str:
    return (
        f"the deadline of {policies.deadline} has passed; cleaning up goes on without the Cluster"
    )


# Drain and fence.


def drain_skip(
    *, workload: bool, silent_seconds: float, machines: tuple[tuple[bool, bool], ...]
) -> str:
    """Why draining is pointless, or "". ``machines``: (is control plane, is being deleted) each.

    AKO runs on workers unless told otherwise, so the workers count; the control plane where there
    is no worker. Without any Machine (managed node groups) nothing is known and AKO is asked.
    """
    if not workload:
        return "Skipped: no workload client"
    if silent_seconds >= SILENT_SECONDS:
        return f"Skipped: the workload API has been silent for {int(silent_seconds)} s"
    workers = [dying for control_plane, dying in machines if not control_plane]
    nodes = workers or [dying for _, dying in machines]
    if nodes and all(nodes):
        return "Skipped: the Machines on which AKO can run are being deleted"
    return ""


def drain_over(spec: record.RecordSpec, state: record.Leaving, now: datetime.datetime) -> bool:
    """Whether the drain timeout, counted from confirm, has passed."""
    since = state.confirmed_at or state.started_at
    return now >= since + spec.policies.duration("drain_timeout")


def fence_over(state: record.Leaving, now: datetime.datetime) -> bool:
    """Whether fencing has had its time."""
    since = state.drained_at or state.started_at
    return now >= since + datetime.timedelta(seconds=FENCE_SECONDS)


def strongest(fences: tuple[record.FenceState, ...]) -> record.FenceState | None:
    """The strongest of the fences, the earliest of those; None of none."""
    best = sorted(fences, key=lambda fence: (-_STRENGTH[fence.grade], fence.at))
    return best[0] if best else None


def stronger(one: record.FenceState, than: record.FenceState) -> bool:
    """Whether a fence says more than another."""
    return _STRENGTH[one.grade] > _STRENGTH[than.grade]


# Proof.


def settled_at(spec: record.RecordSpec, state: record.Leaving) -> datetime.datetime:
    """From when on a count of zero is the last word.

    Fenced: a quiet period after the fence. Unfenced: AKO may write again at its next full sync, so
    that long (at least five minutes) after the last object was seen, but at most half of what was
    then left to a deadline that is going to act.
    """
    quiet = spec.policies.duration("quiet_period")
    fence = state.fence
    if fence is None:
        return datetime.datetime.max.replace(tzinfo=datetime.UTC)
    if fence.grade != "Unfenced":
        return fence.at + quiet
    since = max(fence.at, state.last_non_empty_at or fence.at)
    pause = datetime.timedelta(seconds=max(fence.settle_seconds, UNFENCED_SECONDS))
    left = deadline_at(spec, state) - since
    if has_deadline(spec, state) and left > datetime.timedelta(0):
        pause = min(pause, left / 2)
    return since + max(pause, quiet)


def settled(spec: record.RecordSpec, state: record.Leaving, now: datetime.datetime) -> bool:
    """Whether the last count is zero and late enough: there is nothing more to sweep."""
    proof = state.proof
    if proof is None or not proof.clean or proof.at > now:
        return False
    return proof.at >= settled_at(spec, state)


def proven(spec: record.RecordSpec, state: record.Leaving) -> bool:
    """Whether the last count proves that nothing is left."""
    proof = state.proof
    return proof is not None and not proof.unseen and settled(spec, state, proof.at)


def ended_clean(spec: record.RecordSpec) -> bool:
    """Whether a record that has finished leaves nothing behind that anybody knows of."""
    if spec.leaving is None:
        return not spec.history_unknown
    return proven(spec, spec.leaving)


def phase(state: record.Leaving) -> record.Phase:
    """What people read while a record leaves."""
    if state.confirmed_at is None or state.drained_at is None:
        return "Draining"
    if state.fence is None:
        return "Fencing"
    if state.proof is not None and state.proof.clean:
        return "Releasing" if state.let_go is not None else "Verifying"
    if state.let_go is not None and state.let_go.why == "NoVerifier":
        return "Releasing"
    return "Sweeping"
