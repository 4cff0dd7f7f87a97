"""``akoo-core abandon-placement``: abandons leftovers at the old place of a stuck relocation."""

from __future__ import annotations

import pathlib

import click

from akoo_core.cli.annotate import commands, effects, write


@click.command("abandon-placement")
@commands.cluster
@click.option("--reason", required=True, help="Kept in the record.")
@commands.options
def abandon_placement(
    cluster: str, reason: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Abandon leftovers at the old place, so that a stuck relocation goes on."""
    annotation = effects.Annotation(kind="abandon-placement", value=reason)
    write.annotate(annotation, cluster, name=record, yes=yes, kubeconfig=kubeconfig)
