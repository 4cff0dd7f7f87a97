"""Intents and uses: what plugins will touch is stored before it is touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from akoo_core import structs
from akoo_core.api import record
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube.resource import Resource
from akoo_core.plugins import api
from akoo_core.plugins.errors import VerbError
from akoo_core.reconcile.attempt import Attempt

Verdict = api.Blocked | VerbError
TAKES_AWAY = ("sweep", "verify", "release")
"""A plugin with one of these has things outside that its intent alone finds again."""


async def store(attempt: Attempt) -> dict[str, Verdict]:
    """Ask every plugin, store what changed, and confirm new uses.

    Returns the plugins that may not go on, and why. Raises KubeError.
    """
    answers: dict[str, api.Intent] = {}
    verdicts: dict[str, Verdict] = {}
    for plugin in attempt.services.plugins.ordered:
        try:
            answer = attempt.services.caller.call_pure("intend", plugin, attempt.view(plugin))
        except VerbError as error:
            verdicts[plugin.name] = error
            continue
        except structs.DecodeError as error:
            told = f"AKODeploymentConfig {attempt.one.spec.config_ref.name}: {error}"
            verdicts[plugin.name] = api.Blocked(reason="ConfigInvalid", message=told)
            continue
        if isinstance(answer, api.Blocked):
            verdicts[plugin.name] = answer
            continue
        moved = _moved(attempt, plugin, answer or api.Intent())
        if moved is not None:
            verdicts[plugin.name] = moved
            continue
        answers[plugin.name] = answer or api.Intent()
    await attempt.store(**_changes(attempt, answers))
    return verdicts | await _confirm(attempt, answers)


def _changes(attempt: Attempt, answers: Mapping[str, api.Intent]) -> dict[str, object]:
    spec, plugins = attempt.one.spec, attempt.services.plugins
    intents = dict(spec.intents)
    for name, answer in answers.items():
        plugin = plugins.get(name)
        version = type(plugin).intent_version if plugin else 1
        if answer.data or name in intents:
            intents[name] = record.StoredIntent(version=version, data=answer.data)
    touched = set(spec.plugins) | set(answers)
    return {
        "plugins": tuple(sorted(touched)),
        "intents": intents,
        "uses": with_new_uses(spec.uses, answers),
    }


def _moved(attempt: Attempt, plugin: api.Plugin, answer: api.Intent) -> api.Blocked | None:
    """A changed placement of a plugin that would have to clean up the old one first."""
    stored = attempt.one.spec.intents.get(plugin.name)
    takes = any(attempt.services.caller.implements(plugin, verb) for verb in TAKES_AWAY)
    if stored is None or not takes or stored.data == answer.data:
        return None
    if stored.version != type(plugin).intent_version:
        return None  # The same intent in the words of a newer plugin.
    return api.Blocked(
        reason="RelocationNotSupported",
        message=(
            f'What plugin "{plugin.name}" uses for this cluster has changed in the '
            "AKODeploymentConfig. Moving a cluster is not supported yet: take the change back, or "
            "remove AKO from the cluster first."
        ),
    )


def with_new_uses(
    stored: tuple[record.StoredUse, ...], answers: Mapping[str, api.Intent]
) -> tuple[record.StoredUse, ...]:
    """The stored uses and those that are new, tentative. Pure.

    An old use stays until release: what has been used may still be in use.
    """
    known = {(one.plugin, one.group, one.kind, one.name): one for one in stored}
    for plugin, answer in answers.items():
        for use in answer.uses:
            key = (plugin, use.resource.group, use.resource.kind, use.name)
            old = known.get(key)
            if old is None or old.uid != use.uid:
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
