"""Whether a new leader's caches show what its predecessor stored last.

A predecessor's writes have all ended when a lease is taken, but caches may be behind them: by what
they show, a verb of living could run for a record that leaves. Writes to a record are guarded; what
verbs do outside is not. So before the first attempt at each record, a process compares what it has
with one quorum read of all of them.
"""

from __future__ import annotations

import asyncio

from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import record
from akoo_core.reconcile.read import own_writes

_RECORDS = resources.AKO_DEPLOYMENTS


class Takeover:
    """What was stored when this process began to work. One per process."""

    def __init__(self, client: client_.KubeClient) -> None:
        self._client = client
        self._asking = asyncio.Lock()
        self._stored: dict[str, str] | None = None
        """Resource versions by name, as they were before the first attempt."""
        self._compared: set[str] = set()

    async def check(self, name: str, cached: record.Record | None) -> None:
        """Raises ConflictError while ``cached`` is older than what was stored. Raises KubeError."""
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
        found: dict[str, str] = {}
        token = ""
        while True:
            page = await self._client.list(_RECORDS, token=token, metadata_only=True)
            for item in page.items:
                found[item["metadata"]["name"]] = item["metadata"]["resourceVersion"]
            token = page.token
            if not token:
                return found

    async def _behind(self, name: str, cached: record.Record | None) -> bool:
        """The list was made a while ago; what counts is what is stored now."""
        try:
            live = await self._client.get(_RECORDS, name)
        except errors.NotFoundError:
            return cached is not None
        return _differ(cached, live["metadata"]["resourceVersion"])


def _differ(cached: record.Record | None, stored: str | None) -> bool:
    """Whether the caches may lack something. Newer than what was stored is well."""
    if cached is None or stored is None:
        return (cached is None) != (stored is None)
    return own_writes.newer(stored, than=cached.resource_version)
