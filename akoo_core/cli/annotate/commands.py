"""Commands that write an annotation for the user: leave, let-go, pause, resume, confirm-removal."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import click

from akoo_core.cli import completing, management
from akoo_core.cli.annotate import effects, write

F = TypeVar("F", bound=Callable[..., Any])

cluster = click.argument("cluster", metavar="NAMESPACE/NAME", shell_complete=completing.clusters)


def options(command: F) -> F:
    """Add the options that every annotation command has."""
    for option in (
        management.option,
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--record", help="Name of the record, when the Cluster has several."),
    ):
        command = option(command)
    return command


@click.command()
@cluster
@click.argument("how", metavar="HOW", type=click.Choice(["sweep", "orphan", "undo"]))
@options
def leave(
    cluster: str, how: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Remove AKO from a cluster that stays (sweep), stop managing it (orphan), or take that back
    (undo)."""
    annotation = effects.Annotation(kind="leave", value=how)
    write.annotate(annotation, cluster, name=record, yes=yes, kubeconfig=kubeconfig)


@click.command("let-go")
@cluster
@click.option("--reason", required=True, help="Kept in the record.")
@options
def let_go(
    cluster: str, reason: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Let a Cluster that is on hold be deleted now, whatever is left outside."""
    annotation = effects.Annotation(kind="let-go", value=reason)
    write.annotate(annotation, cluster, name=record, yes=yes, kubeconfig=kubeconfig)


@click.command()
@cluster
@options
def pause(cluster: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None) -> None:
    """Do nothing for a cluster until it is resumed."""
    annotation = effects.Annotation(kind="pause")
    write.annotate(annotation, cluster, name=record, yes=yes, kubeconfig=kubeconfig)


@click.command()
@cluster
@options
def resume(cluster: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None) -> None:
    """End a pause that `akoo-core pause` began."""
    annotation = effects.Annotation(kind="resume")
    write.annotate(annotation, cluster, name=record, yes=yes, kubeconfig=kubeconfig)


@click.command("confirm-removal")
@cluster
@options
def confirm_removal(
    cluster: str, record: str | None, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Confirm a removal that is on hold because many removals began within the hour."""
    annotation = effects.Annotation(kind="confirm-removal")
    write.annotate(annotation, cluster, name=record, yes=yes, kubeconfig=kubeconfig)
