"""From a record and the findings of an attempt to the status that people read. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from akoo_core import structs
from akoo_core.objects import conditions, names
from akoo_core.objects.conditions import Condition
from akoo_core.objects.record import Leaving, Phase, Record, RecordSpec, RecordStatus, StoredProof
from akoo_core.reconcile.decide import (
    leaving,
    plugin_annotations,
    proofs,
    relocation,
    selection,
    user_annotations,
)
from akoo_core.reconcile.status.findings import AttemptReport


def status_of(
    record: Record,
    report: AttemptReport,
    choice: selection.Choice | None,
    *,
    verifies: bool,
    now: datetime.datetime,
    living: bool = False,
    declared: plugin_annotations.Declared | None = None,
    types: Mapping[str, tuple[str, ...]] | None = None,
) -> RecordStatus:
    """The status to store. ``choice`` None: selection did not run, so its condition stays.
    ``living``: the Cluster exists and is not being deleted. ``declared``: the annotations that the
    selected plugins know. ``types``: the conditions that their intents may give, by plugin."""
    before = record.status
    wanted = [
        *_plugins(record, report),
        *_selected(record, choice),
        *_annotations(record, declared or {}),
        *_notes(record),
        *_of_intents(record, report, types or {}),
        *_leaving(record, report, verifies=verifies),
        *_held(record, report, living=living),
    ]
    wanted.append(_ready(record, report, wanted))
    return RecordStatus(
        phase=_phase(record, report),
        observed_generation=record.generation,
        config=record.spec.config_ref.name,
        version=before.version if report.version is None else report.version,
        left=_left(record, report),
        last_trace_id=before.last_trace_id,
        next_try_at=before.next_try_at,
        retry_seconds=before.retry_seconds,
        usual_until=before.usual_until,
        conditions=conditions.merge(before.conditions, wanted, now=now),
    )


def _phase(record: Record, report: AttemptReport) -> Phase | None:
    spec = record.spec
    if spec.finished_at is not None:
        return "Finished"
    if spec.leaving is not None:
        return leaving.phase(spec.leaving)
    if spec.orphaned is not None:
        return "Orphaned"
    if spec.observed:
        return "Observed"
    if report.phase is not None:
        return report.phase
    return record.status.phase or "Preparing"


def _left(record: Record, report: AttemptReport) -> int | None:
    state = record.spec.leaving
    if state is None or record.spec.finished_at is not None:
        return None
    if state.proof is not None:
        return state.proof.own
    return record.status.left if report.left is None else report.left


def _plugins(record: Record, report: AttemptReport) -> Iterator[Condition]:
    if record.spec.finished_at is not None:
        return
    yield from report.plugins.values()
    if report.lived or (record.spec.orphaned is not None and record.spec.leaving is None):
        return
    reported = {plugin.type for plugin in report.plugins.values()}
    for name in record.spec.plugins:
        kept = conditions.find(record.status.conditions, conditions.type_for_plugin(name))
        if kept is not None and kept.type not in reported:
            yield kept


def _ready(record: Record, report: AttemptReport, others: list[Condition]) -> Condition:
    before = conditions.find(record.status.conditions, "Ready")
    if report.keep_ready and before is not None:
        return before
    if report.ready is not None:
        reason, message = report.ready
        # What is orphaned is as somebody wanted it: kubectl wait must come to an end.
        as_wanted = reason in ("Orphaned", "Observed")
        status: conditions.Status = "True" if as_wanted else "False"
        return Condition(type="Ready", status=status, reason=reason, message=message)
    if record.spec.finished_at is not None:
        message = "Nothing is left to do; this record is kept for some days as the proof."
        return Condition(type="Ready", status="True", reason="Finished", message=message)
    if record.spec.leaving is not None:
        held = next((other for other in others if other.type == "Held"), None)
        relocates = record.spec.leaving.cause == "Relocated"
        doing = "AKO is being relocated." if relocates else "AKO is being removed."
        return Condition(
            type="Ready",
            status="False",
            reason="Relocating" if relocates else "Leaving",
            message=held.message if held else doing,
        )
    plugins = {conditions.type_for_plugin(name): name for name in report.plugins}
    bad = [c for c in others if c.type in plugins and c.status != "True"]
    if bad:
        message = f"{bad[0].type}={bad[0].status}: {bad[0].message}"
        return Condition(type="Ready", status="False", reason=bad[0].reason, message=message)
    return Condition(type="Ready", status="True", reason="Running")


def _selected(record: Record, choice: selection.Choice | None) -> Iterator[Condition]:
    if record.spec.leaving is not None or record.spec.finished_at is not None:
        return
    if choice is None:
        kept = conditions.find(record.status.conditions, "ConfigSelected")
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


def _annotations(record: Record, declared: plugin_annotations.Declared) -> Iterator[Condition]:
    annotations, state = user_annotations.read(record.annotations), record.spec.leaving
    problems = [
        *annotations.problems,
        *plugin_annotations.problems(record.annotations, declared),
    ]
    relocates = state is not None and state.cause == "Relocated"
    if annotations.let_go and (state is None or relocates) and record.spec.finished_at is None:
        problems.append(
            f"{names.LET_GO_ANNOTATION} has no effect before the Cluster is being deleted."
        )
    if annotations.abandon and not relocates:
        problems.append(
            f"{names.ABANDON_PLACEMENT_ANNOTATION} has no effect: AKO is not being relocated. It "
            "has no effect on a later relocation either."
        )
    if wrong := user_annotations.adopt_problem(annotations, record.spec.management_id):
        problems.append(wrong)
    if record.deleting and record.spec.finished_at is None:
        problems.append(
            "Somebody deleted this record; it stays until its cluster is cleaned up. To ask for "
            f"that, annotate it {names.LEAVE_ANNOTATION}=sweep."
        )
    if problems:
        yield Condition(
            type="AnnotationsAccepted",
            status="False",
            reason="NotAccepted",
            message=" ".join(problems),
        )


def _notes(record: Record) -> Iterator[Condition]:
    """The conditions about definitions in the cluster that differ from the wanted ones, and about
    Secrets whose values could not be compared."""
    if record.spec.finished_at is not None:
        return
    noted = [item for item in record.spec.inventory if item.note]
    secrets = [item.note for item in noted if item.secret is not None]
    definitions = [item.note for item in noted if item.secret is None]
    if definitions:
        yield Condition(
            type="DefinitionsFit",
            status="False",
            reason="DefinitionsDiffer",
            message=" ".join(definitions),
        )
    if secrets:
        yield Condition(
            type="SecretsCompared",
            status="False",
            reason="SecretNotOpened",
            message=" ".join(secrets),
        )


def _of_intents(
    record: Record, report: AttemptReport, types: Mapping[str, tuple[str, ...]]
) -> Iterator[Condition]:
    """The conditions that intents give. A plugin that was not asked, or is blocked, keeps its."""
    if record.spec.finished_at is not None:
        return
    for plugin, declared in types.items():
        kept = tuple(had for had in record.status.conditions if had.type in declared)
        yield from report.of_intents.get(plugin, kept)


def _leaving(record: Record, report: AttemptReport, *, verifies: bool) -> Iterator[Condition]:
    state = record.spec.leaving
    if record.spec.observed and record.spec.finished_at is not None:
        yield Condition(
            type="CleanupProven",
            status="Unknown",
            reason="Observed",
            message="AKO was observed only. Nobody cleaned up, and nothing was counted.",
        )
    if state is None:
        return
    if report.ancestor:
        yield Condition(
            type="AncestorFinalizer",
            status="True",
            reason="AncestorStopped",
            message=report.ancestor,
        )
    proof, gone = state.proof, state.let_go
    counted = proof is not None and leaving.settled(record.spec, state, proof.at)
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


def proof_text(proof: StoredProof) -> str:
    """The counts of a proof, the names that matter, and the queries."""
    counts = proofs.counted(proof)
    return f"{counts} ({'; '.join(proof.queries)})" if proof.queries else counts


def _proven(report: AttemptReport, proof: StoredProof | None, *, counted: bool) -> Condition:
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


def _held(record: Record, report: AttemptReport, *, living: bool) -> Iterator[Condition]:
    if report.held is None:
        return
    reason, message = report.held
    state = record.spec.leaving
    if state is not None and state.let_go is not None and reason != "LetGoRefused":
        return  # Nothing holds the Cluster any more; what is left is told by other conditions.
    if state is not None and state.let_go is None and reason != "ClusterVanished":
        message = f"{message} {_until(record.spec, state, report, living=living)}"
    yield Condition(type="Held", status="True", reason=reason, message=message.strip())


def _until(spec: RecordSpec, state: Leaving, report: AttemptReport, *, living: bool) -> str:
    """Sentence on how the hold ends. It names a time only where the deadline acts at that time."""
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
            "No deadline acts while the Cluster exists: leaving continues when the workload "
            "cluster "
            "answers and that is done, or when the Cluster is deleted."
        )
    at = f"{leaving.deadline_at(spec, state):%Y-%m-%d %H:%M} UTC"
    if state.attempted_at is None:
        return (
            f"Let go automatically at {at}, or after the first complete attempt if that is later."
        )
    return f"Let go automatically at {at}."


def for_cluster(status: RecordStatus) -> Condition:
    """The condition of the Cluster, from the status of its record.

    The message is the cause itself: only the record has the conditions of plugins.
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
    """``message`` without the name of a plugin's condition at its beginning."""
    prefixes = (f"{condition.type}={condition.status}: " for condition in every)
    return message.removeprefix(next(filter(message.startswith, prefixes), ""))


def deadline_seconds(record: Record, now: datetime.datetime) -> float | None:
    """Seconds until the deadline of a leaving record acts; None when none acts."""
    state = record.spec.leaving
    if state is None or not leaving.has_deadline(record.spec, state):
        return None
    return max(0.0, (leaving.deadline_at(record.spec, state) - now).total_seconds())
