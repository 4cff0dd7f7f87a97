"""The tree of commands. Without one, `akoo-core` runs the operator.

Commands are imported when they are called, so that the operator does not load the sandbox.
"""

from __future__ import annotations

import importlib
import pathlib

import click
from click import shell_completion

import akoo_core as package
from akoo_core import errors
from akoo_core.cli import completing, options
from akoo_core.plugin_host import offers

WIDEST = 160
"""Most columns for help texts; a narrower terminal limits them further."""

COMMANDS = {
    "abandon-placement": "Abandon leftovers at the old place of a stuck relocation",
    "adopt": "Take over a record that was moved or restored here",
    "audit": "List objects outside without a living owner, or remove them",
    "check": "Look at the systems outside that the plugins need: reachable, version, rights",
    "completion": "Print a script that completes the command line in a shell",
    "confirm-removal": "Confirm a removal that is on hold",
    "explain": "Show which config manages a cluster and why, and what to do next",
    "leave": "Remove AKO from a cluster that stays, or stop managing it",
    "let-go": "Let a Cluster that is on hold be deleted now, whatever is left outside",
    "manifests": "Print what a management cluster needs: CRDs, rights, policies, Deployment",
    "pause": "Do nothing for a cluster until it is resumed",
    "plan": "Print what prepare or sweep would do for a cluster, and why",
    "plugins": "List, show, write and check plugins",
    "resume": "End a pause that `akoo-core pause` began",
    "sandbox": "Start real clusters on this machine and tell the story of a cluster's life",
    "status": "Show the fleet as a table, once or watched",
    "trace": "Print what was done for a cluster, from Jaeger",
    "ui": "Serve the fleet and the life of each cluster as pages on this machine",
    "uninstall": "Remove AKO everywhere, or orphan every cluster, before the operator is removed",
}
"""Each in a module of its name (or of _MODULES), as a click command of the same name."""

_MODULES = {
    **dict.fromkeys(("confirm-removal", "leave", "let-go", "pause", "resume"), "annotate.commands"),
    **{name: f"annotate.{name.replace('-', '_')}" for name in ("abandon-placement", "adopt")},
    **{
        name: f"{name}.command"
        for name in ("audit", "check", "explain", "plan", "plugins", "status", "ui", "uninstall")
    },
}


class LazyGroup(options.SuggestingGroup):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*COMMANDS, *self._of_plugins()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            from akoo_core.cli import plugin_commands  # noqa: PLC0415 - most need none of it

            try:
                return plugin_commands.command(cmd_name)
            except errors.InputError:
                if ctx.resilient_parsing:
                    return None  # Completion of another command, perhaps.
                raise
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"akoo_core.cli.{_MODULES.get(cmd_name, name)}")
        command: click.Command = getattr(module, name)
        return command

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[shell_completion.CompletionItem]:
        """Commands come from the tables: a person who presses Tab does not wait for imports."""
        named = sorted({**COMMANDS, **self._of_plugins()}.items())
        items = [
            shell_completion.CompletionItem(name, help=text)
            for name, text in named
            if name.startswith(incomplete)
        ]
        # Past click.Group, which imports every command for its short help.
        return [*items, *super(click.Group, self).shell_complete(ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))
        others = self._of_plugins()
        if others:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(sorted(others.items()))

    def _of_plugins(self) -> dict[str, str]:
        """The commands of the installed plugins, each with its origin. They are not imported: a
        plugin that cannot be imported spoils no help."""
        return {
            name: f"Of {', '.join(map(str, offered))}; see akoo-core {name} --help"
            for name, offered in offers.offers().items()
            if name not in COMMANDS
        }


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
)
@options.management
@click.option(
    "--plugins",
    shell_complete=completing.plugins,
    help="Plugins to run, in this order: ako,avi - or all, or none.",
)
@click.option(
    "--config",
    type=click.Path(path_type=pathlib.Path),
    envvar="AKOO_CONFIG",
    show_envvar=True,
    help="Settings, a YAML file. Environment (AKOO_...) and flags override it.",
)
@click.option(
    "--namespace",
    metavar="NAME",
    help="Watch Clusters of this namespace only, and leave all others alone. Default: all.",
)
@click.version_option(package.__version__, prog_name="akoo-core", message="%(prog)s %(version)s")
@click.pass_context
def akoo_core(
    ctx: click.Context,
    kubeconfig: pathlib.Path | None,
    plugins: str | None,
    config: pathlib.Path | None,
    namespace: str | None,
) -> int | None:
    """Manages AKO, and all it needs, on the workload clusters of Cluster API.

    Without a command the operator runs, until SIGTERM.
    """
    if ctx.invoked_subcommand is not None:
        if namespace is not None:
            raise errors.InputError(
                f"--namespace before a command is the operator's: {ctx.invoked_subcommand} looks "
                "at all namespaces"
            )
        return None
    from akoo_core.cli import run  # noqa: PLC0415 - only the operator needs all of it

    return run.run(kubeconfig=kubeconfig, plugins=plugins, config=config, namespace=namespace)
