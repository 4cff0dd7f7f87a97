"""Leaving, step by step: confirm, drain, fence, sweep, verify, undeploy, let go, release. Pure.

Every decision follows from the stored record, so that any attempt, by any process, after any crash,
goes on from the step at which the last one stopped.
"""

from __future__ import annotations

import datetime

from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.config import Policies
from akoo_core.objects.record import Leaving, Phase, Record, RecordSpec
from akoo_core.reconcile.decide import fences, proofs
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
"""Silence of a workload API after which it is not asked to drain."""
UNFENCED_SECONDS = 300.0
"""Shortest time between the last object seen and the last count when nothing is fenced."""


def decide(s: Situation, record: Record, leaving: Leaving) -> Decision:
    """The next decision about a record that leaves, is not paused and has all its plugins."""
    cluster = s.cluster
    if leaving.released_at is not None:
        return Finish()
    if record.spec.management_id != s.management_id:
        return claimed_elsewhere(s, record)
    if leaving.let_go is None:
        if cluster is None:
            return LetGo(why="Gone", message="the Cluster is not there any more")
        if s.progress.tried and deadline_acts(record.spec, leaving, cluster, s.now):
            return _depart(s, leaving, cluster, "Deadline", _deadline_message(record.spec.policies))
    return take_away(s, record, leaving)


def take_away(s: Situation, record: Record, leaving: Leaving) -> Decision:
    """The next step, of those that a relocation and a removal have in common."""
    if leaving.confirmed_at is None:
        return _once("confirm", s)
    if leaving.drained_at is None:
        return _once("drain", s)
    if leaving.fence is None:
        return _once("fence", s)
    if "fence" not in s.progress.done and _fence_again(s, record, leaving):
        return Leave(step="fence")
    if s.verifies and not settled(record.spec, leaving, s.now):
        return _sweep_and_verify(s, record, leaving)
    if not s.verifies and s.sweeps and leaving.swept_at is None:
        return _once("sweep", s)
    if s.progress.unfenced and leaving.let_go is None:
        message = fences.pending_message(s.progress.unfenced)
        return Rest(reason=fences.REASON, message=message)
    if leaving.let_go is None and s.cluster is not None and leaving.cause != "Relocated":
        why, message = _why(s, leaving)
        return _depart(s, leaving, s.cluster, why, message)
    return _once("release", s)


def _fence_again(s: Situation, record: Record, leaving: Leaving) -> bool:
    """True if a plugin has not finished its fence, or if the core may see more than before."""
    unfenced = leaving.fence is not None and leaving.fence.grade == "Unfenced"
    return unfenced or bool(fences.open_plugins(s.loaded, record.spec, leaving))


def _why(s: Situation, leaving: Leaving) -> tuple[Why, str]:
    """Reason to let the Cluster go, now that there is nothing more to sweep."""
    proof = leaving.proof
    if not s.verifies:
        return "NoVerifier", "no loaded plugin can prove the clean-up"
    if proof is None or not proof.unseen:
        return "Proven", "nothing is left"
    return "Counted", f"nothing is left of what was looked for; {proofs.not_seen(proof)}"


def _once(step: Step, s: Situation) -> Decision:
    return Rest() if step in s.progress.done else Leave(step=step)


def _sweep_and_verify(s: Situation, record: Record, leaving: Leaving) -> Decision:
    if leaving.proof is not None and leaving.proof.clean:
        until = settled_at(record.spec, leaving)
        if s.now < until:
            after = (until - s.now).total_seconds()
            unfenced = leaving.fence is not None and leaving.fence.grade == "Unfenced"
            return Rest(
                reason="QuietPeriod",
                message=f"Nothing is left; counted again at {until:%H:%M:%S} UTC.",
                # No watch shows that the last Machine is gone, which shortens the wait.
                after=min(after, fences.FENCE_AGAIN_SECONDS) if unfenced else after,
            )
        return _once("verify", s)
    if "sweep" not in s.progress.done:
        return Leave(step="sweep")
    return _once("verify", s)


def _depart(
    s: Situation,
    leaving: Leaving,
    cluster: Cluster,
    why: Why,
    message: str,
) -> Decision:
    """Let go. If the Cluster lives on, take our objects out of it first."""
    if not cluster.deleting and leaving.undeployed_at is None:
        return _once("undeploy", s)
    return LetGo(why=why, message=message)


def claimed_elsewhere(s: Situation, record: Record) -> Hold:
    """Hold for a record of another management cluster, for which nothing is removed."""
    owner = record.spec.management_id
    return Hold(
        reason="ClaimedElsewhere",
        message=(
            f"This record was made by management cluster {owner}, not by this one "
            f"({s.management_id}), and may still be in use there: nothing is removed from here. "
            f"If it was moved here for good, annotate it {names.ADOPT_ANNOTATION}="
            f"{owner}; to let the Cluster go without that, "
            f"{names.LET_GO_ANNOTATION}=<reason>."
        ),
    )


