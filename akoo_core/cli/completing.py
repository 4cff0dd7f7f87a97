"""Completion of values by the shell: names of Clusters and of plugins. Silent where it cannot."""

from __future__ import annotations

import asyncio

import click

SECONDS = 0.3
"""Longest wait for the API server: a person has just pressed Tab."""


def clusters(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Clusters of the management cluster, as NAMESPACE/NAME; [] where it does not answer."""
    from akoo_core import errors  # noqa: PLC0415 - `akoo-core --help` imports none of it

    try:
        with ctx:
            names = asyncio.run(_clusters(ctx))
    except (errors.AkooError, TimeoutError, OSError):
        return []
    return [name for name in names if name.startswith(incomplete)]


async def _clusters(ctx: click.Context) -> list[str]:
    from akoo_core.cli import fleet, management  # noqa: PLC0415
    from akoo_core.kube import discovery  # noqa: PLC0415

    async with asyncio.timeout(SECONDS):
        kube = await management.connect(management.chosen(ctx.params.get("kubeconfig")))
        try:
            objects = await fleet.listed(kube, await discovery.clusters(kube))
        finally:
            await kube.close()
    return sorted(f"{obj['metadata']['namespace']}/{obj['metadata']['name']}" for obj in objects)


def plugins(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Installed plugins, also after a comma: ``ako,<Tab>``."""
    from akoo_core.plugin_host import loader  # noqa: PLC0415

    before, comma, last = incomplete.rpartition(",")
    chosen = before.split(",")
    names = [each.name for each in loader.installed() if each.name not in chosen]
    return [f"{before}{comma}{name}" for name in names if name.startswith(last)]
