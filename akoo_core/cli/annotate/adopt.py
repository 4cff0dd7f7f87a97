"""``akoo-core adopt``: takes a record over that another management cluster had."""

from __future__ import annotations

import pathlib

import click

from akoo_core.cli.annotate import commands, effects, write


@click.command()
@commands.cluster
@click.option("--former", required=True, help="The management id that the record has now.")
@commands.options
def adopt(
    cluster: str, former: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Take a record over that was moved or restored here, with its claim outside."""
    word = effects.Word(kind="adopt", value=former.strip())
    write.say(word, cluster, name=record, yes=yes, kubeconfig=kubeconfig)
