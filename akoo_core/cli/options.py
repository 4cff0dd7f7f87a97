"""Options shared by several commands. Light: `akoo-core --help` imports nothing else."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import click

from akoo_core import errors

F = TypeVar("F", bound=Callable[..., Any])

VARIABLES = ("KUBECONFIG", "AKOO_KUBECONFIG")
"""Variables that name a kubeconfig, in this order, after typed options."""

_CONTEXT = "akoo_core.context"
"""Key in click's ``meta`` for the typed --context."""


def management(command: F) -> F:
    """Give a command --kubeconfig and --context, of the management cluster."""
    kubeconfig = click.option(
        "--kubeconfig",
        type=click.Path(path_type=pathlib.Path),
        envvar=VARIABLES,
        show_envvar=True,
        help="Of the management cluster. Default: ~/.kube/config, or the Pod's account.",
    )
    context = click.option(
        "--context",
        metavar="NAME",
        expose_value=False,
        callback=_note_context,
        help="In the kubeconfig. Default: the current context.",
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
    help="Format of the output.",
)


class SuggestingGroup(click.Group):
    """A group that suggests the nearest command for a misspelt name. Raises InputError."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if ctx.resilient_parsing:  # a shell completes: it is silent
            return super().resolve_command(ctx, args)
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = errors.near(name, self.list_commands(ctx))
            raise errors.InputError(
                f'there is no command "{ctx.command_path} {name}".{near} '
                f"See {ctx.command_path} --help"
            )
        return super().resolve_command(ctx, args)
