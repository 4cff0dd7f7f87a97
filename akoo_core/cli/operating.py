"""The operator's parts in a command: settings, plugins, and the services for hooks.

The command is a process beside the operator. It has no Lease and runs no controllers.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, NamedTuple, TypeVar

import click

from akoo_core import clock, errors, external, settings
from akoo_core.app import assembly, readiness
from akoo_core.app.world import CachedWorld
from akoo_core.cli import completing
from akoo_core.kube import client, discovery, resource
from akoo_core.kube import errors as kube_errors
from akoo_core.plugin import api
from akoo_core.plugin_host import controllers, loader, registry
from akoo_core.reconcile.act.services import Services

F = TypeVar("F", bound=Callable[..., Any])


class OperatorParts(NamedTuple):
    """Settings, plugins and their controllers."""

    settings: settings.Settings
    plugins: registry.PluginSet
    registered: tuple[controllers.Controller, ...]

    def seam(self, guard: external.Guard) -> external.External:
        """The seam for all external calls of the command."""
        return assembly.seam(self.settings, guard)


def options(command: F) -> F:
    """``--plugins`` and ``--config``, as the operator has them."""
    for option in (
        click.option(
            "--config",
            type=click.Path(path_type=pathlib.Path),
            envvar="AKOO_CONFIG",
            show_envvar=True,
            help="The operator's settings, a YAML file.",
        ),
        click.option(
            "--plugins",
            shell_complete=completing.plugins,
            help="Plugins to ask. Default: those of the settings, else all.",
        ),
    ):
        command = option(command)
    return command


def load(plugins: str | None, config: pathlib.Path | None) -> OperatorParts:
    """The settings, and the plugins that they or ``plugins`` select.

    Options after the command override options before it. Raises InputError.
    """
    context = click.get_current_context()
    above = context.parent.params if context.parent is not None else {}
    chosen, file = plugins or above.get("plugins"), config or above.get("config")
    read = settings.load(file, os.environ, {"enabledPlugins": chosen})
    if read.settings.enabled_plugins:
        plugin_set = loader.load(read)
    else:
        read = settings.load(file, os.environ, {"enabledPlugins": loader.ALL})
        plugin_set = loader.load(read, left_out=_note)
    return OperatorParts(read.settings, plugin_set, controllers.collect(plugin_set))


def _note(sentence: str) -> None:
    click.echo(f"akoo-core: {sentence}", err=True)


login_option = click.option(
    "--login", is_flag=True, help="Log in even if this credential was refused before."
)


def logins(loaded: OperatorParts, kube: client.KubeClient, *, login: bool) -> api.LoginMemory:
    """The logins refused to the operator and other commands. ``kube`` may write; ``login``
    is the command's option."""
    mode: Literal["insist", "command"] = "insist" if login else "command"
    return assembly.logins(loaded.settings, kube, clock.SystemClock(), mode)


def asked(
    loaded: OperatorParts, services: Services, hook: str, only: str = ""
) -> tuple[api.Plugin, ...]:
    """The plugins with that hook, in order; ``only``: just this one. Raises InputError for none."""
    names = ", ".join(loaded.plugins.names) or "none is selected"
    if only and loaded.plugins.get(only) is None:
        near = errors.near(only, loaded.plugins.names)
        raise errors.InputError(f'no plugin "{only}" is selected ({names}).{near}')
    implements = services.caller.implements
    able = [plugin for plugin in loaded.plugins.ordered if implements(plugin, hook)]
    plugins = tuple(plugin for plugin in able if only in ("", plugin.name))
    if plugins:
        return plugins
    article = "an" if hook.startswith("a") else "a"
    who = f"plugin {only} has" if only else "no plugin has"
    negation = "no" if only else article
    raise errors.InputError(f"{who} {negation} {hook}" + ("" if only else f" ({names})"))


async def _take_tables(kube: client.KubeClient, loaded: OperatorParts) -> None:
    """Hand each plugin the ConfigMap that it takes a table from. A note for each that is left."""
    namespace = loaded.settings.operator_namespace
    for plugin in loaded.plugins.ordered:
        if not plugin.config_map:
            continue
        try:
            obj = await kube.get(resource.CONFIG_MAPS, plugin.config_map, namespace)
            problem = plugin.take_config_map(obj.get("data") or {}, ())
        except kube_errors.NotFoundError:
            continue
        except (errors.AkooError, TimeoutError) as error:
            problem = str(error)
        if problem:
            where = f"ConfigMap {namespace}/{plugin.config_map} of plugin {plugin.name}"
            _note(f"{where} is left out: {problem}")


@contextlib.asynccontextmanager
async def services(
    kube: client.KubeClient,
    loaded: OperatorParts,
    seam: external.External,
    remembered: api.LoginMemory | None = None,
) -> AsyncIterator[Services]:
    """The services for attempts. The caches are empty: read from the API server.

    ``remembered``: the refused logins; None: read and written with ``kube``.
    The plugins have the ConfigMaps that they follow, too, as the operator hands them out. Raises
    KubeError when the API server does not answer or has no Cluster API.
    """
    management_id = loaded.settings.management_id or await readiness.management_id(kube)
    parts = assembly.assemble(
        loaded.settings,
        loaded.plugins,
        management=kube,
        world=CachedWorld(management_id, await discovery.clusters(kube)),
        management_id=management_id,
        external=seam,
        clock=clock.SystemClock(),
        identity="akoo-core command",
        registered=loaded.registered,
        remembered=remembered or logins(loaded, kube, login=False),
    )
    try:
        await _take_tables(kube, loaded)
        yield parts.services
    finally:
        await parts.close()
        await loaded.plugins.close()
