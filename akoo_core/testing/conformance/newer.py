"""Facts of newer and of unknown kinds, and facts that are awaited or declined.

Plugins are released one by one, and a rollback leaves records that a newer release wrote. ``View
.fact`` and ``View.awaited`` know all of that; reading ``view.spec`` by hand does not.
"""

from __future__ import annotations

from collections.abc import Iterator

from akoo_core import structs
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import verbs
from akoo_core.testing.conformance.subject import FIRST, Subject, Trial, essence

Facts = dict[str, record.StoredFact]

_UNKNOWN = record.StoredFact(plugin="another", version=7, data={"unknown": ["to", "you"]})


def bears_newer_facts(subject: Subject) -> None:
    """Unknown facts and fields change no answer; a newer version is as good as no fact."""
    for make in subject.trials():
        trial = make()
        for variant, changed, like in _variants(trial):
            tried, reference = make(), make()
            tried.world.spec = structs.replace(tried.world.spec, facts=changed)
            reference.world.spec = structs.replace(reference.world.spec, facts=like)
            got, wanted = _answer(tried), _answer(reference)
            if got != wanted:
                raise subject.error(
                    trial.verb,
                    f"with {variant} it came to {got} instead of {wanted}. Read facts by "
                    "view.fact().",
                )


def bears_declined_facts(subject: Subject) -> None:
    """A declined fact is as good as one that no selected plugin provides; while one is awaited, no
    verb raises."""
    for make in subject.trials():
        kind = type(make().plugin)
        for name in sorted({fact.fact_name for fact in kind.accepts}):
            declined, reference, awaited = make(), make(), make()
            for trial in (declined, reference, awaited):
                stored = {key: fact for key, fact in trial.world.spec.facts.items() if key != name}
                trial.world.spec = structs.replace(trial.world.spec, facts=stored)
            decline = {name: record.DeclinedFact(plugin="another")}
            declined.world.spec = structs.replace(declined.world.spec, declined=decline)
            awaited.world.awaited = (name,)
            got, wanted = _answer(declined), _answer(reference)
            if got != wanted:
                raise subject.error(
                    declined.verb,
                    f"with the fact {name} declined it came to {got} instead of {wanted}. Wait "
                    "only while view.awaited names the fact.",
                )
            run = awaited.world.run(verbs.try_verb(awaited.plugin, awaited.verb, awaited.world))
            if run.error is not None:
                raise subject.error(
                    awaited.verb,
                    f"with the fact {name} awaited it raised: {run.error}. Answer Wait where it "
                    "depends on the fact.",
                )


def _variants(trial: Trial) -> Iterator[tuple[str, Facts, Facts]]:
    """Name of a variant, its facts, and the facts that must give the same answer."""
    stored, kind = dict(trial.world.spec.facts), type(trial.plugin)
    yield "a fact that nobody knows", {**stored, "FromTheFuture": _UNKNOWN}, stored
    for fact in (*kind.requires, *kind.accepts):
        name = fact.fact_name
        if name not in stored:
            continue
        data = {**stored[name].data, "fromTheFuture": True}
        more = structs.replace(stored[name], data=data)
        yield f"a new field in the fact {name}", {**stored, name: more}, stored
        if fact in kind.requires and trial.verb not in FIRST:
            continue  # the engine calls nothing else then
        newer = structs.replace(stored[name], version=fact.fact_version + 1, data={"all": "new"})
        without = {fact_name: value for fact_name, value in stored.items() if fact_name != name}
        yield f"version {newer.version} of the fact {name}", {**stored, name: newer}, without


def _answer(trial: Trial) -> object:
    run = trial.world.run(verbs.try_verb(trial.plugin, trial.verb, trial.world))
    if run.error is not None:
        return f"an error ({run.error})"
    if isinstance(run.result, api.Contribution | api.Intent):
        return structs.to_plain(run.result)
    return essence(run.result)
