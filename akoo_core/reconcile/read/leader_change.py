"""Checks that a new leader's caches show what its predecessor stored last.

A predecessor's writes have ended when its lease is taken, but the caches may be older. A stale
cache could start a lives verb for a leaving record. Writes to a record are guarded by its version;
what verbs do outside is not. So before the first attempt at each record, a process compares its
cache with one quorum read of all records.
"""

from __future__ import annotations

import asyncio

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.objects import record
from akoo_core.reconcile.read import own_writes

_RECORDS = resources.AKO_DEPLOYMENTS


class Takeover:
    """The records as stored when this process began to work. One per process."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._asking = asyncio.Lock()
        self._stored: dict[str, str] | None = None
        """Resource versions by name, as they were before the first attempt."""
        self._compared: set[str] = set()

    async def check(self, name: str, cached: record.Record | None) -> None:
        """Raises ConflictError while ``cached`` is older than the stored record. Raises
        KubeError."""
        if name in self._compared:
            return
        stored = (await self._read()).get(name)
        if _differ(cached, stored) and await self._behind(name, cached):
            raise errors.ConflictError(f"{name}: the caches are behind")
        self._compared.add(name)

    async def _read(self) -> dict[str, str]:
        async with self._asking:
            if self._stored is None:
                self._stored = await self._listed()
        return self._stored

    async def _listed(self) -> dict[str, str]:
        versions: dict[str, str] = {}
        token = ""
        while True:
            page = await self._client.list(_RECORDS, token=token, metadata_only=True)
            for item in page.items:
                versions[item["metadata"]["name"]] = item["metadata"]["resourceVersion"]
            token = page.token
            if not token:
                return versions

    async def _behind(self, name: str, cached: record.Record | None) -> bool:
        """True if the cache is older than the record now; the list may be older than both."""
        try:
            current = await self._client.get(_RECORDS, name)
        except errors.NotFoundError:
            return cached is not None
        return _differ(cached, current["metadata"]["resourceVersion"])


def _differ(cached: record.Record | None, stored: str | None) -> bool:
    """True if the cache may be older than ``stored``. A newer cache is fine."""
    if cached is None or stored is None:
        return (cached is None) != (stored is None)
    return own_writes.newer(stored, than=cached.resource_version)
