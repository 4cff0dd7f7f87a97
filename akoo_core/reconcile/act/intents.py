"""Intents and uses: stored before a plugin touches anything outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube.client import KubeClient
from akoo_core.kube.resource import Resource
from akoo_core.objects.conditions import Condition
from akoo_core.objects.record import StoredIntent, StoredUse
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import placements

Obstacle = api.Blocked | VerbError
WAITS_SECONDS = 30.0
"""Interval at which a plugin that waits for its relocation is looked at again."""


async def store(attempt: Attempt) -> dict[str, Obstacle]:
    """Ask every plugin, store what changed, and confirm new uses.

    Returns the plugins that may not go on, and why. For a relocation nothing is stored:
    ``attempt.progress.relocations`` names it, and it is to be decided again. No relocation begins
    before every plugin knows its placement (until then ``report.relocations_waiting``): one mistake
    among several changes must not cost the old place. Raises KubeError.
    """
    answers, verdicts = _ask(attempt)
    relocations = _relocations(attempt, answers)
    ready = _all_know(attempt, answers, verdicts)
    attempt.report.relocations_waiting = {} if ready else relocations
    attempt.advance(relocations=relocations if ready else {})
    if attempt.progress.relocations:
        return verdicts
    for name, change in relocations.items():
        del answers[name]
        text = f"It relocates {change} once every plugin knows its place; see their conditions."
        verdicts[name] = api.Blocked(reason="RelocationWaits", message=text, after=WAITS_SECONDS)
    await attempt.store(**_changes(attempt, answers))
    return verdicts | await _confirm(attempt, answers)


def look(attempt: Attempt) -> None:
    """Note whether a relocation that has not been confirmed yet is still wanted."""
    state = attempt.record.spec.leaving if attempt.record is not None else None
    if state is not None and state.cause == "Relocated" and state.confirmed_at is None:
        answers, verdicts = _ask(attempt)
        attempt.advance(relocations={} if verdicts else _relocations(attempt, answers))


def _ask(attempt: Attempt) -> tuple[dict[str, api.Intent], dict[str, Obstacle]]:
    answers: dict[str, api.Intent] = {}
    verdicts: dict[str, Obstacle] = {}
    for plugin in attempt.services.plugins.ordered:
        try:
            answer = attempt.services.caller.call_pure("intend", plugin, attempt.view(plugin))
        except VerbError as error:
            verdicts[plugin.name] = error
            continue
        except structs.DecodeError as error:
            verdicts[plugin.name] = api.Blocked(reason="ConfigInvalid", message=str(error))
            continue
        if isinstance(answer, api.Blocked):
            verdicts[plugin.name] = answer
        else:
            answers[plugin.name] = answer or api.Intent()
            attempt.report.of_intents[plugin.name] = _conditions(answers[plugin.name])
    return answers, verdicts


def _conditions(answer: api.Intent) -> tuple[Condition, ...]:
    return tuple(
        Condition(type=each.type, status="True", reason=each.reason, message=each.message)
        for each in answer.conditions
    )


def _relocations(attempt: Attempt, answers: Mapping[str, api.Intent]) -> dict[str, str]:
    """The relocations that the answers of takes-away plugins ask for, by plugin."""
    stored, relocations = attempt.spec.intents, dict[str, str]()
    for plugin in attempt.services.plugins.ordered:
        if plugin.name in answers and takes_away(attempt, plugin):
            answer, version = answers[plugin.name], type(plugin).intent_version
            before = stored.get(plugin.name)
            relocations[plugin.name] = placements.relocation(before, answer, version)
    return {name: change for name, change in relocations.items() if change}


def _all_know(
    attempt: Attempt, answers: Mapping[str, api.Intent], verdicts: Mapping[str, Obstacle]
) -> bool:
    """True if no plugin is blocked, and none may still look for another placement than its stored
    one.

    A plugin that does not look, since it wants no placement any more, shows that by its prepare.
    """
    stored = attempt.spec.intents
    looking = {name for name, answer in answers.items() if placements.undecided(answer)}
    placed = {name for name, intent in stored.items() if not placements.undecided(intent)}
    return not verdicts and not looking & placed


def takes_away(attempt: Attempt, plugin: api.Plugin) -> bool:
    """True if the plugin has to clean up a placement before it uses another."""
    implements = attempt.services.caller.implements
    return any(implements(plugin, verb) for verb in placements.TAKES_AWAY)


def _changes(attempt: Attempt, answers: Mapping[str, api.Intent]) -> dict[str, Any]:
    spec, plugins = attempt.spec, attempt.services.plugins
    intents = dict(spec.intents)
    for name, answer in answers.items():
        plugin = plugins.get(name)
        version = type(plugin).intent_version if plugin else 1
        if placements.undecided(answer) and (
            name not in intents or (plugin is not None and takes_away(attempt, plugin))
        ):
            continue
        intents[name] = StoredIntent(
            version=version, data=structs.to_plain(answer.data), placement=answer.placement
        )
    touched = set(spec.plugins) | set(answers)
    return {
        "plugins": tuple(sorted(touched)),
        "intents": intents,
        "uses": with_new_uses(spec.uses, answers),
    }


def with_new_uses(
    stored: tuple[StoredUse, ...], answers: Mapping[str, api.Intent]
) -> tuple[StoredUse, ...]:
    """The stored uses, and the new ones as tentative. Pure.

    An old use stays until release, since the object may still be in use; also that of a namesake
    with another UID, which an answer from older caches must not drop.
    """
    known = {(use.plugin, use.group, use.kind, use.name, use.uid): use for use in stored}
    for plugin, answer in answers.items():
        for use in answer.uses:
            key = (plugin, use.resource.group, use.resource.kind, use.name, use.uid)
            if key not in known:
                known[key] = _tentative(plugin, use)
    return tuple(known[key] for key in sorted(known))


def _tentative(plugin: str, use: api.Use) -> StoredUse:
    return StoredUse(
        plugin=plugin,
        group=use.resource.group,
        kind=use.resource.kind,
        name=use.name,
        uid=use.uid,
    )


async def _confirm(attempt: Attempt, answers: Mapping[str, api.Intent]) -> dict[str, Obstacle]:
    """Read the objects of tentative uses from the API server: confirm, or withdraw and block.

    The object's controller lists the uses before it deletes; we store before we look. One of the
    two always sees the other.
    """
    resources = {
        (use.resource.group, use.resource.kind): use.resource
        for answer in answers.values()
        for use in answer.uses
    }
    tentative = [
        use
        for use in attempt.spec.uses
        if use.state == "tentative" and (use.group, use.kind) in resources
    ]
    verdicts: dict[str, Obstacle] = {}
    decided: dict[StoredUse, StoredUse | None] = {}
    for use in tentative:
        problem = await _problem(attempt.services.management, resources[use.group, use.kind], use)
        if problem:
            verdicts[use.plugin] = api.Blocked(reason="UseWithdrawn", message=problem, after=30.0)
        decided[use] = None if problem else structs.replace(use, state="confirmed")
    await attempt.store(uses=_decided(attempt.spec.uses, decided))
    return verdicts


def _decided(
    uses: Iterable[StoredUse],
    decided: Mapping[StoredUse, StoredUse | None],
) -> tuple[StoredUse, ...]:
    kept = (decided.get(use, use) for use in uses)
    return tuple(use for use in kept if use is not None)


async def _problem(client: KubeClient, resource: Resource, use: StoredUse) -> str:
    """The reason why the object cannot be used, as a sentence; "" if it can."""
    name = f"{use.kind} {use.name}"
    try:
        obj = await client.get(resource, use.name)
    except errors.NotFoundError:
        return f"{name} does not exist (any more)."
    if obj["metadata"]["uid"] != use.uid:
        return f"{name} was deleted and made again; it is read again."
    if "deletionTimestamp" in obj["metadata"]:
        return f"{name} is being deleted and cannot be used by another cluster."
    return ""
