"""A cluster leaves: acts on one leaving step and stores that it is done before the next begins.

Observes the record, Machines and the workload cluster; writes ``spec.leaving``. Leaves verbs run in
reverse order of facts. What stops an attempt comes back as a Stop.
"""

from __future__ import annotations

import logging

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act import fencing, status
from akoo_core.reconcile.act.answers import ask, say, stop_of
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import decisions, leaving, proofs
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.read import machines as machines_
from akoo_core.telemetry import tracing

_log = logging.getLogger(__name__)

UNREACHABLE = ("KubeconfigMissing", "WorkloadReplaced", "ClusterGone")
"""Reasons for which there is nobody to drain, however long one waits."""
LOOK_AGAIN_SECONDS = 5.0
"""For what is not told by any watch: Machines that die, an API that falls silent."""


async def step(attempt: Attempt, name: decisions.Step) -> Stop | None:
    """Act on one step. None: it is stored, decide again. Raises KubeError."""
    attempt.done.add(name)
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
    stop = stop_of(attempt, await ask(attempt, "confirm"))
    if stop is None:
        await attempt.store_leaving(confirmed_at=attempt.services.clock.now())
    return stop


async def _drain(attempt: Attempt) -> Stop | None:
    outcome, stop = await _drained(attempt)
    if stop is not None:
        now = attempt.services.clock.now()
        if not leaving.drain_over(attempt.one.spec, attempt.leaving, now):
            return stop
        outcome = f"TimedOut after {attempt.one.spec.policies.drain_timeout}: {stop.message}"
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
    why = leaving.drain_skip(
        workload=True,
        silent_seconds=attempt.silent_seconds(),
        machines=await _dying(attempt),
    )
    if why:
        return why, None
    if reached.client is None:
        return "", Stop(reached.reason, reached.message, LOOK_AGAIN_SECONDS, complete=False)
    answers = await ask(attempt, "drain")
    stop = stop_of(attempt, answers, complete=False)
    told = [
        answer.message
        for answer in answers.values()
        if isinstance(answer, api.Done) and answer.message
    ]
    return "; ".join(["Done", *told]), stop


async def _dying(attempt: Attempt) -> tuple[tuple[bool, bool], ...]:
    """(is control plane, is being deleted) of the Machines of a Cluster in deletion.

    None where they cannot be listed, as where there are none: AKO is asked to drain.
    """
    target = attempt.cluster
    if target is None or not target.deleting:
        return ()
    try:
        machines = await machines_.machines(
            attempt.services.management, attempt.services.clusters, target.namespace, target.name
        )
    except (errors.KubeError, TimeoutError) as error:
        _log.warning(
            "Machines cannot be listed: AKO is asked to drain, wherever it runs",
            extra={"cluster": target.key, "error": str(error)},
        )
        return ()
    return tuple((machine.control_plane, machine.deleting) for machine in machines)


async def _sweep(attempt: Attempt) -> Stop | None:
    stop = stop_of(attempt, await ask(attempt, "sweep"))
    if attempt.services.verifies:
        # verify says what is left, whatever sweep says; it is asked in the same attempt.
        if stop is not None:
            attempt.report.requeue(stop.after)
        return None
    if stop is None:
        await attempt.store_leaving(swept_at=attempt.services.clock.now())
    return stop


async def _verify(attempt: Attempt) -> Stop | None:
    answers, strangers = await _answers(attempt)
    now = attempt.services.clock.now()
    found = proofs.combined(answers, now=now, backoff=attempt.backoff())
    if found.stop is not None:
        attempt.report.unverified = (found.stop.reason, found.stop.message)
        return found.stop
    proof = proofs.limited(found.proof, attempt.one.spec, strangers=strangers, now=now)
    if proof is None:
        return Stop("NoVerifier", "no plugin verifies", LOOK_AGAIN_SECONDS)
    await attempt.store_leaving(**_proof_changes(attempt, proof))
    if proof.clean:
        if leaving.proven(attempt.one.spec, attempt.leaving):
            status.proven(attempt, proof)
        return None
    reason = "ForeignReference" if proof.own == proof.held else "ObjectsLeft"
    return Stop(reason, found.message, min(attempt.backoff(), 60.0))


async def _answers(attempt: Attempt) -> tuple[dict[str, proofs.Answer], tuple[str, ...]]:
    """The answers of all plugins that verify, and the names of those that were not asked. Nobody
    waits for these once the Cluster was let go."""
    answers: dict[str, proofs.Answer] = {}
    strangers: list[str] = []
    for plugin in attempt.services.plugins.reverse:
        if not attempt.services.caller.implements(plugin, "verify"):
            continue
        stranger = proofs.never_worked(attempt.one.spec, plugin.name)
        if stranger and attempt.leaving.let_go is not None:
            strangers.append(plugin.name)
            continue
        answers[plugin.name] = (
            proofs.blind(plugin.name) if stranger else await _counted(attempt, plugin)
        )
        say(attempt, plugin.name, answers[plugin.name])
    return answers, tuple(strangers)


async def _counted(attempt: Attempt, plugin: api.Plugin) -> proofs.Answer:
    reached = await attempt.workload()
    context = attempt.context(plugin, reached.client)
    try:
        answer = await attempt.services.caller.call("verify", plugin, context)
    except VerbError as error:
        return error
    return answer or api.Unverified(reason="NoAnswer", message="verify gave no answer")


def _proof_changes(attempt: Attempt, proof: record.StoredProof) -> dict[str, object]:
    """What to store of a count. The same finding again is not written again, unless its time
    matters: for a clean one, and for the last object seen while nothing is fenced."""
    state = attempt.leaving
    old = state.proof
    timed = state.fence is not None and state.fence.grade == "Unfenced"
    same = old is not None and proof == structs.replace(old, at=proof.at, plugin=proof.plugin)
    if same and not proof.clean and not timed:
        return {}
    return {"proof": proof} | ({} if proof.clean else {"last_non_empty_at": proof.at})


async def _undeploy(attempt: Attempt) -> Stop | None:
    if attempt.one.spec.inventory:
        reached = await attempt.workload()
        if reached.client is None:
            return Stop(reached.reason, reached.message, 3 * LOOK_AGAIN_SECONDS)

        async def keep(items: tuple[record.InventoryItem, ...]) -> None:
            await attempt.store(inventory=items)

        with tracing.step("undeploy") as span:
            report = await attempt.services.deployer.undeploy(
                attempt.name, attempt.one.spec.inventory, reached.client, keep
            )
            span.set_attribute("akoo.result", report.summary)
    await attempt.store_leaving(undeployed_at=attempt.services.clock.now())
    return None


async def _release(attempt: Attempt) -> Stop | None:
    stop = stop_of(attempt, await ask(attempt, "release"))
    if stop is None:
        state = structs.replace(attempt.leaving, released_at=attempt.services.clock.now())
        # After a move, what stays where it is goes on using what it used.
        kept = attempt.one.spec.uses if state.cause == "Relocated" else ()
        await attempt.store(leaving=state, uses=kept)
    return stop
