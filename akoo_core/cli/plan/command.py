"""`akoo-core plan CLUSTER`: the actions prepare or sweep would take now, with reasons."""

from __future__ import annotations

import pathlib
import typing

import click

from akoo_core import external, structs
from akoo_core.cli import management, operating, options
from akoo_core.cli.plan import ask as plan_ask
from akoo_core.kube import client
from akoo_core.plugin import api

FAILED = 1


@click.command()
@click.argument("cluster", metavar="CLUSTER")
@click.option(
    "--verb",
    type=click.Choice(typing.get_args(api.PlannedVerb)),
    help="Default: sweep for a cluster that leaves, else prepare.",
)
@options.output
@operating.login_option
@operating.options
@management.option
def plan(
    cluster: str,
    verb: api.PlannedVerb | None,
    output: str,
    login: bool,
    plugins: str | None,
    config: pathlib.Path | None,
    kubeconfig: pathlib.Path | None,
) -> int:
    """Print what prepare or sweep would do for a cluster, and why. Nothing is changed."""
    loaded = operating.load(plugins, config)
    seam = loaded.seam(external.ReadOnly())

    async def ask(kube: client.KubeClient) -> plan_ask.Plan:
        async with management.beside(kubeconfig) as writing:
            remembered = operating.logins(loaded, writing, login=login)
            return await plan_ask.ask(kube, loaded, seam, cluster, verb, remembered)

    answered = management.run(kubeconfig, ask, seconds=None, seam=seam)
    if output == "json":
        click.echo(structs.encode_json(plan_ask.plain(answered)))
    else:
        for line in plan_ask.lines(answered):
            click.echo(line)
    return 0 if answered.complete else FAILED
