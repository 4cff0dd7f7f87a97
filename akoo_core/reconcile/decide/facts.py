"""Facts: what plugins tell each other through the record. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_core import structs
from akoo_core.objects import record
from akoo_core.plugin import api

Facts = dict[str, record.StoredFact]


def stored(plugin: str, given: tuple[api.Fact, ...]) -> Facts:
    """What ``plugin`` gave, by name, as the record keeps it."""
    return {
        type(fact).fact_name: record.StoredFact(
            plugin=plugin, version=type(fact).fact_version, data=structs.to_object(fact)
        )
        for fact in given
    }


def missing(known: Facts, plugin: api.Plugin) -> tuple[str, ...]:
    """The facts that ``plugin`` requires and nobody has given yet, at the version it knows."""
    return _not_given(known, type(plugin).requires)


def awaited(known: Facts, plugin: api.Plugin, selected: Iterable[api.Plugin]) -> tuple[str, ...]:
    """The facts that ``plugin`` accepts, that another selected one provides and has not given."""
    provided = {kind for one in selected if one is not plugin for kind in type(one).provides}
    return _not_given(known, (kind for kind in type(plugin).accepts if kind in provided))


def _not_given(known: Facts, kinds: Iterable[type[api.Fact]]) -> tuple[str, ...]:
    return tuple(
        kind.fact_name
        for kind in kinds
        if kind.fact_name not in known or known[kind.fact_name].version != kind.fact_version
    )
