"""``akoo-core abandon-placement``: gives up what is left at the old place of a move."""

from __future__ import annotations

import pathlib

import click

from akoo_core.cli import saying, telling, user_words


@click.command("abandon-placement")
@user_words.cluster
@click.option("--reason", required=True, help="Kept in the record.")
@user_words.options
def abandon_placement(
    cluster: str, reason: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Give up what is left at the old place, so that a move that is held goes on."""
    word = telling.Word(kind="abandon-placement", value=reason)
    saying.say(word, cluster, name=record, yes=yes, kubeconfig=kubeconfig)
