"""Puts a contribution into a World's workload cluster, as the deploy executor leaves it there."""

from __future__ import annotations

from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError
from akoo_core.reconcile.deploy import inventory, secrets
from akoo_core.testing.memory import definitions
from akoo_core.testing.verbs import means_of, plugin_set
from akoo_core.testing.world import World


async def deploy(contribution: api.Contribution, plugin: api.Plugin, world: World) -> None:
    """Apply it, labelled as ours, with Secrets opened; one that cannot be opened is left out.

    Kinds of contributed CRDs are served from then on. Other kinds that the World does not serve
    raise LookupError: name them in its ``resources``.
    """
    client = world.workload.client()
    opener = secrets.SecretOpener(world.secret_reader, plugin_set(plugin), means_of(world))
    for wanted in inventory.wanted(world.record_name, {plugin.name: contribution}):
        manifest = wanted.manifest
        for resource in definitions.defined(manifest):
            world.workload.served.serve(resource)
        if wanted.secret is not None:
            try:
                manifest = secrets.filled(
                    manifest,
                    (await opener.open(wanted.secret, record_name=world.record_name)).values,
                )
            except BlockedError:
                continue
        await client.apply(world.workload.resource_of(manifest), manifest)
