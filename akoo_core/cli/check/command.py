"""`akoo-core check [PLUGIN]`: the systems outside, their versions, and the rights that lack."""

from __future__ import annotations

import pathlib

import click

from akoo_core import external, structs
from akoo_core.cli import management, operating, options
from akoo_core.cli.check import ask
from akoo_core.kube import client

WRONG = 1


@click.command()
@click.argument("plugin", metavar="[PLUGIN]", required=False)
@options.output
@operating.login_option
@operating.options
@management.option
def check(
    plugin: str | None,
    output: str,
    login: bool,
    plugins: str | None,
    config: pathlib.Path | None,
    kubeconfig: pathlib.Path | None,
) -> int:
    """Look at the systems outside that the plugins need. Nothing is changed."""
    loaded = operating.load(plugins, config)
    seam = loaded.seam(external.ReadOnly())

    async def look(kube: client.KubeClient) -> ask.CheckReport:
        async with (
            management.beside(kubeconfig) as writing,
            operating.services(
                kube, loaded, seam, operating.logins(loaded, writing, login=login)
            ) as services,
        ):
            return await ask.ask(kube, loaded, services, plugin or "")

    report = management.run(kubeconfig, look, seconds=None, seam=seam)
    if output == "json":
        click.echo(structs.encode_json(ask.plain(report)))
    else:
        for line in ask.lines(report):
            click.echo(line)
    return 0 if report.good else WRONG
