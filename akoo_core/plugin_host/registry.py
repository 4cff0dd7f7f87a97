"""The plugins of this process: checked, registered with pluggy, and in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pluggy

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin.errors import describe
from akoo_core.plugin_host import contract, order

CLOSE_SECONDS = 3.0
"""The longest time for one plugin to close; then the process ends without it."""

_log = logging.getLogger(__name__)


class Implementation(NamedTuple):
    """One plugin's implementation of one hook, and the arguments it asked for."""

    function: Callable[..., Any]
    arguments: tuple[str, ...]


class PluginSet:
    """The selected plugins. ``plugins`` are made, named, and in the order of ``--plugins``.

    Raises InputError when one breaks the contract, when two have one name, and when they cannot be
    ordered.
    """

    def __init__(self, plugins: Sequence[api.Plugin] = ()) -> None:
        self._manager = pluggy.PluginManager("akoo_core")
        self._manager.add_hookspecs(api.Verbs)
        self._by_name: dict[str, api.Plugin] = {}
        self._implementations: dict[tuple[str, str], Implementation | None] = {}
        for plugin in plugins:
            self._register(plugin)
        names = order.order([order.declaration(plugin) for plugin in plugins])
        self.ordered: tuple[api.Plugin, ...] = tuple(self._by_name[name] for name in names)
        """Lives verbs run in this order: providers of facts first."""
        self.reverse: tuple[api.Plugin, ...] = self.ordered[::-1]
        """Leaves verbs run in this order."""
        self.names: tuple[str, ...] = names
        """The names, in the order of lives verbs."""

    def _register(self, plugin: api.Plugin) -> None:
        name = plugin.name
        if name in self._by_name:
            raise errors.InputError(f"two plugins are named {name!r}; select one of them")
        problems = contract.problems(name, type(plugin))
        if problems:
            raise errors.InputError(f"plugin {name}: {'; '.join(problems)}")
        self._by_name[name] = plugin
        self._manager.register(plugin, name=name)

    def get(self, name: str) -> api.Plugin | None:
        """The plugin of that name, or None when it is not selected."""
        return self._by_name.get(name)

    def implementation(self, plugin: api.Plugin, hook: str) -> Implementation | None:
        """The plugin's implementation of a hook; None when it has none."""
        if self._by_name.get(plugin.name) is not plugin:
            return None
        known = (plugin.name, hook)
        if known not in self._implementations:
            self._implementations[known] = self._look_up(plugin, hook)
        return self._implementations[known]

    def _look_up(self, plugin: api.Plugin, hook: str) -> Implementation | None:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        for hookimpl in caller.get_hookimpls():
            if hookimpl.plugin is plugin:
                return Implementation(hookimpl.function, tuple(hookimpl.argnames))
        return None

    async def close(self) -> None:
        """Close every plugin, the last in order first. One that fails or hangs does not stop it."""
        for plugin in self.reverse:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await plugin.close()
            except Exception as error:  # noqa: BLE001 - the process stops; the others close too
                _log.warning(
                    "plugin did not close",
                    extra={"plugin": plugin.name, "error": describe(error)},
                )
