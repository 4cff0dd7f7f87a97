"""`akoo-core trace CLUSTER`: the life of a cluster, joined from its attempts."""

from __future__ import annotations

import asyncio
import datetime

import click

from akoo_core import errors, structs
from akoo_core.api import config
from akoo_core.cli import options
from akoo_core.traces import jaeger, life


@click.command()
@click.argument("cluster", metavar="NAMESPACE/NAME")
@click.option(
    "--jaeger",
    "url",
    default="http://127.0.0.1:16686",
    envvar="AKOO_JAEGER",
    show_envvar=True,
    show_default=True,
    help="Jaeger's query address.",
)
@click.option("--since", default="24h", show_default=True, help="How far back to look: 30m, 24h.")
@options.output
def trace(cluster: str, url: str, since: str, output: str) -> None:
    """Print what was done for a cluster, verb by verb, from the traces in Jaeger."""
    if cluster.count("/") != 1:
        raise errors.InputError(f"{cluster!r} is not NAMESPACE/NAME, for example team-a/shop")
    lookback = config.parse_duration(since)
    now = datetime.datetime.now(datetime.UTC)
    answer = asyncio.run(jaeger.traces(url, cluster, now=now, since=lookback))
    found = life.lines(life.spans(answer))
    if not found:
        raise errors.NotReadyError(
            "NoTraces",
            f"Jaeger at {url} knows nothing of {cluster} in the last {since}. "
            "Is the name right, and does the operator send traces (telemetry.endpoint)?",
        )
    if output == "json":
        click.echo(structs.encode_json(found))
        return
    for line in found:
        click.echo(life.render(line))
