"""ConfigMaps of the operator's namespace, for plugins that declare ``reads_config_maps``. Thin."""

from __future__ import annotations

from collections.abc import Mapping

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.plugin import api


def of_plugin(plugin: api.Plugin, client: KubeClient, namespace: str) -> NamespaceConfigMaps | None:
    """The ConfigMaps of the namespace; None for a plugin that does not declare that it reads
    them."""
    return NamespaceConfigMaps(client, namespace) if plugin.reads_config_maps else None


class NamespaceConfigMaps:
    """An api.ConfigMapReader. Nothing is kept: each call reads anew."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        self._client = client
        self.namespace = namespace

    async def read(self, name: str) -> Mapping[str, str] | None:
        """See :class:`akoo_core.plugin.api.ConfigMapReader`."""
        try:
            config_map = await self._client.get(resources.CONFIG_MAPS, name, self.namespace)
        except errors.NotFoundError:
            return None
        return config_map.get("data") or {}
