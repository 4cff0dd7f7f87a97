"""The working parts of one process: queues, handlers, workers, and the watches that wake them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Protocol

from akoo_core.app import attempts, plugin_tables, references, secret_index, watches
from akoo_core.app.world import CachedWorld
from akoo_core.kube.client import KubeClient
from akoo_core.plugin import threads
from akoo_core.plugin_host import (
    context,
    controller_runner,
    controllers,
    secret_changes,
)
from akoo_core.queue import core, worker, workqueue
from akoo_core.reconcile import config_controller, record_controller
from akoo_core.reconcile.act.services import Services
from akoo_core.reconcile.read import caches as surroundings
from akoo_core.settings import Settings

EVENTS_SECONDS = 1.0
"""Seconds for the Events that are still queued at the stop."""


class Workloads(surroundings.WorkloadAccess, Protocol):
    """Clients of workload clusters that this process opens and closes."""

    async def close(self) -> None:
        """Close everything."""
        ...


class Parts:
    """The working parts of a process: two queues with their handlers, and the Events they queue."""

    def __init__(
        self,
        settings: Settings,
        services: Services,
        world: CachedWorld,
        clients: Workloads,
        pools: dict[str, threads.PluginThreads],
    ) -> None:
        self._world = world
        self._clients = clients
        self._pools = pools
        self._secret_namespaces = settings.secret_namespaces
        self._namespace = settings.operator_namespace
        self.services = services
        self.secret_index = secret_index.SecretIndex()
        self.secret_changes = secret_changes.SecretChanges()
        self._workers = settings.workers
        self._interval = interval = settings.min_interval_seconds
        self.records = workqueue.WorkQueue("record", services.clock, min_interval_seconds=interval)
        self.configs = workqueue.WorkQueue(
            "config",
            services.clock,
            min_interval_seconds=max(interval, config_controller.MIN_INTERVAL_SECONDS),
        )

    def watches(self) -> watches.Watches:
        """The watches that fill the world and wake the queues. None of them runs yet."""
        return watches.Watches(
            self.services.management,
            self._world,
            management_id=self.services.management_id,
            secrets=self.secret_index,
            secret_changes=self.secret_changes,
            secret_namespaces=self._secret_namespaces,
            records=self.records,
            configs=self.configs,
            clock=self.services.clock,
        )

    async def work(
        self,
        registered: Sequence[controllers.Controller],
        management: KubeClient,
        *,
        stop: asyncio.Event,
        grace_seconds: float,
    ) -> None:
        """Work on records, configs and plugins' kinds until ``stop``; by the leader only."""
        recorder = self.services.recorder
        tables = plugin_tables.PluginTables(
            management,
            self.services.plugins.ordered,
            namespace=self._namespace,
            records=self._world.record_objects,
            recorder=recorder,
            wake=self.records.add,
        )
        await tables.look()
        async with asyncio.TaskGroup() as beside:  # What ends them by mistake ends the process.
            followers = (
                beside.create_task(tables.run(), name="tables"),
                beside.create_task(recorder.run(), name="events"),
            )
            try:
                await self._work_on(registered, management, stop=stop, grace_seconds=grace_seconds)
            finally:
                for follower in followers:
                    follower.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EVENTS_SECONDS):
                await recorder.flush()

    async def _work_on(
        self,
        registered: Sequence[controllers.Controller],
        management: KubeClient,
        *,
        stop: asyncio.Event,
        grace_seconds: float,
    ) -> None:
        """The workers of the queues and the controllers, until ``stop``."""
        async with asyncio.TaskGroup() as group:
            for queue, handle, count in self._handlers():
                group.create_task(
                    worker.run_workers(queue, handle, count, stop=stop, grace_seconds=grace_seconds)
                )
            for controller in registered:
                group.create_task(
                    controller_runner.run_controller(
                        controller,
                        client=management,
                        means=means(self.services)._replace(
                            secret_changes=self.secret_changes,
                            watch_namespace=self._world.namespace,
                        ),
                        stop=stop,
                        min_interval_seconds=self._interval,
                        grace_seconds=grace_seconds,
                        namespace=self._world.namespace,
                    )
                )

    def _handlers(self) -> Iterator[tuple[workqueue.WorkQueue, worker.Handler, int]]:
        """Each queue with its handler and the number of its workers."""
        services = self.services
        record = references.IndexingReconciler(
            record_controller.RecordReconciler(services), services, self.secret_index
        )
        config = config_controller.ConfigReconciler(
            services.management,
            self._world,
            services.finalizers,
            services.clock,
            ancestor=services.ancestor,
            plugins=services.plugins.ordered,
        )

        async def by_name(entry: core.QueueEntry) -> record_controller.Outcome:
            return await config.reconcile(entry.key, entry.attempt)

        yield self.records, attempts.handler("record", record.reconcile), self._workers
        yield self.configs, attempts.handler("config", by_name), 1

    async def close(self) -> None:
        """Close clients and threads."""
        await self._clients.close()
        for pool in self._pools.values():
            pool.close()


def means(services: Services) -> context.Means:
    """Services for controllers and commands of plugins."""
    return context.Means(
        clock=services.clock,
        external=services.external,
        secrets=services.secrets.once,
        threads=services.threads,
        management_id=services.management_id,
        logins=services.logins,
        keep=services.keep,
    )
