"""`akoo-core sandbox`: real clusters on this machine, and the story of a cluster's life."""

from __future__ import annotations

import asyncio

import click

from akoo_core import errors
from akoo_core.cli import completing


@click.command()
@click.option("--once", is_flag=True, help="Play the story, tear everything down, exit.")
@click.option(
    "--plugins",
    shell_complete=completing.plugins,
    default="ako,avi",
    show_default=True,
    help="Plugins to run: ako,...",
)
def sandbox(once: bool, plugins: str) -> None:
    """Start a test bed of real components, run the operator on it, and play a cluster's life.

    Everything stays for you to try until Ctrl-C.
    """
    try:
        from akoo_testbed.errors import TestbedError  # noqa: PLC0415 - an extra

        from akoo_core.sandbox import display, process, run, stage  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise errors.InputError(
            f"the sandbox needs {error.name}, which is not installed: "
            "pip install 'akoo-core[sandbox]', or run `make sandbox` in a checkout"
        ) from error
    show = display.Display()
    try:
        asyncio.run(run.run(plugins, once=once, show=show))
    except (TestbedError, process.OperatorError, stage.StoryError, TimeoutError) as error:
        raise errors.AkooError(f"the sandbox failed: {error}") from error
