"""Commands of plugins that write one annotation of that plugin on records."""

from __future__ import annotations

import pathlib
from typing import Any

import click

from akoo_core import errors
from akoo_core.cli import completing
from akoo_core.cli.annotate import commands
from akoo_core.plugin import api
from akoo_core.plugin_host.offers import Offer


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
