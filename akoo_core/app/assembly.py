"""Builds the parts that work on records: services, reconcilers, queues, workers."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Callable, Sequence
from typing import Protocol

from akoo_core.app import attempts, references, secret_index, watches
from akoo_core.app.world import CachedWorld
from akoo_core.clock import Clock
from akoo_core.external import External, Guard
from akoo_core.kube import finalizers, workloads
from akoo_core.kube.client import KubeClient
from akoo_core.plugin import api, threads
from akoo_core.plugin_host import (
    caller,
    context,
    controller_runner,
    controllers,
    login_memory,
    registry,
    scoped_client,
    secret_changes,
)
from akoo_core.queue import core, worker, workqueue
from akoo_core.reconcile import config_controller, record_controller
from akoo_core.reconcile.act import record_writes
from akoo_core.reconcile.act.services import Services
from akoo_core.reconcile.deploy import deployer, secrets
from akoo_core.reconcile.read import caches as surroundings
from akoo_core.reconcile.read import pace, secret_reader
from akoo_core.reconcile.status import events
from akoo_core.settings import Settings

SLOW_SHARE = 0.2
"""Share of the workers for all slow workload clusters together."""
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
        services = self.services
        record = references.IndexingReconciler(
            record_controller.RecordReconciler(services), services, self.secret_index
        )
        config = config_controller.ConfigReconciler(
            services.management,
            self._world,
            services.finalizers,
            services.clock,
            plugins=services.plugins.ordered,
        )
        plugin_means = means(services)._replace(secret_changes=self.secret_changes)

        async def by_name(entry: core.QueueEntry) -> record_controller.Outcome:
            return await config.reconcile(entry.key, entry.attempt)

        sending = asyncio.create_task(services.recorder.run(), name="events")
        try:
            async with asyncio.TaskGroup() as group:
                for queue, handle, count in (
                    (self.records, attempts.handler("record", record.reconcile), self._workers),
                    (self.configs, attempts.handler("config", by_name), 1),
                ):
                    group.create_task(
                        worker.run_workers(
                            queue, handle, count, stop=stop, grace_seconds=grace_seconds
                        )
                    )
                for controller in registered:
                    group.create_task(
                        controller_runner.run_controller(
                            controller,
                            client=management,
                            means=plugin_means,
                            stop=stop,
                            min_interval_seconds=self._interval,
                            grace_seconds=grace_seconds,
                        )
                    )
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EVENTS_SECONDS):
                await services.recorder.flush()

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
    )


def logins(
    settings: Settings,
    client: KubeClient,
    clock: Clock,
    mode: login_memory.Mode = "operator",
) -> api.LoginMemory:
    """The refused logins of this installation. ``client`` writes them, where it may."""
    return login_memory.ConfigMapLoginMemory(
        client,
        namespace=settings.operator_namespace,
        name=login_memory.name(settings.leader_election.lease_name),
        clock=clock,
        mode=mode,
    )


def seam(settings: Settings, guard: Guard | None = None) -> External:
    """The seam of all external calls of this process: API servers' and plugins'."""
    return External(
        guard=guard,
        deadline_seconds=settings.deadlines.external_seconds,
        longest_seconds=settings.longest_call_seconds,
    )


def assemble(
    settings: Settings,
    plugins: registry.PluginSet,
    *,
    management: KubeClient,
    world: CachedWorld,
    management_id: str,
    external: External,
    clock: Clock,
    identity: str,
    clients: Workloads | None = None,
    registered: Sequence[controllers.Controller] = (),
    thread_pool: Callable[[str], api.ThreadPool] | None = None,
    remembered: api.LoginMemory | None = None,
) -> Parts:
    """The parts of one process, none of them running yet. ``clients`` None: clients over the
    network, by the kubeconfig Secrets. ``registered`` are the controllers of the plugins.
    ``thread_pool`` returns the pool of a plugin; None: each plugin gets threads of its own.
    ``remembered`` are refused logins; None: the logins that the operator keeps."""
    clients = clients or _clients(settings, management, world, external=external, clock=clock)
    reader = secret_reader.ManagementSecretReader(
        management, allowed_namespaces=settings.secret_namespaces
    )
    pools = _pools(settings, plugins) if thread_pool is None else {}
    shared = _clients_of_verbs(management, plugins, registered)
    services = Services(
        management=management,
        clusters=world.clusters.resource,
        management_id=management_id,
        world=world,
        plugins=plugins,
        caller=caller.VerbCaller(plugins),
        workloads=clients,
        secrets=reader,
        secret_version=world.secret_version,
        threads=thread_pool or pools.__getitem__,
        external=external,
        shared=shared.get,
        clock=clock,
        records=record_writes.RecordWriter(management),
        finalizers=finalizers.Finalizers(management),
        deployer=deployer.Deployer(
            clock=clock,
            opener=secrets.SecretOpener(reader, plugins, version_of=world.secret_version),
            drift_seconds=settings.resync_seconds,
        ),
        recorder=events.Recorder(management, clock, instance=identity),
        pace=pace.Pace(clock, slots=max(1, int(settings.workers * SLOW_SHARE))),
        attempt_seconds=settings.deadlines.attempt_seconds,
        resync_seconds=settings.resync_seconds,
        finished_kept=datetime.timedelta(seconds=settings.finished_retention_seconds),
        logins=remembered or logins(settings, management, clock),
    )
    return Parts(settings, services, world, clients, pools)


def _clients(
    settings: Settings,
    management: KubeClient,
    world: CachedWorld,
    *,
    external: External,
    clock: Clock,
) -> workloads.WorkloadClients:
    """Clients over the network, by the kubeconfig Secrets."""
    limits = settings.workload_clusters
    return workloads.WorkloadClients(
        management,
        external=external,
        clock=clock,
        deadline_seconds=limits.deadline_seconds,
        allow_insecure_tls=limits.allow_insecure_tls,
        allow_proxy=limits.allow_proxy,
        allow_local_addresses=limits.allow_local_addresses,
        version_of=world.secret_version,
    )


def _pools(settings: Settings, plugins: registry.PluginSet) -> dict[str, threads.PluginThreads]:
    """Threads of each plugin."""
    return {
        name: threads.PluginThreads(
            name, size=settings.threads_per_plugin, deadline_seconds=settings.longest_call_seconds
        )
        for name in plugins.names
    }


def _clients_of_verbs(
    management: KubeClient,
    plugins: registry.PluginSet,
    registered: Sequence[controllers.Controller],
) -> dict[str, KubeClient | None]:
    """The client of each plugin's verbs. It is limited to the kinds of the plugin's controllers."""
    return {
        plugin.name: scoped_client.for_verbs(
            management,
            plugin.name,
            (controller.registration for controller in registered if controller.plugin is plugin),
        )
        for plugin in plugins.ordered
    }
