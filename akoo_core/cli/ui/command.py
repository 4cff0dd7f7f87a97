"""`akoo-core ui`: the fleet and the life of each cluster as pages in a browser."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import signal
import webbrowser

import click

from akoo_core import clock, errors, external
from akoo_core.cli import management, operating, tracing
from akoo_core.cli.status import watch
from akoo_core.cli.ui import asking, histories, outside, server
from akoo_core.cli.ui import sight as sights
from akoo_core.kube import client

PARENT_SECONDS = 1.0
"""Seconds between two looks at whether the process that started this one lives."""


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: a free port.")
@click.option("--open/--no-open", "opens", default=False, help="Open the page in a browser.")
@tracing.options
@click.option("--jaeger-pages", metavar="URL", default="", help="A Jaeger with pages, for links.")
@click.option(
    "--outside/--no-outside",
    "asks",
    default=True,
    help="Show objects on Avi and other systems, as plugins see them now. Default: yes.",
)
@operating.options
@management.option
def ui(
    port: int,
    opens: bool,
    url: str,
    service: str | None,
    since: str,
    jaeger_pages: str,
    asks: bool,
    plugins: str | None,
    config: pathlib.Path | None,
    kubeconfig: pathlib.Path | None,
) -> None:
    """Serve the fleet as pages on this machine, until Ctrl-C. The pages only read.

    They use the rights of your kubeconfig, also for the Secrets that plugins need to ask Avi,
    vCenter or Vault. The address holds a token: who has it can read the
    pages while this runs.
    """
    source = histories.Source(
        url=url,
        service=service or tracing.service(),
        since=tracing.lookback(since),
        pages=jaeger_pages,
    )
    loaded = operating.load(plugins, config) if asks else None
    seam = loaded.seam(external.ReadOnly()) if loaded is not None else None
    parent = os.getppid()
    watch.log_to_stderr()

    async def serve(kube: client.KubeClient) -> None:
        async with contextlib.AsyncExitStack() as stack:
            sight = await stack.enter_async_context(sights.opened(kube))
            asked = None
            if loaded is not None and seam is not None:
                asker = asking.PluginAsker(kube, loaded, seam, kubeconfig)
                stack.push_async_callback(asker.close)
                asked = outside.Outside(asker, sight.publish, clock.SystemClock())
                stack.push_async_callback(asked.close)
            pages = server.UiServer(sight, source, port=port, outside=asked)
            await pages.start()
            try:
                click.echo(f"fleet page: {pages.address}")
                click.echo("Ctrl-C ends it.")
                if opens and not await asyncio.to_thread(webbrowser.open, pages.address):
                    click.echo("no browser could be opened", err=True)
                await ended(parent)
            finally:
                await pages.stop()

    management.run(kubeconfig, serve, seconds=None, seam=seam)


async def ended(parent: int) -> None:
    """Return after SIGTERM. Raises AkooError when ``parent``, which started this one, is gone."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    while os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), PARENT_SECONDS)
            return
    raise errors.AkooError("the process that started this one has ended")
