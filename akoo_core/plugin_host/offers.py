"""Commands that installed plugins offer, by their entry points. Light: nothing is imported of them.

An entry point of the group ``akoo_core.commands`` is called ``<plugin>.<command>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Final, NamedTuple

GROUP: Final = "akoo_core.commands"


class Offer(NamedTuple):
    """One command of a plugin that is installed. ``str()`` is its origin, in words."""

    plugin: str
    command: str
    point: metadata.EntryPoint

    def __str__(self) -> str:
        dist = self.point.dist
        named = f" ({dist.name} {dist.version})" if dist is not None else ""
        return f"plugin {self.plugin}{named}"


def of_plugin(plugin: str) -> tuple[Offer, ...]:
    """The commands of one plugin."""
    return tuple(
        offer for offered in offers().values() for offer in offered if offer.plugin == plugin
    )


def offers() -> Mapping[str, tuple[Offer, ...]]:
    """All commands of the installed plugins, by name."""
    by_name: dict[str, tuple[Offer, ...]] = {}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name):
        plugin, _, name = point.name.partition(".")
        if plugin and name:
            by_name[name] = (*by_name.get(name, ()), Offer(plugin, name, point))
    return by_name
