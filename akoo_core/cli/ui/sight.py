"""The state of the management cluster that the fleet page shows, kept by watches of its own."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import AsyncGenerator

from akoo_core import clock, structs
from akoo_core.cache import reflector, store
from akoo_core.cli import fleet
from akoo_core.cli.explain import command as explain
from akoo_core.kube import client, discovery, resource
from akoo_core.objects import cluster
from akoo_core.plugin.errors import describe

SETTLE_SECONDS = 0.25
"""Changes within this time are shown together."""
LOOK_SECONDS = 1.0
"""Seconds between two looks at whether the watches work."""


class Sight:
    """Records, configs and Clusters, as last seen. ``version`` grows with each change."""

    def __init__(self, records: store.Store, configs: store.Store, clusters: store.Store) -> None:
        self._records = records
        self._configs = configs
        self._clusters = clusters
        self._decoded: tuple[int, fleet.Records] = (-1, fleet.Records())
        self.version = 0
        self.problem = ""
        """The reason why the state may be old, or ""."""
        self.seen: datetime.datetime | None = None
        """The time at which all watches worked last."""
        self._changed = asyncio.Condition()

    def records(self) -> fleet.Records:
        """All records, sorted by cluster."""
        version, records = self._decoded
        if version != self.version:
            records = fleet.decoded(self._records.objects())
            self._decoded = (self.version, records)
        return records

    def facts(self, namespace: str, name: str) -> explain.Facts | None:
        """The facts of one cluster; None if there is neither Cluster nor record."""
        key = f"{namespace}/{name}"
        records = fleet.of_cluster(self.records(), key)
        seen = self._clusters.get(name, namespace)
        if seen is None and not records:
            return None
        decoded = None if seen is None else cluster.from_object(seen)
        return explain.Facts(key, decoded, records, fleet.decoded_configs(self._configs.objects()))

    def configs(self) -> tuple[structs.JSON, ...]:
        """All AKODeploymentConfigs, whole."""
        return tuple(self._configs.objects())

    async def after(self, version: int) -> int:
        """The version, as soon as it is another one than ``version``."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.version != version)
            return self.version

    async def publish(self) -> None:
        """Make a new version: the pages are shown again."""
        async with self._changed:
            self.version += 1
            self._changed.notify_all()

    async def follow(self, changed: asyncio.Event) -> None:
        """Publish a version after each change, until cancelled."""
        while True:
            await changed.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            changed.clear()
            await self.publish()

    async def look(self, watches: tuple[reflector.Reflector, ...]) -> None:
        """Publish a version when watches fail, and when they work again, until cancelled."""
        while True:
            errors = [watch.last_error for watch in watches if watch.last_error is not None]
            problem = describe(errors[0]) if errors else ""
            if not problem:
                self.seen = fleet.now()
            if problem != self.problem:
                self.problem = problem
                await self.publish()
            await asyncio.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def opened(kube: client.KubeClient) -> AsyncGenerator[Sight, None]:
    """The state, once it was read whole. Raises the errors of the first read."""
    kinds = (
        resource.AKO_DEPLOYMENTS,
        resource.AKO_DEPLOYMENT_CONFIGS,
        await discovery.clusters(kube),
    )
    await fleet.configs(kube)
    changed = asyncio.Event()
    stores = tuple(store.Store(kind) for kind in kinds)
    watches = tuple(
        reflector.Reflector(kube, kind, into, lambda _: changed.set(), clock=clock.SystemClock())
        for kind, into in zip(kinds, stores, strict=True)
    )
    sight = Sight(*stores)
    tasks = [
        asyncio.create_task(watch.run(), name=f"watch {watch.resource.plural}") for watch in watches
    ]
    try:
        for watch in watches:
            await watch.synced.wait()
        tasks.append(asyncio.create_task(sight.follow(changed), name="fleet page: changes"))
        tasks.append(asyncio.create_task(sight.look(watches), name="fleet page: watches"))
        yield sight
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
