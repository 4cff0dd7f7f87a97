"""`akoo-core plugins`: what is installed, what it declares, a new one, and is it right."""

from __future__ import annotations

import os
import pathlib

import click

from akoo_core import errors, settings, structs
from akoo_core.cli import columns, options
from akoo_core.cli.plugins import check as plugin_check
from akoo_core.cli.plugins import description
from akoo_core.cli.plugins import new as plugin_new
from akoo_core.plugin_host import contract, loader


@click.group(cls=options.Group)
def plugins() -> None:
    """List, show, write and check plugins. Nothing is imported but what is named."""


@plugins.command("list", short_help="List what is installed here")
@options.output
def list_(output: str) -> None:
    """List what is installed here and could be selected with --plugins."""
    found = loader.installed()
    if output == "json":
        rows = [
            {"name": one.name, "distribution": one.dist, "version": one.version} for one in found
        ]
        click.echo(structs.encode_json(rows))
        return
    for line in columns.lines([("NAME", "DISTRIBUTION", "VERSION"), *found]):
        click.echo(line)


@plugins.command(short_help="Show what a plugin declares")
@click.argument("name")
@options.output
def show(name: str, output: str) -> None:
    """Show what a plugin declares: verbs, facts, settings, rights."""
    one = _installed(name)
    kind = loader.import_class(name)
    problems = contract.problems(name, kind)
    if problems:
        raise errors.InputError("; ".join(problems))
    described = description.describe(one, kind)
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
    help="Where akoo-NAME is made. Default: here.",
)
def new(name: str, directory: pathlib.Path) -> None:
    """Write the distribution of a new plugin: five files that pass the conformance suite."""
    written = plugin_new.write(name, directory)
    for path in written:
        click.echo(path)
    root = written[0].parent
    click.echo(f"next: cd {root} && pip install -e '.[test]' && pytest")


@plugins.command(short_help="Check a plugin: start, contract, conformance suite")
@click.argument("name")
@click.option(
    "--adc",
    type=click.Path(path_type=pathlib.Path, exists=True, dir_okay=False),
    help="An AKODeploymentConfig (YAML) to try the verbs with.",
)
@click.option(
    "--config",
    type=click.Path(path_type=pathlib.Path, exists=True, dir_okay=False),
    envvar="AKOO_CONFIG",
    show_envvar=True,
    help="The operator's settings, for those of the plugin.",
)
def check(name: str, adc: pathlib.Path | None, config: pathlib.Path | None) -> None:
    """Check a plugin: what would be refused at start, then the conformance suite in memory."""
    from akoo_core.testing import conformance  # noqa: PLC0415 - see plugin_check

    one = _installed(name)
    loaded = settings.load(config, os.environ, {"enabledPlugins": name})
    tried_with = plugin_check.read_config(adc) if adc else None
    found = plugin_check.check(name, loaded, tried_with)
    if found.problems:
        for problem in found.problems:
            click.echo(problem)
        raise errors.AkooError(f"{one}: {len(found.problems)} to mend")
    for line in plugin_check.summary(found, one, list(conformance.CHECKS)):
        click.echo(line)


def _installed(name: str) -> loader.Installed:
    known = loader.installed()
    loader.choose([name], known)
    return next(one for one in known if one.name == name)
