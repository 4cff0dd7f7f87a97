"""The attempt of a record that observes only. No plugin gets another verb than observe."""

from __future__ import annotations

from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act import situation
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.act.observed import adoptions
from akoo_core.reconcile.decide import decisions, facts

OBSERVED = "Observed"


async def observe_only(attempt: Attempt, decision: decisions.Observe) -> bool:
    """Call observe of the plugins that the config asks to observe only. True: the record manages
    the cluster from now on. Raises KubeError."""
    services, report = attempt.services, attempt.report
    report.lived = True
    report.requeue(services.resync_seconds)
    reached = await attempt.workload()
    plugins = situation.observers(services.plugins, attempt.config) if attempt.config else ()
    for plugin in plugins:
        if not services.caller.implements(plugin, "observe"):
            continue
        if reached.client is None:
            report.plugin(plugin.name, "False", reached.reason, reached.message)
            continue
        await _ask(attempt, plugin)
    if not all(condition.status == "True" for condition in report.plugins.values()):
        return False
    report.ready = (OBSERVED, "AKO is observed. Nothing is changed, and nothing is cleaned up.")
    return await adoptions.begin(attempt, decision.obstacle)


async def _ask(attempt: Attempt, plugin: api.Plugin) -> None:
    report, client = attempt.report, (await attempt.workload()).client
    context = attempt.context(plugin, client)
    try:
        answer = await attempt.services.caller.call("observe", plugin, context)
    except VerbError as error:
        report.plugin(plugin.name, "False", "VerbFailed", str(error))
        report.requeue(attempt.backoff())
        return
    done = answer or api.Done()
    if isinstance(done, api.Blocked):
        report.plugin(plugin.name, "False", done.reason, done.message)
        report.requeue(done.after)
        return
    answered = facts.Answered().then(plugin.name, done)
    spec = facts.replaced(attempt.spec, plugin.name, answered)
    await attempt.store(facts=spec.facts)
    if done.version:
        report.version = done.version
    if isinstance(done, api.Wait):
        report.expected[done.reason] = done.expected_seconds
        report.plugin(plugin.name, "False", done.reason, done.message)
        report.requeue(done.after)
    else:
        report.plugin(plugin.name, "True", "Ready", done.message)
        report.requeue(done.recheck_seconds)
