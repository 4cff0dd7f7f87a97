"""`akoo-core manifests`: everything a management cluster needs, for kubectl apply."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterable
from typing import Final, Literal, get_args

import click

from akoo_core import errors, settings, signals
from akoo_core.cli import completing
from akoo_core.manifests import packaged, render
from akoo_core.plugin_host import loader
from akoo_core.signals import rules

MONITORING: Final = "monitoring"
"""A part that is not in ``all``: it needs the definitions of the Prometheus operator."""
DEFAULT_PLUGINS = "ako,avi"
"""The least that deploys AKO and proves that nothing is left on Avi."""
_IMAGE = re.compile(
    r"[a-zA-Z0-9][a-zA-Z0-9.-]*(:\d+)?(/[a-z0-9][a-z0-9._-]*)*(:\w[\w.-]{0,127})?"
    r"(@sha256:[0-9a-f]{64})?"
)


@click.command()
@click.argument("part", type=click.Choice((*get_args(render.Part), MONITORING)), default="all")
@click.option(
    "--plugins",
    shell_complete=completing.plugins,
    help=f"Plugins, as ako,avi.  [default: those of --settings, or {DEFAULT_PLUGINS}]",
)
@click.option(
    "--install-namespace",
    metavar="NAME",
    default=render.DEFAULT_NAMESPACE,
    show_default=True,
    help="Namespace of the operator.",
)
@click.option(
    "--image", default="", metavar="IMAGE", help="Of the operator, with its tag or digest."
)
@click.option(
    "--runbooks",
    metavar="URL",
    default=rules.RUNBOOKS,
    show_default=True,
    help="Address of the pages of the alerts, for monitoring.",
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=pathlib.Path),
    help="Settings of the operator, a YAML file. It becomes the ConfigMap.",
)
def manifests(
    part: render.Part | Literal["monitoring"],
    plugins: str | None,
    install_namespace: str,
    image: str,
    runbooks: str,
    settings_file: pathlib.Path | None,
) -> None:
    """Print what a management cluster needs to run the operator.

    PART is all (the default), namespace, crds, rbac, policies or deployment. all and deployment
    need --image. monitoring is not in all: PodMonitor and alerts for the Prometheus operator.
    Apply the output with: kubectl apply --server-side -f -
    """
    if plugins and settings_file:
        raise errors.InputError(
            "--plugins and --settings exclude each other: enabledPlugins of the settings chooses"
        )
    if image and not _IMAGE.fullmatch(image):
        raise errors.InputError(
            f"--image: {image!r} is no image. Write REGISTRY/akoo-core:TAG, without a scheme"
        )
    chosen = plugins or (None if settings_file else DEFAULT_PLUGINS)
    overrides = {"enabledPlugins": chosen, "operatorNamespace": install_namespace}
    loaded = settings.load(settings_file, environ={}, overrides=overrides)
    if part == MONITORING:
        kinds = dict(loader.classes(loaded.settings.enabled_plugins))
        _print(part, kinds, rules.objects(signals.of(kinds), install_namespace, runbooks))
        return
    selected = _plugins(loaded, part)
    installation = render.Installation(
        plugins=tuple(selected.values()),
        namespace=install_namespace,
        image=image,
        settings=settings_file.read_text() if settings_file else "",
    )
    _print(part, selected, render.objects(installation, part))


def _print(part: str, plugins: Iterable[str], made: Iterable[packaged.Object]) -> None:
    names = ",".join(plugins) or "none"
    click.echo(f"# akoo-core manifests {part} --plugins {names}")
    click.echo(render.text(made), nl=False)


def _plugins(loaded: settings.LoadedSettings, part: render.Part) -> dict[str, render.AnyPlugin]:
    """The chosen plugins by name. Definitions do not depend on settings, so that no plugin is made
    for them: a choice without a default may be missing."""
    if part in render.WITHOUT_SETTINGS:
        return dict(loader.classes(loaded.settings.enabled_plugins))
    return {plugin.name: plugin for plugin in loader.load(loaded).ordered}
