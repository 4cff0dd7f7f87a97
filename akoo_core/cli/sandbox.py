"""`akoo-core sandbox`: real clusters on this machine, and the story of a cluster's life."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import re
from collections.abc import Iterator

import click

from akoo_core import errors
from akoo_core.cli import completing, management, options


@click.group(cls=options.SuggestingGroup, invoke_without_command=True)
@click.option("--once", is_flag=True, help="Play the story, tear everything down, exit.")
@click.option(
    "--plugins",
    shell_complete=completing.plugins,
    default="ako,avi",
    show_default=True,
    help="Plugins to run: ako,...",
)
@click.pass_context
def sandbox(ctx: click.Context, once: bool, plugins: str) -> None:
    """Start a test bed of real components, run the operator on it, and play a cluster's life.

    Everything stays for you to try until Ctrl-C.
    """
    if ctx.invoked_subcommand is not None:
        return
    with _translated():
        from akoo_core.sandbox import display, run  # noqa: PLC0415 - an extra

        asyncio.run(run.run(plugins, once=once, show=display.Display()))


@sandbox.command(short_help="Make one more Cluster in a sandbox that runs")
@click.argument("name")
@options.management
def cluster(name: str, kubeconfig: pathlib.Path | None) -> None:
    """Make the Cluster demo/NAME in a sandbox that runs, and wait until AKO runs there.

    KUBECONFIG is the file that the sandbox printed.
    """
    if not _NAME.fullmatch(name):
        raise errors.InputError(
            f'"{name}" cannot be the name of a Cluster. Use at most 40 of a-z, 0-9 and hyphens, '
            "a letter first"
        )
    with _translated():
        from akoo_core.sandbox import clusters  # noqa: PLC0415 - an extra

        record = management.run(kubeconfig, lambda kube: clusters.create(kube, name), seconds=None)
    click.echo(f"cluster demo/{name} is Running, record {record}")


_NAME = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Errors of the bed and of the story as ours, and a missing extra by its name."""
    try:
        from akoo_testbed.errors import TestbedError  # noqa: PLC0415 - an extra

        from akoo_core.sandbox import process, stage  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise errors.InputError(
            f"the sandbox needs {error.name}, which is not installed: "
            "run `make sandbox` in a checkout, or install the wheel of akoo_testbed"
        ) from error
    try:
        yield
    except (TestbedError, process.OperatorError, stage.StoryError, TimeoutError) as error:
        raise errors.AkooError(f"the sandbox failed: {error}") from error
