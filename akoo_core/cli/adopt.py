"""``akoo-core adopt``: takes a record over that another management cluster had."""

from __future__ import annotations

import pathlib

import click

from akoo_core.cli import saying, telling, user_words


@click.command()
@user_words.cluster
@click.option("--former", required=True, help="The management id that the record has now.")
@user_words.options
def adopt(
    cluster: str, former: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Take a record over that was moved or restored here, with its claim outside."""
    word = telling.Word(kind="adopt", value=former.strip())
    saying.say(word, cluster, name=record, yes=yes, kubeconfig=kubeconfig)
