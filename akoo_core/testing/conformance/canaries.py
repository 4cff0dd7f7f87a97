"""Secrets are not shown: planted values may be read, but appear nowhere.

The checks search in answers, facts, intents, spans, logs, error texts, and in every object that is
no Secret, also when calls fail: that is when values get into messages.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.plugin_host import context
from akoo_core.telemetry import redaction
from akoo_core.testing import builders, calls, verbs
from akoo_core.testing.conformance.subject import Subject, Trial
from akoo_core.testing.verbs import VerbRun
from akoo_core.testing.world import NAMESPACE, World


def keeps_secrets(subject: Subject) -> None:
    """Every verb, undisturbed and with an error at each external call."""
    for make in subject.trials():
        trial = make()
        run = _checked(subject, trial)
        for number, call in enumerate(run.calls, start=1):
            trial = make()
            refusal = f"{call.system} refused the call (by the conformance suite)"
            trial.world.calls.fail(number, "before", ConnectionResetError(refusal))
            _checked(subject, trial)


def _checked(subject: Subject, trial: Trial) -> VerbRun:
    world = trial.world
    run = world.run(verbs.try_verb(trial.plugin, trial.verb, world))
    opened = world.run(_opened(trial.plugin, run, world))
    for place, value in shown(run, world, opened):
        raise subject.error(trial.verb, problem(place, value))
    return run


def problem(place: str, value: str) -> str:
    """The mistake of a plugin that shows a value."""
    return (
        f"the secret value {value!r} is seen in {place}. Name the Secret and its key instead; "
        "values go into calls and nowhere else."
    )


def shown(run: VerbRun, world: World, opened: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """The places that show a secret value, with that value. ``opened``: values beside the planted
    ones."""
    hidden = {*_values(world), *opened}
    needles = hidden | {base64.b64encode(value.encode()).decode() for value in hidden}
    for place, text in _texts(run, world):
        yield from ((place, needle) for needle in sorted(needles) if needle in text)


def _values(world: World) -> Iterator[str]:
    """The planted values, which begin with the mark, and those that the plugin keeps."""
    for secret in world.secrets:
        for encoded in (secret.get("data") or {}).values():
            value = base64.b64decode(encoded).decode(errors="replace")
            if value.startswith(builders.CANARY):
                yield value
    for secret in world.management.objects(resources.SECRETS, NAMESPACE):
        if secret.get("type") == names.KEPT_TYPE:
            kept = [base64.b64decode(encoded) for encoded in (secret.get("data") or {}).values()]
            values = [value.decode(errors="replace") for value in kept]
            yield from (value for value in values if len(value) >= redaction.MIN_LENGTH)


async def _opened(plugin: api.Plugin, run: VerbRun, world: World) -> list[str]:
    """The values of the contributed sources that the plugin itself opens."""
    contribution = run.contribution or api.Contribution()
    sources = [source for secret in contribution.secrets for source in secret.data.values()]
    ctx = context.build_secret_context(plugin, verbs.means_of(world), record_name=world.record_name)
    values = [
        await plugin.open_secret(source, ctx)
        for source in sources
        if source.plugin == plugin.name and not source.public
    ]
    return [value.decode(errors="replace") for value in values if value is not None]


def _texts(run: VerbRun, world: World) -> Iterator[tuple[str, str]]:
    if run.result is not None:
        yield "its answer", structs.encode_json(structs.to_plain(run.result)).decode()
    if run.error is not None and not isinstance(run.error, calls.Crash):
        yield "the text of its error", str(run.error)
    yield from (("a log line", line) for line in run.logs)
    yield from ((f"the span {span.name}", str(span)) for span in run.spans)
    yield "the record", structs.encode_json(structs.to_plain(world.spec)).decode()
    for name, server in (("management", world.management), ("workload", world.workload)):
        for key, obj in server.store.rows.items():
            if key.plural != "secrets":
                where = f"{obj['kind']} {key.name} in the {name} cluster"
                yield where, structs.encode_json(obj).decode()
