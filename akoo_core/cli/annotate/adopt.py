"""``akoo-core adopt``: takes over a record of another management cluster."""

from __future__ import annotations

import pathlib

import click

from akoo_core.cli.annotate import commands, effects, write


@click.command()
@commands.cluster
@click.option("--former", required=True, help="The management id in the record now.")
@commands.options
def adopt(
    cluster: str, former: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Take over a record that was moved or restored here, with its claim outside."""
    annotation = effects.Annotation(kind="adopt", value=former.strip())
    write.annotate(annotation, cluster, name=record, yes=yes, kubeconfig=kubeconfig)
