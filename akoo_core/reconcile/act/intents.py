"""Intents and uses: what plugins will touch is stored before it is touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from akoo_core import structs
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube.resource import Resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import placements

Verdict = api.Blocked | VerbError
WAITS_SECONDS = 30.0
"""How soon a plugin that waits to move is looked at again, if nothing else happens before."""


async def store(attempt: Attempt) -> dict[str, Verdict]:
    """Ask every plugin, store what changed, and confirm new uses.

    Returns the plugins that may not go on, and why. When something is to move, nothing is stored:
    ``attempt.report.moves`` says what, and it is to be decided again. Nothing moves before every
    plugin knows where it will be (``report.waits``): one mistake among several changes must not
    cost the old place. Raises KubeError.
    """
    answers, verdicts = _ask(attempt)
    moving, known = _moves(attempt, answers), _all_know(attempt, answers, verdicts)
    attempt.report.moves, attempt.report.waits = (moving, {}) if known else ({}, moving)
    if attempt.report.moves:
        return verdicts
    for name, what in moving.items():
        del answers[name]
        told = f"It moves {what}, once all plugins know where they will be; see their conditions."
        verdicts[name] = api.Blocked(reason="RelocationWaits", message=told, after=WAITS_SECONDS)
    await attempt.store(**_changes(attempt, answers))
    return verdicts | await _confirm(attempt, answers)


def look(attempt: Attempt) -> None:
    """Note whether a move that has not been confirmed yet is still wanted."""
    state = attempt.record.spec.leaving if attempt.record is not None else None
    if state is not None and state.cause == "Relocated" and state.confirmed_at is None:
        answers, verdicts = _ask(attempt)
        attempt.report.moves = {} if verdicts else _moves(attempt, answers)


def _ask(attempt: Attempt) -> tuple[dict[str, api.Intent], dict[str, Verdict]]:
    answers: dict[str, api.Intent] = {}
    verdicts: dict[str, Verdict] = {}
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
    return answers, verdicts


def _moves(attempt: Attempt, answers: Mapping[str, api.Intent]) -> dict[str, str]:
    """By takes-away plugin, what its answer moves."""
    stored, found = attempt.one.spec.intents, dict[str, str]()
    for plugin in attempt.services.plugins.ordered:
        if plugin.name in answers and takes_away(attempt, plugin):
            answer, version = answers[plugin.name], type(plugin).intent_version
            found[plugin.name] = placements.moved(stored.get(plugin.name), answer, version)
    return {name: what for name, what in found.items() if what}


def _all_know(
    attempt: Attempt, answers: Mapping[str, api.Intent], verdicts: Mapping[str, Verdict]
) -> bool:
    """Whether no plugin is blocked, nor may still look for a place instead of the one it has.

    One that does not look, since it wants none any more, is told by its prepare.
    """
    stored = attempt.one.spec.intents
    looking = {name for name, one in answers.items() if placements.undecided(one)}
    placed = {name for name, one in stored.items() if not placements.undecided(one)}
    return not verdicts and not looking & placed


def takes_away(attempt: Attempt, plugin: api.Plugin) -> bool:
    """Whether the plugin would have to clean up a place before it uses another."""
    implements = attempt.services.caller.implements
    return any(implements(plugin, verb) for verb in placements.TAKES_AWAY)


def _changes(attempt: Attempt, answers: Mapping[str, api.Intent]) -> dict[str, object]:
    spec, plugins = attempt.one.spec, attempt.services.plugins
    intents = dict(spec.intents)
    for name, answer in answers.items():
        plugin = plugins.get(name)
        version = type(plugin).intent_version if plugin else 1
        if placements.undecided(answer) and (
            name not in intents or (plugin is not None and takes_away(attempt, plugin))
        ):
            continue
        intents[name] = record.StoredIntent(
            version=version, data=structs.to_plain(answer.data), placement=answer.placement
        )
    touched = set(spec.plugins) | set(answers)
    return {
        "plugins": tuple(sorted(touched)),
        "intents": intents,
        "uses": with_new_uses(spec.uses, answers),
    }


def with_new_uses(
    stored: tuple[record.StoredUse, ...], answers: Mapping[str, api.Intent]
) -> tuple[record.StoredUse, ...]:
    """The stored uses and those that are new, tentative. Pure.

    An old use stays until release: what has been used may still be in use. That goes for one of a
    namesake with another UID, too: an answer from what was known earlier must not drop it.
    """
    known = {(one.plugin, one.group, one.kind, one.name, one.uid): one for one in stored}
    for plugin, answer in answers.items():
        for use in answer.uses:
            key = (plugin, use.resource.group, use.resource.kind, use.name, use.uid)
            if key not in known:
                known[key] = _tentative(plugin, use)
    return tuple(known[key] for key in sorted(known))


def _tentative(plugin: str, use: api.Use) -> record.StoredUse:
    return record.StoredUse(
        plugin=plugin,
        group=use.resource.group,
        kind=use.resource.kind,
        name=use.name,
        uid=use.uid,
    )


async def _confirm(attempt: Attempt, answers: Mapping[str, api.Intent]) -> dict[str, Verdict]:
    """Read what tentative uses name, live: confirm, or withdraw and block.

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
        for use in attempt.one.spec.uses
        if use.state == "tentative" and (use.group, use.kind) in resources
    ]
    verdicts: dict[str, Verdict] = {}
    decided: dict[record.StoredUse, record.StoredUse | None] = {}
    for use in tentative:
        why = await _why_not(attempt.services.management, resources[use.group, use.kind], use)
        if why:
            verdicts[use.plugin] = api.Blocked(reason="UseWithdrawn", message=why, after=30.0)
        decided[use] = None if why else structs.replace(use, state="confirmed")
    await attempt.store(uses=_decided(attempt.one.spec.uses, decided))
    return verdicts


def _decided(
    uses: Iterable[record.StoredUse],
    decided: Mapping[record.StoredUse, record.StoredUse | None],
) -> tuple[record.StoredUse, ...]:
    found = (decided.get(use, use) for use in uses)
    return tuple(use for use in found if use is not None)


async def _why_not(client: client_.KubeClient, resource: Resource, use: record.StoredUse) -> str:
    what = f"{use.kind} {use.name}"
    try:
        live = await client.get(resource, use.name)
    except errors.NotFoundError:
        return f"{what} does not exist (any more)."
    if live["metadata"]["uid"] != use.uid:
        return f"{what} was deleted and made again; it is looked at anew."
    if "deletionTimestamp" in live["metadata"]:
        return f"{what} is being deleted and cannot be used by one more cluster."
    return ""
