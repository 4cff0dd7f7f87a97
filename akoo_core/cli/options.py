"""Options that several commands have. Light: `akoo-core --help` imports nothing else."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import click

from akoo_core import errors

F = TypeVar("F", bound=Callable[..., Any])

VARIABLES = ("KUBECONFIG", "AKOO_KUBECONFIG")
"""Where a kubeconfig is looked for, in this order, after what is typed."""

_CONTEXT = "akoo_core.context"
"""Where click's ``meta`` keeps what was typed as --context."""


def management(command: F) -> F:
    """Give a command --kubeconfig and --context, of the management cluster."""
    kubeconfig = click.option(
        "--kubeconfig",
        type=click.Path(path_type=pathlib.Path),
        envvar=VARIABLES,
        show_envvar=True,
        help="Of the management cluster. Without it: ~/.kube/config, or the Pod's account.",
    )
    context = click.option(
        "--context",
        metavar="NAME",
        expose_value=False,
        callback=_note_context,
        help="Of the kubeconfig. Without it: the current one.",
    )
    return kubeconfig(context(command))


def _note_context(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[_CONTEXT] = value


def context() -> str:
    """The --context of the running command, or ""."""
    name: str = click.get_current_context().meta.get(_CONTEXT, "")
    return name


output = click.option(
    "--output",
    "-o",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the answer is written.",
)


class Group(click.Group):
    """A group that names the nearest command when one is misspelt. Raises InputError."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = errors.near(name, self.list_commands(ctx))
            raise errors.InputError(
                f'there is no command "{ctx.command_path} {name}".{near} '
                f"See {ctx.command_path} --help"
            )
        return super().resolve_command(ctx, args)
