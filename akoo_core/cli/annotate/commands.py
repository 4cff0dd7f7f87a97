"""The user's words as commands: leave, let-go, pause, resume, confirm-removal."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import click

from akoo_core.cli import management
from akoo_core.cli.annotate import effects, write

F = TypeVar("F", bound=Callable[..., Any])

cluster = click.argument("cluster", metavar="NAMESPACE/NAME")


def options(command: F) -> F:
    """Those that every word has."""
    for one in (
        management.option,
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--record", help="Which, when the Cluster has several records."),
    ):
        command = one(command)
    return command


@click.command()
@cluster
@click.argument("how", metavar="HOW", type=click.Choice(["sweep", "orphan", "undo"]))
@options
def leave(
    cluster: str, how: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Remove AKO from a living cluster (sweep), stop looking after it (orphan), or take that back
    (undo)."""
    word = effects.Word(kind="leave", value=how)
    write.say(word, cluster, name=record, yes=yes, kubeconfig=kubeconfig)


@click.command("let-go")
@cluster
@click.option("--reason", required=True, help="Kept in the record.")
@options
def let_go(
    cluster: str, reason: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Let a Cluster that is held go now, whatever is left outside."""
    word = effects.Word(kind="let-go", value=reason)
    write.say(word, cluster, name=record, yes=yes, kubeconfig=kubeconfig)


@click.command()
@cluster
@options
def pause(cluster: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None) -> None:
    """Do nothing for a cluster until it is resumed."""
    word = effects.Word(kind="pause")
    write.say(word, cluster, name=record, yes=yes, kubeconfig=kubeconfig)


@click.command()
@cluster
@options
def resume(cluster: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None) -> None:
    """End what `akoo-core pause` began."""
    word = effects.Word(kind="resume")
    write.say(word, cluster, name=record, yes=yes, kubeconfig=kubeconfig)


@click.command("confirm-removal")
@cluster
@options
def confirm_removal(
    cluster: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Say that a removal is meant that is held because many began within the hour."""
    word = effects.Word(kind="confirm-removal")
    write.say(word, cluster, name=record, yes=yes, kubeconfig=kubeconfig)
