"""Facts that plugins give each other through the record. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_core import structs
from akoo_core.objects.record import StoredFact
from akoo_core.plugin import api

Facts = dict[str, StoredFact]


def stored(plugin: str, provided: tuple[api.Fact, ...]) -> Facts:
    """The facts of ``plugin``, by name, as the record keeps them."""
    return {
        type(fact).fact_name: StoredFact(
            plugin=plugin, version=type(fact).fact_version, data=structs.to_object(fact)
        )
        for fact in provided
    }


def missing(known: Facts, plugin: api.Plugin) -> tuple[str, ...]:
    """The facts that ``plugin`` requires and nobody has given yet, at the version it knows."""
    return _missing(known, type(plugin).requires)


def awaited(known: Facts, plugin: api.Plugin, selected: Iterable[api.Plugin]) -> tuple[str, ...]:
    """The facts that ``plugin`` accepts, that another selected one provides and has not given."""
    others = (other for other in selected if other is not plugin)
    provided = {kind for other in others for kind in type(other).provides}
    return _missing(known, (kind for kind in type(plugin).accepts if kind in provided))


def _missing(known: Facts, kinds: Iterable[type[api.Fact]]) -> tuple[str, ...]:
    return tuple(
        kind.fact_name
        for kind in kinds
        if kind.fact_name not in known or known[kind.fact_name].version != kind.fact_version
    )
