"""`akoo-core status`: the fleet as a table, once or for as long as it is watched."""

from __future__ import annotations

import asyncio
import pathlib
import sys
from collections.abc import AsyncGenerator

import click

from akoo_core import errors, structs
from akoo_core.cli import fleet, management, overview
from akoo_core.kube import client

REFRESH_SECONDS = 2.0
_CLEAR = "\x1b[H\x1b[2J"


@click.command()
@click.option("--watch", is_flag=True, help="Go on, and show it again when it changes.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@management.option
def status(watch: bool, output: str, kubeconfig: pathlib.Path | None) -> None:
    """Show every cluster's record, with a summary by phase and reason."""
    if not watch:
        found = management.run(kubeconfig, fleet.records)
        _show(found, output)
        return

    async def follow(kube: client.KubeClient) -> None:
        async for found in changes(kube):
            if output == "text" and sys.stdout.isatty():
                click.echo(_CLEAR, nl=False)
            _show(found, output)

    management.run(kubeconfig, follow, seconds=None)


async def changes(kube: client.KubeClient) -> AsyncGenerator[fleet.Records, None]:
    """The records now and after each change, for ever.

    A read that fails after the first is told on standard error and tried again.
    """
    shown: fleet.Records | None = None
    trouble = ""
    while True:
        try:
            found = await fleet.records(kube)
        except (errors.AkooError, TimeoutError) as error:
            if shown is None:
                raise
            told = str(error) or "the API server did not answer in time"
            if told != trouble:
                click.echo(f"akoo-core: {told}; tried again", err=True)
            trouble = told
        else:
            trouble = ""
            if found != shown:
                shown = found
                yield found
        await asyncio.sleep(REFRESH_SECONDS)


def _show(found: fleet.Records, output: str) -> None:
    if output == "json":
        click.echo(structs.encode_json(overview.plain(found)))
        return
    for line in overview.lines(found, fleet.now()):
        click.echo(line)
