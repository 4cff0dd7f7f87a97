"""The order of plugins, by the facts that they exchange. Pure.

Providers of a fact come before those that require or accept it; ``after`` orders plugins
that exchange none; the others keep their position in ``--plugins``. Lives verbs run in this order,
leaves verbs in reverse.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin_host import contract


class FactId(NamedTuple):
    """A fact as plugins agree on it."""

    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Declaration(NamedTuple):
    """The declarations of one plugin that its order depends on."""

    name: str
    provides: tuple[FactId, ...] = ()
    requires: tuple[FactId, ...] = ()
    accepts: tuple[FactId, ...] = ()
    after: tuple[str, ...] = ()
    place: str = ""
    """``file:line`` of the plugin, for messages."""


def declaration(plugin: api.Plugin) -> Declaration:
    """The declaration of a plugin."""
    return declared_by(type(plugin), plugin.name)


def declared_by(plugin: type[api.Plugin], name: str) -> Declaration:
    """The declaration of a plugin's class, under a name."""

    def ids(facts: tuple[type[api.Fact], ...]) -> tuple[FactId, ...]:
        return tuple(FactId(fact.fact_name, fact.fact_version) for fact in facts)

    return Declaration(
        name=name,
        provides=ids(plugin.provides),
        requires=ids(plugin.requires),
        accepts=ids(plugin.accepts),
        after=plugin.after,
        place=contract.where(plugin),
    )


def order(declared: Sequence[Declaration]) -> tuple[str, ...]:
    """Names in the order of lives verbs; ``declared`` stands in the order of ``--plugins``.

    Raises InputError, naming all involved, when a required fact has no provider (or one of another
    version), when two plugins provide one fact, and when the order would be a cycle.
    """
    providers = _providers(declared)
    before = {plugin.name: _predecessors(plugin, providers, declared) for plugin in declared}
    waiting = [plugin.name for plugin in declared]
    done: list[str] = []
    while waiting:
        free = next((name for name in waiting if not before[name].keys() - set(done)), None)
        if free is None:
            raise errors.InputError(_cycle(before, waiting))
        waiting.remove(free)
        done.append(free)
    return tuple(done)


def _providers(declared: Sequence[Declaration]) -> dict[str, tuple[str, FactId]]:
    providers: dict[str, tuple[str, FactId]] = {}
    for plugin in declared:
        for fact in plugin.provides:
            other = providers.setdefault(fact.name, (plugin.name, fact))[0]
            if other != plugin.name:
                raise errors.InputError(
                    f"plugins {other} and {plugin.name} both provide the fact {fact.name}; "
                    "leave one of them out of --plugins"
                )
    return providers


def _predecessors(
    plugin: Declaration,
    providers: Mapping[str, tuple[str, FactId]],
    declared: Sequence[Declaration],
) -> dict[str, str]:
    """The plugins that come before this one, each with the reason."""
    selected = {other.name for other in declared}
    reasons = {name: "after" for name in plugin.after if name in selected}
    for relation, facts in (("accepts", plugin.accepts), ("requires", plugin.requires)):
        for fact in facts:
            provider, provided = providers.get(fact.name, ("", fact))
            if provided != fact:
                raise errors.InputError(
                    f"plugin {plugin.name} {relation} the fact {fact}, but plugin {provider} "
                    f"provides {provided}; use releases of the two that belong together"
                    f"{_at(plugin)}"
                )
            if provider:
                reasons[provider] = f"{relation} {fact.name} of"
            elif relation == "requires":
                raise errors.InputError(
                    f"plugin {plugin.name} requires the fact {fact.name}, which no selected plugin "
                    f"provides (selected: {', '.join(sorted(selected))}); "
                    f"add its provider to --plugins{_at(plugin)}"
                )
    return reasons


def _at(plugin: Declaration) -> str:
    return f" ({plugin.place})" if plugin.place else ""


def _cycle(before: Mapping[str, Mapping[str, str]], waiting: Sequence[str]) -> str:
    """Walks back from a plugin that is not free until one is met again: that is the cycle."""
    path = [min(waiting)]
    while True:
        ahead = min(name for name in before[path[-1]] if name in waiting)
        if ahead in path:
            break
        path.append(ahead)
    ring = [*path[path.index(ahead) :], ahead]
    steps = [f"{name} ({before[name][other]} {other})" for name, other in itertools.pairwise(ring)]
    return (
        f"plugins cannot be ordered, they wait for each other: {', '.join(steps)}; "
        "leave one of them out of --plugins"
    )
