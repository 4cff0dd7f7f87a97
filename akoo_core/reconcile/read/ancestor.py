"""State of the Go ancestor (AKOO), read from the API server. Thin; it only reads."""

from __future__ import annotations

from typing import Final

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.kube.resource import Resource
from akoo_core.objects import names

LABEL_LIMIT: Final = 63
"""Characters of the value of a label."""


class Ancestor:
    """A few reads each time. ``namespace``: the operator's, where a switch has its journal;
    ``clusters``: the Cluster kind at the version that discovery chose."""

    def __init__(self, client: KubeClient, namespace: str, clusters: Resource) -> None:
        self._client = client
        self._namespace = namespace
        self._clusters = clusters

    async def stopped(self) -> bool:
        """A switch has stopped it, and its Deployments have no replicas. False where that cannot be
        read. Raises KubeErrors but NotFound and Forbidden."""
        keys = await self._journal()
        if keys is None:
            return False
        for key in dict.fromkeys((*keys, names.ANCESTOR_DEPLOYMENT)):
            if await self._runs(*key.split("/", 1)):
                return False
        return True

    async def holds_clusters(self, config: str) -> bool:
        """A Cluster that it gave to this config carries its finalizer. Raises KubeErrors."""
        if len(config) > LABEL_LIMIT:
            return False
        page = await self._client.list(
            self._clusters, label_selector=f"{names.ANCESTOR_LABEL}={config}", metadata_only=True
        )
        return bool(page.token) or any(
            names.ANCESTOR_FINALIZER in (cluster["metadata"].get("finalizers") or ())
            for cluster in page.items
        )

    async def _journal(self) -> list[str] | None:
        """The Deployments that the journal names; None: it does not say that they were stopped."""
        try:
            journal = await self._client.get(
                resources.CONFIG_MAPS, names.ANCESTOR_JOURNAL, self._namespace
            )
        except (errors.NotFoundError, errors.ForbiddenError):
            return None
        stopped = (journal.get("data") or {}).get(names.ANCESTOR_STOPPED)
        if stopped is None:
            return None
        return [key for key in str(stopped).split(",") if "/" in key]

    async def _runs(self, namespace: str, name: str) -> bool:
        try:
            deployment = await self._client.get(resources.DEPLOYMENTS, name, namespace)
        except errors.NotFoundError:
            return False
        except errors.ForbiddenError:
            return True
        return _replicas(deployment, "spec", 1) > 0 or _replicas(deployment, "status", 0) > 0


def _replicas(deployment: structs.JSON, part: str, default: int) -> int:
    value = (deployment.get(part) or {}).get("replicas", default)
    return value if isinstance(value, int) else 1
