"""The operator: the order of start and stop. Read top to bottom.

Start: telemetry, health (probes must answer while the rest waits), the API server and what must be
there, caches (standbys keep them warm), the lease, and only then workers: nothing writes before.
Stop: intake and workers, plugins' controllers, Events, the lease (so that the next leader finds
nothing of ours still running), caches, clients, plugins, health, spans.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import platform
import signal
import socket
import uuid
from collections.abc import Awaitable
from typing import TypeVar

import akoo_core
from akoo_core import errors, external, structs
from akoo_core.app import assembly, installation, policies, readiness, watches
from akoo_core.app.parts import Parts
from akoo_core.app.world import CachedWorld
from akoo_core.clock import LeaseClock, SystemClock
from akoo_core.election import installations, lease, timing
from akoo_core.health import server
from akoo_core.health.readiness import Readiness
from akoo_core.kube import resource, transport
from akoo_core.kube.access import config, kubefiles
from akoo_core.plugin.errors import describe
from akoo_core.plugin_host import controllers, loader, rbac, registry
from akoo_core.reconcile.act.record_writes import difference
from akoo_core.settings import Settings
from akoo_core.telemetry import metrics, sdk

WORKER_SHARE = 0.5
"""Share of the shutdown seconds for work in flight. The rest is for Events, lease and spans."""
SPANS_SECONDS = 1.5
"""Seconds for the last spans, after everything else has stopped."""

OUTDATED_SECONDS = 15.0
"""Seconds between two checks for an upgrade of Cluster API."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


class _StoppedError(Exception):
    """SIGTERM came before the start was complete."""


