"""Facts that plugins give each other through the record, and those that they decline. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_core import structs
from akoo_core.objects.record import DeclinedFact, RecordSpec, StoredFact
from akoo_core.plugin import api

Facts = dict[str, StoredFact]

MISSING = "FactMissing"
DECLINED = "FactDeclined"


class Answered(structs.Struct, frozen=True, kw_only=True):
    """The facts that one plugin has given and declined in a round of the lives verbs."""

    facts: Facts = {}
    declined: tuple[str, ...] = ()

    def then(self, plugin: str, answer: api.Done | api.Wait) -> Answered:
        """With one more answer: the last answer about a fact counts."""
        provided = stored(plugin, answer.facts)
        declines = answer.declines if isinstance(answer, api.Done) else ()
        facts = {name: fact for name, fact in self.facts.items() if name not in declines}
        before = (name for name in self.declined if name not in provided)
        return Answered(facts=facts | provided, declined=tuple(dict.fromkeys((*before, *declines))))


def stored(plugin: str, provided: tuple[api.Fact, ...]) -> Facts:
    """The facts of ``plugin``, by name, as the record keeps them."""
    return {
        type(fact).fact_name: StoredFact(
            plugin=plugin, version=type(fact).fact_version, data=structs.to_object(fact)
        )
        for fact in provided
    }


def added(spec: RecordSpec, plugin: str, answered: Answered) -> RecordSpec:
    """The spec with the answers of ``plugin``, beside what it gave and declined before.

    A declined fact is dropped, also one of a plugin that provided it before.
    """
    facts = {name: fact for name, fact in spec.facts.items() if name not in answered.declined}
    declined = {
        name: decline for name, decline in spec.declined.items() if name not in answered.facts
    }
    return structs.replace(
        spec,
        facts=facts | answered.facts,
        declined=declined | {name: DeclinedFact(plugin=plugin) for name in answered.declined},
    )


def replaced(spec: RecordSpec, plugin: str, answered: Answered) -> RecordSpec:
    """The spec with the answers of ``plugin``, instead of what it gave and declined before."""
    others = {name: fact for name, fact in spec.facts.items() if fact.plugin != plugin}
    return added(_withdrawn(structs.replace(spec, facts=others), plugin), plugin, answered)


def undecided(spec: RecordSpec, plugin: api.Plugin) -> RecordSpec:
    """The spec when prepare of ``plugin`` is not done: it may still give what it declined before.

    Where a fact that it requires is declined, it is not called. Then it declines what it has not
    given, or others would wait for that.
    """
    spec = _withdrawn(spec, plugin.name)
    if spec.declined.keys().isdisjoint(missing(spec.facts, plugin)):
        return spec
    names = (kind.fact_name for kind in type(plugin).provides)
    declined = tuple(name for name in names if name not in spec.facts)
    return added(spec, plugin.name, Answered(declined=declined))


def _withdrawn(spec: RecordSpec, plugin: str) -> RecordSpec:
    declined = {
        name: decline for name, decline in spec.declined.items() if decline.plugin != plugin
    }
    return structs.replace(spec, declined=declined)


def missing(known: Facts, plugin: api.Plugin) -> tuple[str, ...]:
    """The facts that ``plugin`` requires and nobody has given yet, at the version it knows."""
    return _missing(known, type(plugin).requires)


def lacking(spec: RecordSpec, plugin: api.Plugin, *, after: float) -> api.Wait | None:
    """The reason why no verb of ``plugin`` but intend is called, or None."""
    names = missing(spec.facts, plugin)
    for name in names:
        if name in spec.declined:
            decliner = spec.declined[name].plugin
            text = (
                f'This plugin requires the fact {name}, and plugin "{decliner}" declines it for '
                f"this cluster. Configure {decliner} in spec.plugins.{decliner}, or leave this "
                "plugin out of --plugins."
            )
            return api.Wait(reason=DECLINED, message=text, after=after)
    if names:
        text = f"Waits for another plugin to provide {', '.join(names)}."
        return api.Wait(reason=MISSING, message=text, after=after)
    return None


def awaited(
    spec: RecordSpec, plugin: api.Plugin, selected: Iterable[api.Plugin]
) -> tuple[str, ...]:
    """The facts that ``plugin`` accepts, and that another selected plugin provides but has neither
    given nor declined."""
    expected = {
        kind
        for other in selected
        if other is not plugin
        for kind in type(other).provides
        if spec.declined.get(kind.fact_name) != DeclinedFact(plugin=other.name)
    }
    return _missing(spec.facts, (kind for kind in type(plugin).accepts if kind in expected))


def _missing(known: Facts, kinds: Iterable[type[api.Fact]]) -> tuple[str, ...]:
    return tuple(
        kind.fact_name
        for kind in kinds
        if kind.fact_name not in known or known[kind.fact_name].version != kind.fact_version
    )
