"""`akoo-core completion SHELL`: the script that makes a shell complete our command line."""

from __future__ import annotations

import click
from click import shell_completion

PROGRAM = "akoo-core"
VARIABLE = "_AKOO_CORE_COMPLETE"
"""click reads it: the script calls the program with it set."""
SHELLS: dict[str, type[shell_completion.ShellComplete]] = {
    "bash": shell_completion.BashComplete,
    "zsh": shell_completion.ZshComplete,
    "fish": shell_completion.FishComplete,
}


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that completes commands, options, names of Clusters and of plugins.

    For bash: source <(akoo-core completion bash)
    """
    script = SHELLS[shell](ctx.find_root().command, {}, PROGRAM, VARIABLE)
    click.echo(script.source())
