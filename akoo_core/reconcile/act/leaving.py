"""Acts on one leaving step, and stores its end before the next begins.

Observes the record, Machines and the workload cluster; writes ``spec.leaving``. Leaves verbs run in
reverse order of facts. A Stop ends the attempt.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.objects.record import InventoryItem, StoredProof
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act import failures, fencing, status
from akoo_core.reconcile.act.answers import StepAnswer, ask, report, stop_of
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import decisions, facts, leaving, proofs
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.read import machines
from akoo_core.telemetry import tracing

_log = logging.getLogger(__name__)

UNREACHABLE = ("KubeconfigMissing", "WorkloadReplaced", "ClusterGone")
"""Reasons why nothing can be drained, however long an attempt waits."""
LOOK_AGAIN_SECONDS = 5.0
"""Interval for changes that no watch shows: Machines that die, an API that falls silent."""
SILENT = (errors.UnreachableError, errors.ServerError, errors.TooManyRequestsError)
"""The management API does not answer as it should: no fault of the record's."""


async def leave(attempt: Attempt, decision: decisions.Leave) -> Stop | None:
    """Act on one leaving step. A failure in it stops the attempt, not the record.

    Raises ConflictError and the errors that are no fault of the record.
    """
    try:
        return await step(attempt, decision.step)
    except errors.ConflictError:
        raise
    except (errors.KubeError, TimeoutError) as error:
        attempt.broken = isinstance(error, errors.KubeError) and not isinstance(error, SILENT)
        message = str(error) or "an API server did not answer in time"
        return Stop("KubernetesError", message, attempt.backoff(), complete=False)
    except failures.NOT_THE_RECORD:
        raise
    except Exception as error:  # noqa: BLE001 - the deadline must be able to act all the same
        return failures.broken(attempt, error)


async def pause(attempt: Attempt) -> None:
    """Store when the pause began."""
    await attempt.store_leaving(paused_at=attempt.services.clock.now())


async def resume(attempt: Attempt) -> None:
    """Store the length of the pause."""
    state, now = attempt.leaving, attempt.services.clock.now()
    paused = int((now - (state.paused_at or now)).total_seconds())
    await attempt.store_leaving(
        paused_at=None, paused_seconds=state.paused_seconds + max(0, paused)
    )


async def step(attempt: Attempt, name: decisions.Step) -> Stop | None:
    """Act on one step. None: its end is stored, decide again. Raises KubeError."""
    attempt.advance(done=attempt.progress.done | {name})
    match name:
        case "confirm":
            return await _confirm(attempt)
        case "drain":
            return await _drain(attempt)
        case "fence":
            return await fencing.fence(attempt)
        case "sweep":
            return await _sweep(attempt)
        case "verify":
            return await _verify(attempt)
        case "undeploy":
            return await _undeploy(attempt)
        case "release":
            return await _release(attempt)


async def _confirm(attempt: Attempt) -> Stop | None:
    answers = await ask(attempt, "confirm")
    await _keep_facts(attempt, answers)
    stop = stop_of(attempt, answers)
    if stop is None:
        await attempt.store_leaving(confirmed_at=attempt.services.clock.now())
    return stop


async def _keep_facts(attempt: Attempt, answers: Mapping[str, StepAnswer]) -> None:
    """Store the facts that confirm gave, beside the earlier ones: the steps after it rely on
    them."""
    spec = attempt.spec
    for plugin, answer in answers.items():
        if isinstance(answer, api.Done | api.Wait) and answer.facts:
            spec = facts.added(spec, plugin, facts.Answered().then(plugin, answer))
            spec = structs.replace(spec, plugins=tuple(sorted({*spec.plugins, plugin})))
    await attempt.store(facts=spec.facts, plugins=spec.plugins)


async def _drain(attempt: Attempt) -> Stop | None:
    outcome, stop = await _drained(attempt)
    if stop is not None:
        now = attempt.services.clock.now()
        if not leaving.drain_over(attempt.spec, attempt.leaving, now):
            return stop
        outcome = f"TimedOut after {attempt.spec.policies.drain_timeout}: {stop.message}"
    await attempt.store_leaving(
        drained_at=attempt.services.clock.now(), drain_outcome=outcome[:512]
    )
    return None


async def _drained(attempt: Attempt) -> tuple[str, Stop | None]:
    gone, _ = await fencing.gone(attempt)
    if gone is not None:
        return f"Skipped: {gone.evidence}", None
    reached = await attempt.workload()
    if reached.reason in UNREACHABLE:
        return f"Skipped: {reached.message}", None
    skip = leaving.drain_skip(
        workload=True,
        silent_seconds=attempt.silent_seconds(),
        machines=await _dying(attempt),
    )
    if skip:
        return skip, None
    if reached.client is None:
        return "", Stop(reached.reason, reached.message, LOOK_AGAIN_SECONDS, complete=False)
    answers = await ask(attempt, "drain")
    stop = stop_of(attempt, answers, complete=False)
    messages = [
        answer.message
        for answer in answers.values()
        if isinstance(answer, api.Done) and answer.message
    ]
    return "; ".join(["Done", *messages]), stop


