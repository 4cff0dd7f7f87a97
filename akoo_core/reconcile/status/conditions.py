"""From a record and what an attempt found out to the status that people read. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from akoo_core import structs
from akoo_core.objects import conditions, names, record
from akoo_core.objects.conditions import Condition
from akoo_core.reconcile.decide import leaving, proofs, relocation, selection, user_annotations
from akoo_core.reconcile.status.findings import Report


def status_of(
    one: record.Record,
    report: Report,
    choice: selection.Choice | None,
    *,
    verifies: bool,
    now: datetime.datetime,
    living: bool = False,
) -> record.RecordStatus:
    """The status to store. ``choice`` None: selection was not asked, its condition stays.
    ``living``: the Cluster is there and not being deleted."""
    before = one.status
    wanted = [
        *_plugins(one, report),
        *_selected(one, choice),
        *_words(one),
        *_notes(one),
        *_leaving(one, report, verifies=verifies),
        *_held(one, report, living=living),
    ]
    wanted.append(_ready(one, report, wanted))
    return record.RecordStatus(
        phase=_phase(one, report),
        observed_generation=one.generation,
        config=one.spec.config_ref.name,
        version=before.version if report.version is None else report.version,
        left=_left(one, report),
        last_trace_id=before.last_trace_id,
        next_try_at=before.next_try_at,
        retry_seconds=before.retry_seconds,
        conditions=conditions.merge(before.conditions, wanted, now=now),
    )


def _phase(one: record.Record, report: Report) -> record.Phase | None:
    spec = one.spec
    if spec.finished_at is not None:
        return "Finished"
    if spec.leaving is not None:
        return leaving.phase(spec.leaving)
    if spec.orphaned is not None:
        return "Orphaned"
    if report.phase is not None:
        return report.phase
    return one.status.phase or "Preparing"


def _left(one: record.Record, report: Report) -> int | None:
    state = one.spec.leaving
    if state is None or one.spec.finished_at is not None:
        return None
    if state.proof is not None:
        return state.proof.own
    return one.status.left if report.left is None else report.left


def _plugins(one: record.Record, report: Report) -> Iterator[Condition]:
    if one.spec.finished_at is not None:
        return
    yield from report.plugins.values()
    if report.lived or (one.spec.orphaned is not None and one.spec.leaving is None):
        return
    said = {plugin.type for plugin in report.plugins.values()}
    for name in one.spec.plugins:
        kept = conditions.find(one.status.conditions, conditions.type_for_plugin(name))
        if kept is not None and kept.type not in said:
            yield kept


def _ready(one: record.Record, report: Report, others: list[Condition]) -> Condition:
    before = conditions.find(one.status.conditions, "Ready")
    if report.keep_ready and before is not None:
        return before
    if report.ready is not None:
        reason, message = report.ready
        # What is orphaned is as somebody wanted it: kubectl wait must come to an end.
        status: conditions.Status = "True" if reason == "Orphaned" else "False"
        return Condition(type="Ready", status=status, reason=reason, message=message)
    if one.spec.finished_at is not None:
        message = "Nothing is left to do; this record is kept for some days as the proof."
        return Condition(type="Ready", status="True", reason="Finished", message=message)
    if one.spec.leaving is not None:
        held = next((other for other in others if other.type == "Held"), None)
        moves = one.spec.leaving.cause == "Relocated"
        doing = "AKO moves to another place." if moves else "AKO is being taken away."
        return Condition(
            type="Ready",
            status="False",
            reason="Relocating" if moves else "Leaving",
            message=held.message if held else doing,
        )
    plugins = {conditions.type_for_plugin(name): name for name in report.plugins}
    bad = [c for c in others if c.type in plugins and c.status != "True"]
    if bad:
        message = f"{bad[0].type}={bad[0].status}: {bad[0].message}"
        return Condition(type="Ready", status="False", reason=bad[0].reason, message=message)
    return Condition(type="Ready", status="True", reason="Running")


def _selected(one: record.Record, choice: selection.Choice | None) -> Iterator[Condition]:
    if one.spec.leaving is not None or one.spec.finished_at is not None:
        return
    if choice is None:
        kept = conditions.find(one.status.conditions, "ConfigSelected")
        if kept is not None:
            yield kept
        return
    if choice.config is None:
        notes = [f"{choice.why}.", *(f"Not usable: {problem}." for problem in choice.problems)]
        yield Condition(
            type="ConfigSelected", status="False", reason="NoneMatches", message=" ".join(notes)
        )
        return
    lost = "; ".join(f'"{loser.name}" matches too and lost: {loser.why}' for loser in choice.losers)
    message = f'AKODeploymentConfig "{choice.config.name}" (priority {choice.config.priority})'
    yield Condition(
        type="ConfigSelected",
        status="True",
        reason="Conflict" if lost else "Selected",
        message=f"{message}. {lost}." if lost else f"{message}.",
    )


def _words(one: record.Record) -> Iterator[Condition]:
    said, state = user_annotations.read(one.annotations), one.spec.leaving
    problems = list(said.problems)
    moves = state is not None and state.cause == "Relocated"
    if said.let_go and (state is None or moves) and one.spec.finished_at is None:
        problems.append(
            f"{names.LET_GO_ANNOTATION} has no effect before the Cluster is being deleted."
        )
    if said.abandon and not moves:
        problems.append(
            f"{names.ABANDON_PLACEMENT_ANNOTATION} has no effect: this cluster is not moving. It "
            "will not be followed for a later move either."
        )
    if wrong := user_annotations.adopt_problem(said, one.spec.management_id):
        problems.append(wrong)
    if one.deleting and one.spec.finished_at is None:
        problems.append(
            "Somebody deleted this record; it stays until its cluster is cleaned up. To ask for "
            f"that, annotate it {names.LEAVE_ANNOTATION}=sweep."
        )
    if problems:
        yield Condition(
            type="UserWordFollowed",
            status="False",
            reason="NotFollowed",
            message=" ".join(problems),
        )


def _notes(one: record.Record) -> Iterator[Condition]:
    """What is to be known about objects in the cluster that are not quite as we want them."""
    if one.spec.finished_at is not None:
        return
    notes = [item.note for item in one.spec.inventory if item.note]
    if notes:
        yield Condition(
            type="DefinitionsFit",
            status="False",
            reason="DefinitionsDiffer",
            message=" ".join(notes),
        )


def _leaving(one: record.Record, report: Report, *, verifies: bool) -> Iterator[Condition]:
    state = one.spec.leaving
    if state is None:
        return
    proof, gone = state.proof, state.let_go
    counted = proof is not None and leaving.settled(one.spec, state, proof.at)
    if not verifies and proof is None:
        yield Condition(
            type="CleanupProven",
            status="Unknown",
            reason="NoVerifier",
            message="No loaded plugin can prove that nothing is left.",
        )
        return
    yield _proven(report, proof, counted=counted)
    looked = counted and proof is not None and proof.plugin
    if gone is not None and gone.why in ("Deadline", "UserWord", "Gone") and not looked:
        left = proofs.left(proof)
        goes_on = "" if counted else " Sweeping goes on."
        yield Condition(
            type="Leaked",
            status="True",
            reason=gone.why,
            message=f"The Cluster went ({gone.message}); {left}.{goes_on}",
        )


def proof_text(proof: record.StoredProof) -> str:
    """The counts of a proof, the names that matter, and how they were made."""
    told = proofs.counted(proof)
    return f"{told} ({'; '.join(proof.queries)})" if proof.queries else told


def _proven(report: Report, proof: record.StoredProof | None, *, counted: bool) -> Condition:
    """``counted``: the last count is zero and final."""
    if proof is not None and counted and proof.unseen:
        message = proof_text(proof)
        return Condition(
            type="CleanupProven", status="Unknown", reason="NotLookedFor", message=message
        )
    if proof is not None and counted:
        return Condition(
            type="CleanupProven", status="True", reason="Proven", message=proof_text(proof)
        )
    if report.unverified is not None:
        reason, message = report.unverified
        return Condition(type="CleanupProven", status="Unknown", reason=reason, message=message)
    if proof is None:
        return Condition(
            type="CleanupProven", status="False", reason="NotCounted", message="Not counted yet."
        )
    if proof.clean:
        message = "Nothing is left; the last count is after the quiet period."
        return Condition(
            type="CleanupProven", status="False", reason="QuietPeriod", message=message
        )
    return Condition(
        type="CleanupProven",
        status="False",
        reason="ForeignReference" if proof.own == proof.held else "ObjectsLeft",
        message=proofs.counted(proof),
    )


def _held(one: record.Record, report: Report, *, living: bool) -> Iterator[Condition]:
    if report.held is None:
        return
    reason, message = report.held
    state = one.spec.leaving
    if state is not None and state.let_go is not None and reason != "LetGoRefused":
        return  # Nothing holds the Cluster any more; what is left is told by other conditions.
    if state is not None and state.let_go is None and reason != "ClusterVanished":
        message = f"{message} {_until(one.spec, state, report, living=living)}"
    yield Condition(type="Held", status="True", reason=reason, message=message.strip())


def _until(spec: record.RecordSpec, state: record.Leaving, report: Report, *, living: bool) -> str:
    """When it ends by itself. A time is named only where the deadline acts at that time."""
    if state.cause == "Relocated":
        return relocation.way_out(state)
    if spec.policies.on_deadline == "Hold":
        return "Held until that is done (onDeadline: Hold)."
    if state.paused_at is not None:
        return ""
    if report.endless:
        return "No deadline acts meanwhile."
    if living:
        return (
            "The Cluster lives, so no time is promised: it goes on when the workload cluster "
            "answers and that is done, or when the Cluster is deleted."
        )
    at = f"{leaving.deadline_at(spec, state):%Y-%m-%d %H:%M} UTC"
    if state.attempted_at is None:
        return f"Let go by itself at {at}, or after the first complete attempt if that is later."
    return f"Let go by itself at {at}."


def for_cluster(status: record.RecordStatus) -> Condition:
    """The one condition that the Cluster gets, from the status of its record.

    Its message is the cause itself: the conditions of plugins are on the record alone.
    """
    ready = conditions.find(status.conditions, "Ready")
    if ready is None:
        return Condition(type=names.LOAD_BALANCER_READY, status="Unknown", reason="Preparing")
    on_cluster = structs.replace(
        ready,
        type=names.LOAD_BALANCER_READY,
        message=_cause(ready.message, status.conditions),
        last_transition_time=None,
        observed_generation=None,
    )
    # Nobody looks after AKO there: whether its load balancers work is not known.
    if ready.reason == "Orphaned":
        return structs.replace(on_cluster, status="Unknown")
    return on_cluster


def _cause(message: str, every: tuple[Condition, ...]) -> str:
    """``message`` without the condition of a plugin that it names first."""
    prefixes = (f"{condition.type}={condition.status}: " for condition in every)
    return message.removeprefix(next(filter(message.startswith, prefixes), ""))


def deadline_seconds(one: record.Record, now: datetime.datetime) -> float | None:
    """How long until the deadline of a leaving record acts; None when it does not."""
    state = one.spec.leaving
    if state is None or not leaving.has_deadline(one.spec, state):
        return None
    return max(0.0, (leaving.deadline_at(one.spec, state) - now).total_seconds())
