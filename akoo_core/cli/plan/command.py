"""`akoo-core plan CLUSTER`, or `plan --kind KIND NAME`: the actions that would be taken now."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any, get_args

import click

from akoo_core import errors, external, structs
from akoo_core.cli import completing, management, operating, options
from akoo_core.cli.plan import ask, keys
from akoo_core.kube import client
from akoo_core.plugin import api

FAILED = 1


@click.command()
@click.argument("name", metavar="CLUSTER", shell_complete=completing.clusters)
@click.option(
    "--verb",
    type=click.Choice(get_args(api.PlannedVerb)),
    help="Default: sweep for a cluster that leaves, else prepare.",
)
@click.option("--kind", help="Plan for an object of this kind: plan --kind AviIPPool NAME.")
@options.output
@operating.login_option
@operating.options
@management.option
def plan(
    name: str,
    verb: api.PlannedVerb | None,
    kind: str | None,
    output: str,
    login: bool,
    plugins: str | None,
    config: pathlib.Path | None,
    kubeconfig: pathlib.Path | None,
) -> int:
    """Print what prepare or sweep would do for a cluster, and why. Nothing is changed.

    With --kind: what the plugins' controllers would do for an object.
    """
    if kind and verb:
        raise errors.InputError("--verb is for clusters, and does not go with --kind")
    loaded = operating.load(plugins, config)
    seam = loaded.seam(external.ReadOnly())

    async def of_cluster(kube: client.KubeClient) -> ask.Plan:
        async with management.beside(kubeconfig) as writing:
            remembered = operating.logins(loaded, writing, login=login)
            return await ask.ask(kube, loaded, seam, name, verb, remembered)

    async def of_object(kube: client.KubeClient) -> keys.ObjectPlan:
        async with (
            management.beside(kubeconfig) as writing,
            operating.services(
                kube, loaded, seam, operating.logins(loaded, writing, login=login)
            ) as services,
        ):
            return await keys.plan(kube, loaded, services, kind or "", name)

    if kind:
        planned = management.run(kubeconfig, of_object, seconds=None, seam=seam)
        _show(keys.lines(planned), keys.plain(planned), output)
        return 0 if planned.complete else FAILED
    answered = management.run(kubeconfig, of_cluster, seconds=None, seam=seam)
    _show(ask.lines(answered), ask.plain(answered), output)
    return 0 if answered.complete else FAILED


def _show(lines: Iterator[str], plain: dict[str, Any], output: str) -> None:
    if output == "json":
        click.echo(structs.encode_json(plain))
        return
    for line in lines:
        click.echo(line)