async def _dying(attempt: Attempt) -> tuple[tuple[bool, bool], ...]:
    """(is control plane, is being deleted) of the Machines of a Cluster in deletion.

    Empty if there are none, and if they cannot be listed: AKO is asked to drain.
    """
    cluster = attempt.cluster
    if cluster is None or not cluster.deleting:
        return ()
    try:
        listed = await machines.machines(
            attempt.services.management, attempt.services.clusters, cluster.namespace, cluster.name
        )
    except (errors.KubeError, TimeoutError) as error:
        _log.warning(
            "Machines cannot be listed: AKO is asked to drain, wherever it runs",
            extra={"cluster": cluster.key, "error": str(error)},
        )
        return ()
    return tuple((machine.control_plane, machine.deleting) for machine in listed)


async def _sweep(attempt: Attempt) -> Stop | None:
    stop = stop_of(attempt, await ask(attempt, "sweep"))
    if attempt.services.verifies:
        # The answer of verify counts, not that of sweep; verify is called in the same attempt.
        if stop is not None:
            attempt.report.requeue(stop.after)
        return None
    if stop is None:
        await attempt.store_leaving(swept_at=attempt.services.clock.now())
    return stop


async def _verify(attempt: Attempt) -> Stop | None:
    answers, strangers = await _answers(attempt)
    now = attempt.services.clock.now()
    count = proofs.combined(answers, now=now, backoff=attempt.backoff())
    if count.stop is not None:
        attempt.report.unverified = (count.stop.reason, count.stop.message)
        return count.stop
    proof = proofs.limited(count.proof, attempt.spec, strangers=strangers, now=now)
    if proof is None:
        return Stop("NoVerifier", "no plugin verifies", LOOK_AGAIN_SECONDS)
    await attempt.store_leaving(**_proof_changes(attempt, proof))
    if proof.clean:
        if leaving.proven(attempt.spec, attempt.leaving):
            status.proven(attempt, proof)
        return None
    reason = "ForeignReference" if proof.own == proof.held else "ObjectsLeft"
    return Stop(reason, count.message, min(attempt.backoff(), 60.0))


async def _answers(attempt: Attempt) -> tuple[dict[str, proofs.VerifyAnswer], tuple[str, ...]]:
    """The answers of all plugins that verify, and the names of those that were not asked.

    Plugins that never worked for the record are not asked, and once the Cluster was let go, nothing
    waits for them.
    """
    answers: dict[str, proofs.VerifyAnswer] = {}
    strangers: list[str] = []
    for plugin in attempt.services.plugins.reverse:
        if not attempt.services.caller.implements(plugin, "verify"):
            continue
        stranger = proofs.never_worked(attempt.spec, plugin.name)
        if stranger and attempt.leaving.let_go is not None:
            strangers.append(plugin.name)
            continue
        answers[plugin.name] = (
            proofs.blind(plugin.name) if stranger else await _counted(attempt, plugin)
        )
        report(attempt, plugin.name, answers[plugin.name])
    return answers, tuple(strangers)


async def _counted(attempt: Attempt, plugin: api.Plugin) -> proofs.VerifyAnswer:
    reached = await attempt.workload()
    context = attempt.context(plugin, reached.client)
    try:
        answer = await attempt.services.caller.call("verify", plugin, context)
    except VerbError as error:
        return error
    return answer or api.Unverified(reason="NoAnswer", message="verify gave no answer")


def _proof_changes(attempt: Attempt, proof: StoredProof) -> dict[str, object]:
    """Changes to store after a count. An equal count is not written again, unless its time matters:
    that of a clean count, and that of the last object seen while nothing is fenced."""
    state = attempt.leaving
    old = state.proof
    timed = state.fence is not None and state.fence.grade == "Unfenced"
    same = old is not None and proof == structs.replace(old, at=proof.at, plugin=proof.plugin)
    if same and not proof.clean and not timed:
        return {}
    return {"proof": proof} | ({} if proof.clean else {"last_non_empty_at": proof.at})


async def _undeploy(attempt: Attempt) -> Stop | None:
    if attempt.spec.inventory:
        reached = await attempt.workload()
        if reached.client is None:
            return Stop(reached.reason, reached.message, 3 * LOOK_AGAIN_SECONDS)

        async def keep(items: tuple[InventoryItem, ...]) -> None:
            await attempt.store(inventory=items)

        with tracing.step("undeploy") as span:
            undeployed = await attempt.services.deployer.undeploy(
                attempt.name, attempt.spec.inventory, reached.client, keep
            )
            span.set_attribute("akoo.result", undeployed.summary)
    await attempt.store_leaving(undeployed_at=attempt.services.clock.now())
    return None


async def _release(attempt: Attempt) -> Stop | None:
    stop = stop_of(attempt, await ask(attempt, "release"))
    if stop is None:
        state = structs.replace(attempt.leaving, released_at=attempt.services.clock.now())
        # After a relocation, the plugins that stay go on using what they used.
        kept = attempt.spec.uses if state.cause == "Relocated" else ()
        await attempt.store(leaving=state, uses=kept)
    return stop