# Deadline.


def has_deadline(spec: RecordSpec, leaving: Leaving) -> bool:
    """True if a deadline is going to act. A relocation waits for a proof or an annotation."""
    return (
        spec.policies.on_deadline == "LetGo"
        and leaving.let_go is None
        and leaving.cause != "Relocated"
    )


def deadline_at(spec: RecordSpec, leaving: Leaving) -> datetime.datetime:
    """Time at which the deadline passes, earlier pauses not counted."""
    allowed = spec.policies.duration("deadline")
    return leaving.started_at + allowed + datetime.timedelta(seconds=leaving.paused_seconds)


def deadline_acts(
    spec: RecordSpec,
    leaving: Leaving,
    cluster: Cluster,
    now: datetime.datetime,
) -> bool:
    """True if the Cluster is to be let go now because the deadline has passed.

    Asked when an attempt has done what it could, which may just have been the proof, and only after
    one complete attempt of ours. Nothing waits for a Cluster that lives on: there the deadline ends
    sweeping, but the steps before it (above all confirm) must have been done.
    """
    if not has_deadline(spec, leaving) or leaving.attempted_at is None:
        return False
    if not cluster.deleting and leaving.fence is None:
        return False
    return now >= deadline_at(spec, leaving)


def _deadline_message(policies: Policies) -> str:
    return (
        f"the deadline of {policies.deadline} has passed; cleaning up goes on without the Cluster"
    )


# Drain and fence.


def drain_skip(
    *, workload: bool, silent_seconds: float, machines: tuple[tuple[bool, bool], ...]
) -> str:
    """Reason to skip draining, or "". ``machines``: (is control plane, is being deleted) each.

    AKO runs on workers unless configured otherwise, so the workers count; the control plane if
    there is no worker. Without any Machine (managed node groups) nothing is known and AKO is asked.
    """
    if not workload:
        return "Skipped: no workload client"
    if silent_seconds >= SILENT_SECONDS:
        return f"Skipped: the workload API has been silent for {int(silent_seconds)} s"
    workers = [deleting for control_plane, deleting in machines if not control_plane]
    nodes = workers or [deleting for _, deleting in machines]
    if nodes and all(nodes):
        return "Skipped: the Machines on which AKO can run are being deleted"
    return ""


def drain_over(spec: RecordSpec, leaving: Leaving, now: datetime.datetime) -> bool:
    """True if the drain timeout, counted from confirm, has passed."""
    since = leaving.confirmed_at or leaving.started_at
    return now >= since + spec.policies.duration("drain_timeout")


# Proof.


def settled_at(spec: RecordSpec, leaving: Leaving) -> datetime.datetime:
    """Time from which on a count of zero ends sweeping.

    Fenced: a quiet period after the fence. Unfenced: AKO may write again at its next full sync, so
    that long (at least five minutes) after the last object was seen, but at most half of what was
    then left to a deadline that is going to act.
    """
    quiet = spec.policies.duration("quiet_period")
    fence = leaving.fence
    if fence is None:
        return datetime.datetime.max.replace(tzinfo=datetime.UTC)
    if fence.grade != "Unfenced":
        return fence.at + quiet
    since = max(fence.at, leaving.last_non_empty_at or fence.at)
    pause = datetime.timedelta(seconds=max(fence.settle_seconds, UNFENCED_SECONDS))
    left = deadline_at(spec, leaving) - since
    if has_deadline(spec, leaving) and left > datetime.timedelta(0):
        pause = min(pause, left / 2)
    return since + max(pause, quiet)


def settled(spec: RecordSpec, leaving: Leaving, now: datetime.datetime) -> bool:
    """True if the last count is zero and late enough: there is nothing more to sweep."""
    proof = leaving.proof
    if proof is None or not proof.clean or proof.at > now:
        return False
    return proof.at >= settled_at(spec, leaving)


def proven(spec: RecordSpec, leaving: Leaving) -> bool:
    """True if the last count proves that nothing is left."""
    proof = leaving.proof
    return proof is not None and not proof.unseen and settled(spec, leaving, proof.at)


def ended_clean(spec: RecordSpec) -> bool:
    """True if nothing is known that a finished record leaves behind."""
    if spec.leaving is None:
        return not spec.history_unknown
    return proven(spec, spec.leaving)


def phase(leaving: Leaving) -> Phase:
    """The phase that people read while a record leaves."""
    if leaving.confirmed_at is None or leaving.drained_at is None:
        return "Draining"
    if leaving.fence is None:
        return "Fencing"
    if leaving.proof is not None and leaving.proof.clean:
        return "Releasing" if leaving.let_go is not None else "Verifying"
    if leaving.let_go is not None and leaving.let_go.why == "NoVerifier":
        return "Releasing"
    return "Sweeping"
