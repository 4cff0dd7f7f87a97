"""Calls one leaves verb of all plugins, and combines their answers. Thin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide.decisions import Stop

StepAnswer = api.Done | api.Wait | api.Blocked | VerbError
StepVerb = Literal["confirm", "drain", "sweep", "release"]


async def ask(attempt: Attempt, verb: StepVerb) -> dict[str, StepAnswer]:
    """Call every plugin that has the verb, the last in order first; one failing stops no other.

    release never gets a workload client, also if the Cluster lives on after a relocation.
    """
    answers: dict[str, StepAnswer] = {}
    for plugin in attempt.services.plugins.reverse:
        if not attempt.services.caller.implements(plugin, verb):
            continue
        client = None if verb == "release" else (await attempt.workload()).client
        try:
            answer = await attempt.services.caller.call(
                verb, plugin, attempt.context(plugin, client)
            )
            answers[plugin.name] = answer or api.Done()
        except VerbError as error:
            answers[plugin.name] = error
        report(attempt, plugin.name, answers[plugin.name])
    return answers


def report(attempt: Attempt, plugin: str, answer: object) -> None:
    """Put an answer into the report."""
    match answer:
        case VerbError():
            attempt.report.plugin(plugin, "False", "VerbFailed", str(answer))
        case api.Wait() | api.Blocked() | api.Unverified():
            if isinstance(answer, api.Wait):
                attempt.report.expected[answer.reason] = answer.expected_seconds
            attempt.report.plugin(plugin, "False", answer.reason, answer.message)
        case api.Fenced():
            attempt.report.plugin(plugin, "True", answer.grade, answer.evidence)
        case api.Done():
            attempt.report.plugin(plugin, "True", "Done", answer.message)


def stop_of(
    attempt: Attempt, answers: Mapping[str, StepAnswer], *, complete: bool = True
) -> Stop | None:
    """The reason why not all plugins are done, or None. Blocked goes before Wait: somebody has to
    do something."""
    standing: list[api.Blocked | api.Wait] = [
        *(answer for answer in answers.values() if isinstance(answer, api.Blocked)),
        *(answer for answer in answers.values() if isinstance(answer, api.Wait)),
    ]
    failed = [answer for answer in answers.values() if isinstance(answer, VerbError)]
    if standing:
        first = standing[0]
        counts = [
            answer.left
            for answer in answers.values()
            if isinstance(answer, api.Wait) and answer.left
        ]
        left = sum(counts) if counts else None
        return Stop(first.reason, first.message, first.after, complete=complete, left=left)
    if failed:
        return Stop("VerbFailed", str(failed[0]), attempt.backoff(), complete=complete)
    return None
