"""`akoo-core status`: the fleet as a table, once or after each change."""

from __future__ import annotations

import pathlib
import sys

import click

from akoo_core import structs
from akoo_core.cli import fleet, management, options
from akoo_core.cli.status import table
from akoo_core.cli.status import watch as status_watch
from akoo_core.kube import client

_CLEAR = "\x1b[H\x1b[2J"


@click.command()
@click.option("--watch", "-w", is_flag=True, help="Show the table again after each change.")
@click.option("--namespace", "-n", help="Only of Clusters in this namespace.")
@click.option("--selector", "-l", help="Only of Clusters with these labels, as in kubectl.")
@click.option("--not-ready", is_flag=True, help="Only records that are not Ready and should be.")
@options.output
@management.option
def status(
    watch: bool,
    namespace: str | None,
    selector: str | None,
    not_ready: bool,
    output: str,
    kubeconfig: pathlib.Path | None,
) -> None:
    """Show every cluster's record, with a summary by phase and reason."""
    wanted = status_watch.Wanted(namespace or "", selector or "", not_ready)
    if not watch:
        _show(management.run(kubeconfig, lambda kube: status_watch.once(kube, wanted)), output)
        return

    async def follow(kube: client.KubeClient) -> None:
        async for change in status_watch.changes(kube, wanted):
            if output == "text" and sys.stdout.isatty():
                click.echo(_CLEAR, nl=False)
            _show(change, output)

    status_watch.log_to_stderr()
    management.run(kubeconfig, follow, seconds=None)


def _show(records: fleet.Records, output: str) -> None:
    if output == "json":
        click.echo(structs.encode_json(table.plain(records)))
        return
    for line in table.lines(records, fleet.now()):
        click.echo(line)