class Operator:
    """One process. ``run`` returns after SIGTERM or SIGINT; errors that end it are raised."""

    def __init__(
        self,
        settings: Settings,
        plugins: registry.PluginSet,
        management: kubefiles.KubeconfigChoice,
    ) -> None:
        self._settings = settings
        self._plugins = plugins
        self._management = management
        self._clock = SystemClock()
        self._readiness = Readiness()
        self._stop = asyncio.Event()
        self._registered = controllers.collect(plugins)
        self.identity = f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        Raises InputError for a kubeconfig that cannot be used, LeadershipLostError when the lease
        was lost: then the process must end at once.
        """
        running = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            running.add_signal_handler(number, self._stop.set)
        async with contextlib.AsyncExitStack() as stopping:
            with contextlib.suppress(_StoppedError):
                await self._start(stopping)
            self._readiness.set("running", "stopping")

    async def _start(self, stopping: contextlib.AsyncExitStack) -> None:
        # Wrong input is one line, the error: so nothing is logged before all of it was checked.
        sdk.destination(self._settings.telemetry.endpoint)
        assembly.seam(self._settings)
        spans = stopping.enter_context(contextlib.ExitStack())
        await self._serve_health(stopping)
        stopping.push_async_callback(self._plugins.close)
        endpoint = await config.endpoint_of(
            self._management.kubeconfig, context=self._management.context
        )
        _log.info(greeting(self._plugins), extra={"settings": changed(self._settings)})
        metrics.BUILD.labels(akoo_core.__version__, platform.python_version()).set(1)
        self._trace(spans)

        plain = transport.HttpClient(endpoint, external=assembly.seam(self._settings))
        stopping.push_async_callback(plain.close)
        clusters, management_id = await self._unless_stopped(self._cluster_kind(plain))
        elector = self._elector(plain, management_id)
        only = self._only_installation(plain, management_id)
        guard: external.Guard = elector.guard if elector else external.AlwaysLeader()
        seam = assembly.seam(self._settings, guard)
        management = transport.HttpClient(endpoint, external=seam)
        stopping.push_async_callback(management.close)

        world = CachedWorld(management_id, clusters, namespace=self._settings.watch_namespace)
        parts = assembly.assemble(
            self._settings,
            self._plugins,
            management=management,
            world=world,
            management_id=management_id,
            external=seam,
            clock=self._clock,
            identity=self.identity,
            registered=self._registered,
        )
        stopping.push_async_callback(parts.close)
        following = parts.watches()
        await stopping.enter_async_context(following.running())
        self._readiness.add("caches", following.missing)
        self._readiness.set("management cluster")
        await self._unless_stopped(following.synced())
        _say_limits(world)
        looks = (
            asyncio.create_task(self._follow_upgrades(following), name="upgrades"),
            asyncio.create_task(
                policies.follow(
                    plain,
                    self._needs().command("policies"),
                    functools.partial(self._readiness.set, policies.CHECK),
                ),
                name="policies",
            ),
        )
        try:
            await self._lead(elector, only, parts, management)
        finally:
            for look in looks:
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)

    async def _follow_upgrades(self, following: watches.Watches) -> None:
        """End the process when Cluster API stops serving the version we follow."""
        # A poll: the reflectors' error about it comes and goes.
        while not (following.outdated() or following.ended()):  # noqa: ASYNC110
            await asyncio.sleep(OUTDATED_SECONDS)
        if following.ended():
            _log.error("%s ended without being stopped: this process ends", following.ended())
            self._stop.set()
            return
        _log.warning(
            "Cluster API no longer serves the version that was found at the start: this process "
            "ends, and the next one looks it up again"
        )
        self._stop.set()

    def _trace(self, stopping: contextlib.ExitStack) -> None:
        telemetry = self._settings.telemetry
        started = sdk.start(
            endpoint=telemetry.endpoint,
            service_name=telemetry.service_name,
            version=akoo_core.__version__,
            attributes={"service.instance.id": self.identity},
            through=assembly.through(self._settings, os.environ),
            cas=assembly.cas(self._settings),
        )
        if started is not None:
            stopping.callback(started.shutdown, SPANS_SECONDS)

    async def _serve_health(self, stopping: contextlib.AsyncExitStack) -> None:
        self._readiness.set("management cluster", "starting")
        serving = server.HealthServer(
            self._readiness,
            clock=self._clock,
            host=self._settings.health.bind_address,
            port=self._settings.health.port,
        )
        await serving.start()
        stopping.push_async_callback(serving.stop)

    def _elector(self, plain: transport.HttpClient, management_id: str) -> lease.Elector | None:
        election = self._settings.leader_election
        if not election.enabled:
            return None
        return lease.Elector(
            plain,
            namespace=self._settings.operator_namespace,
            name=election.lease_name,
            identity=self.identity,
            clock=LeaseClock(),
            labels=installations.labels(management_id, self._settings.watch_namespace),
            timing=timing.Timing(
                lease=election.lease_seconds,
                renew_deadline=election.renew_deadline_seconds,
                retry=election.retry_seconds,
            ),
        )

    def _only_installation(
        self, plain: transport.HttpClient, management_id: str
    ) -> installation.OnlyInstallation:
        election = self._settings.leader_election
        return installation.OnlyInstallation(
            plain,
            installations.Installations(
                self._settings.operator_namespace,
                election.lease_name,
                lease_seconds=election.lease_seconds,
            ),
            management_id=management_id,
            clock=LeaseClock(),
            say=functools.partial(self._readiness.set, installation.CHECK),
        )

    async def _cluster_kind(self, plain: transport.HttpClient) -> tuple[resource.Resource, str]:
        """The Cluster kind and our management id, as soon as everything needed exists."""
        needs = self._needs()

        async def ask() -> tuple[resource.Resource, str]:
            clusters = await readiness.cluster_kind(plain, needs)
            known = self._settings.management_id
            return clusters, known or await readiness.management_id(plain)

        def say(missing: str) -> None:
            self._readiness.set("management cluster", missing)

        return await readiness.until_ready(ask, say)

    def _needs(self) -> readiness.Needs:
        plugins, election = self._plugins.ordered, self._settings.leader_election
        watched = (kind for each in self._registered for kind in each.registration.watches)
        return readiness.Needs(
            plugins=self._plugins.names,
            rules=(*rbac.CORE, *(rule for plugin in plugins for rule in plugin.rbac)),
            own=(*rbac.own_namespace(election.lease_name), *rbac.of_plugins(plugins)),
            namespace=self._settings.operator_namespace,
            kinds=tuple(kind for kind in dict.fromkeys(watched) if _is_defined(kind)),
        )

    async def _lead(
        self,
        elector: lease.Elector | None,
        only: installation.OnlyInstallation,
        parts: Parts,
        management: transport.HttpClient,
    ) -> None:
        """Work while the lease is ours and no other installation works; release it when every
        writer has ended."""
        grace = self._settings.deadlines.shutdown_seconds * WORKER_SHARE

        async def work() -> None:
            if elector is not None:
                await self._unless_stopped(only.confirm())
            _log.info(
                "working as %s with plugins %s",
                self.identity,
                ", ".join(self._plugins.names) or "none",
            )
            await parts.work(self._registered, management, stop=self._stop, grace_seconds=grace)

        await self._unless_stopped(only.alone())
        if elector is None:
            await work()
            return
        leading = asyncio.ensure_future(elector.lead(work))
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({leading, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not leading.done() and not elector.acquired.is_set():
                leading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leading
        finally:
            stopped.cancel()
            if not elector.lost.is_set():
                await elector.release()

    async def _unless_stopped(self, awaited: Awaitable[T]) -> T:
        """The result of ``awaited``. Raises _StoppedError when a stop comes first."""
        task = asyncio.ensure_future(awaited)
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise _StoppedError
            return task.result()
        finally:
            for future in (task, stopped):
                future.cancel()
            await asyncio.gather(task, stopped, return_exceptions=True)


def _is_defined(kind: resource.Resource) -> bool:
    """The kind comes with a CustomResourceDefinition that a plugin brings."""
    return "." in kind.group and not kind.group.endswith((".k8s.io", resource.CLUSTERS.group))


def _say_limits(world: CachedWorld) -> None:
    if world.namespace:
        _log.info(
            "watching Clusters of namespace %s only; %d unfinished records of Clusters elsewhere "
            "are left alone",
            world.namespace,
            world.left_alone(),
        )


def greeting(plugins: registry.PluginSet) -> str:
    """The first line of the log: our version, and the plugins with theirs where they have one."""
    versions = {plugin.name: f" {plugin.version}" for plugin in loader.installed()}
    names = [f"{name}{versions.get(name, '')}" for name in plugins.names]
    return f"akoo-core {akoo_core.__version__}, plugins {', '.join(names) or 'none'}"


def changed(settings: Settings) -> str:
    """The settings that are not the defaults, as JSON. There is no secret among settings."""
    defaults, mine = structs.to_object(Settings()), structs.to_object(settings)
    return structs.encode_json(difference(defaults, mine)).decode()


async def run(
    settings: Settings, plugins: registry.PluginSet, management: kubefiles.KubeconfigChoice
) -> int:
    """Run the operator; the exit code. Raises InputError."""
    operator = Operator(settings, plugins, management)
    try:
        await operator.run()
    except errors.LeadershipLostError as error:
        _log.error("%s", error)
        return 1
    except BaseExceptionGroup as group:
        ended = group.subgroup(errors.WorkerEndedError)
        if ended is None:
            raise
        _log.error("%s", describe(ended))
        return 1
    return 0
