"""Commands of plugins by name: one that writes an annotation, or a group of commands.

A command is imported when it is called.
"""

from __future__ import annotations

import click

from akoo_core import errors
from akoo_core.cli.annotate import of_plugins
from akoo_core.plugin.commands import CommandGroup
from akoo_core.plugin_host import loader
from akoo_core.plugin_host.offers import offers


def command(name: str) -> click.Command | None:
    """The command of that name; None if no plugin has one. Raises InputError for one that two
    plugins have, and for a mistake of the plugin."""
    offered = offers().get(name, ())
    if not offered:
        return None
    if len(offered) > 1:
        listed = ", ".join(map(str, offered))
        raise errors.InputError(f'several plugins have a command "{name}": {listed}')
    loaded = loader.import_offer(offered[0])
    if isinstance(loaded, CommandGroup):
        from akoo_core.cli import plugin_groups  # noqa: PLC0415 - it imports the operator's parts

        return plugin_groups.made(offered[0], loaded)
    return of_plugins.made(offered[0], loaded)
