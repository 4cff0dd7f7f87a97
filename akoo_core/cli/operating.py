"""The operator's own parts in a command: its settings, its plugins, and what hooks are given.

The command is one more process beside the operator: it has no Lease and runs no controller.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, NamedTuple, TypeVar

import click

from akoo_core import clock, external, settings
from akoo_core.app import assembly, readiness
from akoo_core.app import world as world_
from akoo_core.kube import client, discovery
from akoo_core.plugin import api
from akoo_core.plugin_host import controllers, loader, registry
from akoo_core.reconcile.act import attempt

F = TypeVar("F", bound=Callable[..., Any])


class Loaded(NamedTuple):
    """What a process of the operator starts with."""

    settings: settings.Settings
    plugins: registry.PluginSet
    registered: tuple[controllers.Controller, ...]

    def seam(self, guard: external.Guard) -> external.External:
        """Of all calls that the command makes."""
        return assembly.seam(self.settings, guard)


def options(command: F) -> F:
    """``--plugins`` and ``--config``, as the operator has them."""
    for one in (
        click.option(
            "--config",
            type=click.Path(path_type=pathlib.Path),
            envvar="AKOO_CONFIG",
            show_envvar=True,
            help="The operator's settings, a YAML file.",
        ),
        click.option("--plugins", help="Plugins to ask. Default: those of the settings, else all."),
    ):
        command = one(command)
    return command


def load(plugins: str | None, config: pathlib.Path | None) -> Loaded:
    """The settings, and the plugins that they or ``plugins`` select.

    Options before the command count where those after it are not given. Raises InputError.
    """
    context = click.get_current_context()
    above = context.parent.params if context.parent is not None else {}
    chosen, file = plugins or above.get("plugins"), config or above.get("config")
    read = settings.load(file, os.environ, {"enabledPlugins": chosen})
    if not read.settings.enabled_plugins:
        read = settings.load(file, os.environ, {"enabledPlugins": loader.ALL})
    found = loader.load(read)
    return Loaded(read.settings, found, controllers.collect(found))


login_option = click.option(
    "--login", is_flag=True, help="Log in even where the same credential was refused before."
)


def logins(loaded: Loaded, kube: client.KubeClient, *, login: bool) -> api.LoginMemory:
    """The refused logins that the operator and other commands met. ``kube`` may write; ``login``
    is the command's option."""
    mode: Literal["insist", "command"] = "insist" if login else "command"
    return assembly.logins(loaded.settings, kube, clock.SystemClock(), mode)


@contextlib.asynccontextmanager
async def services(
    kube: client.KubeClient,
    loaded: Loaded,
    seam: external.External,
    remembered: api.LoginMemory | None = None,
) -> AsyncIterator[attempt.Services]:
    """What attempts are made of. The caches are empty: read what you need.

    ``remembered`` are refused logins; None: those that ``kube`` may read and write.
    Raises KubeError when the API server does not answer or has no Cluster API.
    """
    management_id = loaded.settings.management_id or await readiness.management_id(kube)
    parts = assembly.assemble(
        loaded.settings,
        loaded.plugins,
        management=kube,
        world=world_.CachedWorld(management_id, await discovery.clusters(kube)),
        management_id=management_id,
        external=seam,
        clock=clock.SystemClock(),
        identity="akoo-core command",
        registered=loaded.registered,
        remembered=remembered or logins(loaded, kube, login=False),
    )
    try:
        yield parts.services
    finally:
        await parts.close()
        await loaded.plugins.close()
