"""The tree of commands. Without one, `akoo-core` runs the operator.

Commands are imported when they are called: the operator's start does not pay for the sandbox.
"""

from __future__ import annotations

import importlib
import pathlib

import click

import akoo_core as package

COMMANDS = {
    "abandon-placement": "give up what is left at the old place of a move that is held",
    "adopt": "take a record over that was moved or restored here",
    "audit": "list what is left outside without a living owner, or take it away",
    "confirm-removal": "say that a removal is meant that is held",
    "explain": "say which config manages a cluster and why, and what to do next",
    "leave": "remove AKO from a living cluster, or stop looking after it",
    "let-go": "let a Cluster that is held go now, whatever is left outside",
    "pause": "do nothing for a cluster until it is resumed",
    "plan": "print what prepare or sweep would do for a cluster, and why",
    "plugins": "list, show, write and check plugins",
    "rbac": "print the rights the operator needs, as manifests",
    "resume": "end what `akoo-core pause` began",
    "sandbox": "start real clusters on this machine and tell the story of a cluster's life",
    "status": "show the fleet as a table, once or watched",
    "trace": "print what was done for a cluster, from Jaeger",
    "uninstall": "take AKO away everywhere, or let go of everything, before the operator goes",
}
"""Each in a module of its name (or of _MODULES), as a click command of the same name."""

_MODULES = dict.fromkeys(("confirm-removal", "leave", "let-go", "pause", "resume"), "user_words")


class Group(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"akoo_core.cli.{_MODULES.get(cmd_name, name)}")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=pathlib.Path),
    envvar="AKOO_KUBECONFIG",
    help="Of the management cluster. Without it: the Pod's own ServiceAccount.",
)
@click.option("--plugins", help="Plugins to run, in this order: ako,avi - or all, or none.")
@click.option(
    "--config",
    type=click.Path(path_type=pathlib.Path),
    envvar="AKOO_CONFIG",
    help="Settings, a YAML file. Environment (AKOO_...) and flags go before it.",
)
@click.version_option(package.__version__, prog_name="akoo-core", message="%(prog)s %(version)s")
@click.pass_context
def akoo_core(
    ctx: click.Context,
    kubeconfig: pathlib.Path | None,
    plugins: str | None,
    config: pathlib.Path | None,
) -> int | None:
    """Manages AKO, and all it needs, on the workload clusters of Cluster API.

    Without a command the operator runs, until SIGTERM.
    """
    if ctx.invoked_subcommand is not None:
        return None
    from akoo_core.cli import run  # noqa: PLC0415 - only the operator needs all of it

    return run.run(kubeconfig=kubeconfig, plugins=plugins, config=config)
