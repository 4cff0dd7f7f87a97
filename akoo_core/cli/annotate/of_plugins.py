"""Commands of plugins: each writes one annotation of that plugin on records, or is a group of
commands that only read.

A command is imported when it is called.
"""

from __future__ import annotations

import pathlib
from typing import Any

import click

from akoo_core import errors
from akoo_core.cli import completing
from akoo_core.cli.annotate import commands
from akoo_core.plugin import api
from akoo_core.plugin.commands import CommandGroup
from akoo_core.plugin_host import loader
from akoo_core.plugin_host.offers import Offer, offers


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
    return made(offered[0], loaded)


def made(offer: Offer, annotation: api.PluginAnnotation, *, name: str = "") -> click.Command:
    """The click command that writes ``annotation``, called ``name`` or as it is offered."""

    def write(**values: Any) -> None:
        from akoo_core.cli.annotate import requests  # noqa: PLC0415 - `--help` needs none of it

        flags = frozenset(flag.name for flag in annotation.flags if values[_field(flag.name)])
        request = requests.PluginRequest(plugin=offer.plugin, annotation=annotation, flags=flags)
        key: str | None = values["cluster"]
        config: str | None = values.get("config_name")
        record: str | None = values["record"]
        kubeconfig: pathlib.Path | None = values["kubeconfig"]
        if (key is None) == (config is None):
            raise errors.InputError("name one Cluster (NAMESPACE/NAME), or all of a --config NAME")
        if key is not None:
            requests.ask_one(request, key, name=record, yes=values["yes"], kubeconfig=kubeconfig)
        elif record is not None:
            raise errors.InputError("--record goes with one Cluster, not with --config")
        else:
            requests.ask_all(request, str(config), yes=values["yes"], kubeconfig=kubeconfig)

    metavar = "[NAMESPACE/NAME]" if annotation.fleet else "NAMESPACE/NAME"
    cluster = click.argument(
        "cluster",
        metavar=metavar,
        required=not annotation.fleet,
        shell_complete=completing.clusters,
    )
    options = [
        click.option(f"--{flag.name}", _field(flag.name), is_flag=True, help=flag.help)
        for flag in annotation.flags
    ]
    if annotation.fleet:
        fleet = click.option("--config", "config_name", metavar="NAME", help="All its clusters.")
        options.append(fleet)
    function = commands.options(write)
    for decorate in (*reversed(options), cluster):
        function = decorate(function)
    return click.command(name or offer.command, help=annotation.help)(function)


def _field(flag: str) -> str:
    return f"flag_{flag.replace('-', '_')}"
