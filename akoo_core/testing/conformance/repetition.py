"""Idempotence: called again in an unchanged world, a verb answers the same and writes nothing.

Engines restart, leaders change, watches repeat themselves: every verb is called again at any time.
"""

from __future__ import annotations

import copy

from akoo_core.plugin import api
from akoo_core.telemetry import metrics
from akoo_core.testing import verbs
from akoo_core.testing.conformance.subject import Subject, Trial, conclusive, essence


def twice_is_once(subject: Subject) -> None:
    """Every verb, called again by the same process and by a new one."""
    for make in subject.trials():
        trial = make()
        trial.world.run(_again(subject, trial))


def leaves_no_tasks(subject: Subject) -> None:
    """A verb is over when it returns: its tasks may not go on writing after it."""
    for make in subject.trials(values=False):
        trial = make()
        before = _leaked(trial)
        trial.world.run(verbs.try_verb(trial.plugin, trial.verb, trial.world))
        if _leaked(trial) != before:
            raise subject.error(
                trial.verb,
                "it returned while tasks of its own were running. Await them, or use a TaskGroup.",
            )


async def _again(subject: Subject, trial: Trial) -> None:
    config = copy.deepcopy(trial.world.config)
    first = await verbs.try_verb(trial.plugin, trial.verb, trial.world)
    if first.error is not None:
        raise subject.failed(trial.verb, first.error) from first.error
    if trial.world.config != config:
        raise subject.error(trial.verb, "it changed the config it was given. Values are read only.")
    last = first if conclusive(first.result) else await subject.settle(trial)
    for who, plugin in (("again", trial.plugin), ("by a new process", subject.plugin(trial.world))):
        other = await verbs.try_verb(plugin, trial.verb, trial.world)
        if other.error is not None:
            raise subject.failed(trial.verb, other.error) from other.error
        if conclusive(first.result) and other.writes:
            raise subject.error(
                trial.verb,
                f"called {who} after {type(first.result).__name__} it writes: "
                f"{', '.join(other.writes)}. Read first, and write only what differs.",
            )
        settled = await subject.settle(trial._replace(plugin=plugin))
        if essence(settled.result) != essence(last.result):
            raise subject.error(
                trial.verb,
                f"it answered {essence(last.result)}, then {essence(settled.result)} when called "
                f"{who} in an unchanged world. What it must remember belongs into intent, facts or "
                "outside.",
            )
        pure = trial.verb in api.PURE_VERBS
        if pure and other.result != first.result:
            raise subject.error(trial.verb, "it is not pure: equal views got different answers.")


def _leaked(trial: Trial) -> float:
    labels = {"verb": trial.verb, "plugin": trial.plugin.name}
    name = "akoo_verb_leaked_tasks_total"
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0
