"""`akoo-core manifests`: everything a management cluster needs, for kubectl apply."""

from __future__ import annotations

import pathlib
from typing import get_args

import click

from akoo_core import errors, settings
from akoo_core.cli import completing
from akoo_core.manifests import render
from akoo_core.plugin_host import loader

DEFAULT_PLUGINS = "ako,avi"
"""The least that deploys AKO and proves that nothing is left on Avi."""


@click.command()
@click.argument("part", type=click.Choice(get_args(render.Part)), default="all")
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
    "--settings",
    "settings_file",
    type=click.Path(path_type=pathlib.Path),
    help="Settings of the operator, a YAML file. It becomes the ConfigMap.",
)
def manifests(
    part: render.Part,
    plugins: str | None,
    install_namespace: str,
    image: str,
    settings_file: pathlib.Path | None,
) -> None:
    """Print what a management cluster needs to run the operator.

    PART is all (the default), namespace, crds, rbac, policies or deployment. all and deployment
    need --image.
    Apply the output with: kubectl apply --server-side -f -
    """
    if plugins and settings_file:
        raise errors.InputError(
            "--plugins and --settings exclude each other: enabledPlugins of the settings chooses"
        )
    chosen = plugins or (None if settings_file else DEFAULT_PLUGINS)
    overrides = {"enabledPlugins": chosen, "operatorNamespace": install_namespace}
    loaded = settings.load(settings_file, environ={}, overrides=overrides)
    selected = _plugins(loaded, part)
    installation = render.Installation(
        plugins=tuple(selected.values()),
        namespace=install_namespace,
        image=image,
        settings=settings_file.read_text() if settings_file else "",
    )
    made = render.objects(installation, part)
    names = ",".join(selected) or "none"
    click.echo(f"# akoo-core manifests {part} --plugins {names}")
    click.echo(render.text(made), nl=False)


def _plugins(loaded: settings.LoadedSettings, part: render.Part) -> dict[str, render.AnyPlugin]:
    """The chosen plugins by name. Definitions do not depend on settings, so that no plugin is made
    for them: a choice without a default may be missing."""
    if part in render.WITHOUT_SETTINGS:
        return dict(loader.classes(loaded.settings.enabled_plugins))
    return {plugin.name: plugin for plugin in loader.load(loaded).ordered}
