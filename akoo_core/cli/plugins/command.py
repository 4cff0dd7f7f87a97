"""`akoo-core plugins`: list, show, write and check plugins."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import click

from akoo_core import errors, settings, structs
from akoo_core.cli import columns, completing, options
from akoo_core.cli.plugins import check as plugin_check
from akoo_core.cli.plugins import description
from akoo_core.cli.plugins import new as plugin_new
from akoo_core.cli.plugins import trace as plugin_trace
from akoo_core.plugin_host import contract, loader

F = TypeVar("F", bound=Callable[..., Any])


@click.group(cls=options.SuggestingGroup)
def plugins() -> None:
    """List, show, write and check plugins. Only the named plugin is imported."""


@plugins.command("list", short_help="List the installed plugins")
@options.output
def list_(output: str) -> None:
    """List the installed plugins, which --plugins can select."""
    installed = loader.installed()
    if output == "json":
        rows = [
            {"name": plugin.name, "distribution": plugin.dist, "version": plugin.version}
            for plugin in installed
        ]
        click.echo(structs.encode_json(rows))
        return
    for line in columns.lines([("NAME", "DISTRIBUTION", "VERSION"), *installed]):
        click.echo(line)


@plugins.command(short_help="Show what a plugin declares")
@click.argument("name", shell_complete=completing.plugins)
@options.output
def show(name: str, output: str) -> None:
    """Show what a plugin declares: verbs, facts, settings, rights."""
    installed = loader.chosen(name)
    kind = loader.import_class(name)
    problems = contract.problems(installed.name, kind)
    if problems:
        raise errors.InputError("; ".join(problems))
    described = description.describe(installed, kind)
    if output == "json":
        click.echo(structs.encode_json(described))
        return
    for line in description.lines(described):
        click.echo(line)


@plugins.command(short_help="Write the distribution of a new plugin")
@click.argument("name")
@click.option(
    "--directory",
    type=click.Path(path_type=pathlib.Path, file_okay=False),
    default=".",
    help="Parent folder of akoo-NAME. Default: here.",
)
def new(name: str, directory: pathlib.Path) -> None:
    """Write the distribution of a new plugin: five files that pass the conformance suite."""
    written = plugin_new.write(name, directory)
    for path in written:
        click.echo(path)
    root = written[0].parent
    click.echo(f"next: cd {root} && pip install -e '.[test]' && pytest")


def _played(command: F) -> F:
    """Give a command --adc and --config, for a Cluster's life in memory."""
    adc = click.option(
        "--adc",
        type=click.Path(path_type=pathlib.Path, exists=True, dir_okay=False),
        help="An AKODeploymentConfig (YAML) for the Cluster in memory.",
    )
    config = click.option(
        "--config",
        type=click.Path(path_type=pathlib.Path, exists=True, dir_okay=False),
        envvar="AKOO_CONFIG",
        show_envvar=True,
        help="The operator's settings, with those of the plugin.",
    )
    return adc(config(command))


@plugins.command(short_help="Check a plugin: start, contract, conformance suite")
@click.argument("name", shell_complete=completing.plugins)
@_played
def check(name: str, adc: pathlib.Path | None, config: pathlib.Path | None) -> None:
    """Check a plugin: the checks at the operator's start, then the conformance suite in memory."""
    from akoo_core.testing import conformance  # noqa: PLC0415 - see plugin_check

    installed = loader.chosen(name)
    loaded = settings.load(config, os.environ, {"enabledPlugins": name})
    tried_with = plugin_check.read_config(adc) if adc else None
    report = plugin_check.check(name, loaded, tried_with)
    if report.problems:
        for problem in report.problems:
            click.echo(problem)
        raise errors.AkooError(f"{installed}: {len(report.problems)} to repair")
    for line in plugin_check.summary(report, installed, list(conformance.CHECKS)):
        click.echo(line)


@plugins.command(short_help="Print every call of a plugin's hooks in a Cluster's life, in memory")
@click.argument("name", shell_complete=completing.plugins)
@_played
@options.output
def trace(name: str, adc: pathlib.Path | None, config: pathlib.Path | None, output: str) -> None:
    """Print every call of a plugin's hooks in the life of a Cluster, played in memory.

    NAME is an installed plugin, or FILE.py:CLASS. A running operator logs the same calls with
    log.level debug.
    """
    loader.chosen(name)
    loaded = settings.load(config, os.environ, {"enabledPlugins": name})
    played = plugin_trace.play(name, loaded, plugin_check.read_config(adc) if adc else None)
    if output == "json":
        rows = [{"at": each.at, **each.call._asdict()} for each in played.calls]
        click.echo(structs.encode_json(rows))
        return
    for line in plugin_trace.lines(played):
        click.echo(line)
