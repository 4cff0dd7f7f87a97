"""`akoo-core rbac`: the rights of core and plugins, as manifests for kubectl apply."""

from __future__ import annotations

import os

import click
import yaml

from akoo_core import settings
from akoo_core.plugin_host import loader
from akoo_core.plugin_host import rbac as rights


@click.command()
@click.option("--plugins", default="all", show_default=True, help="Plugins, as ako,avi")
@click.option(
    "--namespace", default="akoo-system", show_default=True, help="Namespace of the operator."
)
def rbac(plugins: str, namespace: str) -> None:
    """Print the ClusterRole and Role that core and plugins declare."""
    overrides = {"enabledPlugins": plugins, "operatorNamespace": namespace}
    loaded = settings.load(environ=os.environ, overrides=overrides)
    selected = loader.load(loaded)
    click.echo("# Made by `akoo-core rbac` from what core and plugins declare. Do not edit.")
    for manifest in rights.manifests(selected.ordered, namespace=namespace):
        click.echo("---")
        click.echo(yaml.safe_dump(manifest, sort_keys=False), nl=False)
