"""Builds the parts of a process from its settings and plugins."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping, Sequence

from akoo_core import errors
from akoo_core.app.parts import Parts, Workloads
from akoo_core.app.world import CachedWorld
from akoo_core.clock import Clock
from akoo_core.external import External, Guard
from akoo_core.kube import finalizers, workloads
from akoo_core.kube.client import KubeClient
from akoo_core.outside import proxies
from akoo_core.outside.bundle import CaBundle
from akoo_core.plugin import api, threads
from akoo_core.plugin_host import (
    caller,
    context,
    controllers,
    login_memory,
    registry,
    scoped_client,
)
from akoo_core.plugin_host.kept import config_maps, keep
from akoo_core.reconcile.act import record_writes
from akoo_core.reconcile.act.services import Services
from akoo_core.reconcile.deploy import deployer, secrets
from akoo_core.reconcile.read import pace, secret_reader
from akoo_core.reconcile.read.ancestor import Ancestor
from akoo_core.reconcile.status import events
from akoo_core.settings import Settings
from akoo_core.telemetry import redaction

SLOW_SHARE = 0.2
"""Share of the workers for all slow workload clusters together."""


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


def through(settings: Settings, environ: Mapping[str, str]) -> proxies.Proxies:
    """The proxy for systems outside. Its password is masked from now on.

    Raises InputError for a variable HTTPS_PROXY that cannot be used.
    """
    try:
        chosen = proxies.chosen(settings.proxy.url, settings.proxy.no_proxy, environ)
    except ValueError as error:
        raise errors.InputError(str(error)) from None
    if chosen.proxy is not None:
        redaction.register(chosen.proxy.password, keep=True)
        for value in chosen.proxy.headers.values():
            redaction.register(value.removeprefix("Basic "), keep=True)
    return chosen


def cas(settings: Settings) -> CaBundle | None:
    """The CAs for systems outside. Raises InputError for a file that cannot be used."""
    try:
        return CaBundle(settings.ca_bundle) if settings.ca_bundle else None
    except ValueError as error:
        raise errors.InputError(f"caBundle: {error}") from None


def seam(
    settings: Settings, guard: Guard | None = None, *, environ: Mapping[str, str] = os.environ
) -> External:
    """The seam of all external calls of this process: API servers' and plugins'.

    Raises InputError as ``through`` and ``cas`` do.
    """
    return External(
        guard=guard,
        deadline_seconds=settings.deadlines.external_seconds,
        longest_seconds=settings.longest_call_seconds,
        through=through(settings, environ),
        cas=cas(settings),
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
    means = context.Means(
        clock=clock,
        external=external,
        secrets=reader.once,
        threads=thread_pool or pools.__getitem__,
        management_id=management_id,
        logins=remembered or logins(settings, management, clock),
        keep=lambda plugin: keep.of_plugin(plugin, management, settings.operator_namespace),
    )
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
        threads=means.threads,
        external=external,
        shared=shared.get,
        clock=clock,
        records=record_writes.RecordWriter(management),
        finalizers=finalizers.Finalizers(management),
        ancestor=Ancestor(management, settings.operator_namespace, world.clusters.resource),
        deployer=deployer.Deployer(
            clock=clock,
            opener=secrets.SecretOpener(reader, plugins, means, version_of=world.secret_version),
            drift_seconds=settings.resync_seconds,
        ),
        recorder=events.Recorder(management, clock, instance=identity),
        pace=pace.Pace(clock, slots=max(1, int(settings.workers * SLOW_SHARE))),
        attempt_seconds=settings.deadlines.attempt_seconds,
        resync_seconds=settings.resync_seconds,
        finished_kept=datetime.timedelta(seconds=settings.finished_retention_seconds),
        logins=means.logins,
        keep=means.keep,
        config_maps=lambda plugin: config_maps.of_plugin(
            plugin, management, settings.operator_namespace
        ),
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
    """The client of each plugin's verbs, limited to the kinds of its controllers and its reads."""
    return {
        plugin.name: scoped_client.for_verbs(
            management,
            plugin.name,
            (controller.registration for controller in registered if controller.plugin is plugin),
            type(plugin).reads,
        )
        for plugin in plugins.ordered
    }
