"""`akoo-core trace CLUSTER`, or `trace --kind KIND NAME`: a history, joined from its attempts."""

from __future__ import annotations

import asyncio
import datetime
import pathlib
from collections.abc import Callable
from typing import Any

import click

from akoo_core import errors, structs
from akoo_core.cli import completing, fleet, options, tracing
from akoo_core.traces import jaeger, life


@click.command()
@click.argument(
    "name", metavar="[NAMESPACE/NAME]", required=False, shell_complete=completing.clusters
)
@click.option(
    "--kind", help="The history of an object of this kind: trace --kind VSpherePortGroup NAME."
)
@tracing.options
@click.option("--links", is_flag=True, help="Below each line, the address of its trace in Jaeger.")
@click.option("--tree", metavar="TRACE", help="Show the spans of one trace instead, by its id.")
@click.option(
    "--html",
    "file",
    type=click.Path(path_type=pathlib.Path, dir_okay=False, writable=True),
    help="Write the history as a picture into one HTML file, for a ticket.",
)
@options.output
def trace(
    name: str | None,
    kind: str | None,
    url: str,
    service: str | None,
    since: str,
    links: bool,
    tree: str | None,
    file: pathlib.Path | None,
    output: str,
) -> None:
    """Print the operator's actions for a cluster, verb by verb, from the traces in Jaeger.

    With --kind: what the plugins' controllers did for an object, attempt by attempt.
    """
    if tree is not None:
        _tree(url, tree, output)
        return
    tags, subject = _subject(name, kind)
    named = service or tracing.service()
    answer = _asked(url, tags, since, named)
    history = life.lines(life.spans(answer))
    if not history:
        names = "kind (as VSpherePortGroup), name" if kind else "name"
        raise errors.PrerequisiteError(
            "NoTraces",
            f"Jaeger at {url} has no trace of {subject} under service {named} in the last {since}. "
            f"Check the {names}, the service (--service), and that the operator sends traces "
            "(telemetry.endpoint).",
        )
    link: Callable[[str], str] | None = (
        (lambda trace: jaeger.page_of(url, trace)) if links else None
    )
    if file is not None:
        from akoo_core.cli.ui import ticket  # noqa: PLC0415 - needs jinja2

        ticket.write(file, answer, ticket.Heading(subject, since, named, fleet.now()), link)
        click.echo(f"wrote {file}")
        return
    if output == "json":
        click.echo(structs.encode_as_is([life.plain(line) for line in history]))
        return
    for line in life.page(history, link):
        click.echo(line)


def _subject(name: str | None, kind: str | None) -> tuple[dict[str, str], str]:
    """The tags to search for, and the cluster or object in words. Raises InputError."""
    if kind:
        if name is None:
            raise errors.InputError("missing NAME of the object, for example edge")
        return jaeger.of_object(kind, name), f"{kind} {name}"
    if name is None or name.count("/") != 1:
        wrong = "missing NAMESPACE/NAME" if name is None else f"{name!r} is not NAMESPACE/NAME"
        raise errors.InputError(f"{wrong}, for example team-a/shop")
    return jaeger.of_cluster(name), name


def _asked(url: str, tags: dict[str, str], since: str, service: str) -> dict[str, Any]:
    lookback = tracing.lookback(since)
    now = datetime.datetime.now(datetime.UTC)
    return asyncio.run(jaeger.traces(url, tags, now=now, since=lookback, service=service))


def _tree(url: str, trace_id: str, output: str) -> None:
    answer = asyncio.run(jaeger.trace_by_id(url, trace_id))
    if output == "json":
        click.echo(structs.encode_as_is(answer.get("data") or []))
        return
    for line in life.tree(life.spans(answer)):
        click.echo(line)
