"""``akoo-core abandon-placement``: gives up what is left at the old place of a move."""

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
    """Give up what is left at the old place, so that a move that is held goes on."""
    word = effects.Word(kind="abandon-placement", value=reason)
    write.say(word, cluster, name=record, yes=yes, kubeconfig=kubeconfig)
