"""Follows the management cluster: reflectors fill the caches, the bus turns changes into keys."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

from akoo_core import structs
from akoo_core.app import record_gauges, secret_index
from akoo_core.app.world import CLUSTER, CONFIG, CachedWorld
from akoo_core.bus import events
from akoo_core.cache import reflector, store
from akoo_core.clock import Clock
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient, Object
from akoo_core.objects import cluster, names, record
from akoo_core.plugin.errors import describe
from akoo_core.plugin_host.secret_changes import SecretChanges
from akoo_core.queue import core, workqueue
from akoo_core.reconcile.decide import selection

_log = logging.getLogger(__name__)


class CacheLookups:
    """The caches as :class:`akoo_core.bus.mapping.ObjectLookups` for the bus."""

    def __init__(self, world: CachedWorld, secrets: secret_index.SecretIndex) -> None:
        self._world = world
        self._secrets = secrets

    def records_at(self, namespace: str, cluster_name: str) -> Iterable[str]:
        keys = self._world.record_objects.keys_by(CLUSTER, f"{namespace}/{cluster_name}")
        return [key.name for key in keys]

    def records_naming(self, config_name: str) -> Iterable[str]:
        keys = self._world.record_objects.keys_by(CONFIG, config_name)
        return [key.name for key in keys]

    def records_using_secret(self, namespace: str, name: str) -> Iterable[str]:
        return self._secrets.records(namespace, name)

    def cluster_uid(self, namespace: str, name: str) -> str | None:
        if not self._world.clusters.filled:
            return None
        obj = self._world.clusters.get(name, namespace)
        return obj["metadata"]["uid"] if obj is not None else None

    def clusters(self) -> Iterator[cluster.Cluster]:
        for obj in self._world.clusters.objects() if self._world.clusters.filled else ():
            try:
                yield cluster.from_object(obj)
            except Exception as error:  # noqa: BLE001 - one odd Cluster must not hide the others
                name = f"{obj['metadata'].get('namespace')}/{obj['metadata']['name']}"
                _log.error(
                    "Cluster cannot be read", extra={"cluster": name, "error": describe(error)}
                )


class Watches:
    """All reflectors of the core. Standbys run them too, so that taking over needs no list."""

    def __init__(
        self,
        client: KubeClient,
        world: CachedWorld,
        *,
        management_id: str,
        secrets: secret_index.SecretIndex,
        secret_changes: SecretChanges | None = None,
        secret_namespaces: Sequence[str],
        records: workqueue.WorkQueue,
        configs: workqueue.WorkQueue,
        clock: Clock,
    ) -> None:
        self._client = client
        self._world = world
        self._clock = clock
        self._records = records
        self._configs = configs
        self._gauges = record_gauges.RecordGauges()
        self._secret_changes = secret_changes
        self._bus = events.Bus(management_id, CacheLookups(world, secrets), selection.fits)
        self._tasks: list[asyncio.Task[None]] = []
        # Records have no namespace. All of them are followed: they all hold what they use.
        namespace = world.namespace or None
        self._reflectors = [
            self._reflector(world.config_objects),
            self._reflector(world.record_objects),
            self._reflector(world.clusters, namespace=namespace),
            # Only metadata of Secrets is followed; values are read when needed.
            self._secrets(
                world.kubeconfig_secrets(),
                namespace=namespace,
                label_selector=names.CAPI_CLUSTER_NAME_LABEL,
            ),
            *(
                self._secrets(world.secrets_of(namespace), namespace=namespace)
                for namespace in secret_namespaces
            ),
        ]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow everything while the body runs."""
        tasks = [
            asyncio.create_task(reflector.run(), name=f"follow {reflector.resource.plural}")
            for reflector in self._reflectors
        ]
        self._tasks = tasks
        try:
            yield
        finally:
            self._tasks = []
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def synced(self) -> None:
        """Wait until every kind was listed once."""
        for follower in self._reflectors:
            await follower.synced.wait()

    def missing(self) -> str:
        """The first kind that cannot be followed now, for /readyz; "" when all can."""
        for follower in self._reflectors:
            if not follower.synced.is_set():
                why = f": {follower.last_error}" if follower.last_error else ""
                return f"{follower.resource.qualified} not listed yet{why}"
        return ""

    def ended(self) -> str:
        """Names of reflectors whose tasks ended although nothing stopped them."""
        return ", ".join(task.get_name() for task in self._tasks if task.done())

    def outdated(self) -> bool:
        """True if the followed version of Cluster API is no longer served: the process must
        restart."""
        return any(
            isinstance(reflector.last_error, kube_errors.NotFoundError)
            and reflector.last_error.kind_missing
            for reflector in self._reflectors
            if reflector.resource.group == resources.CLUSTERS.group
        )

    def _reflector(self, into: store.Store, *, namespace: str | None = None) -> reflector.Reflector:
        return reflector.Reflector(
            self._client,
            into.resource,
            into,
            self._changed,
            clock=self._clock,
            namespace=namespace,
        )

    def _secrets(
        self, into: store.Store, *, namespace: str | None = None, label_selector: str = ""
    ) -> reflector.Reflector:
        return reflector.Reflector(
            self._client,
            resources.SECRETS,
            into,
            self._changed,
            clock=self._clock,
            namespace=namespace,
            label_selector=label_selector,
            metadata_only=True,
        )

    def _changed(self, change: store.Change) -> None:
        """Feed the core's own queues first: no error in the other consumers costs them an event."""
        self._queue(change)
        if change.resource == self._world.clusters.resource:
            self._world.cluster_changed(change)
        if change.resource == resources.AKO_DEPLOYMENTS:
            self._gauges.changed(self._counted(change.old), self._counted(change.new))
        if change.resource == resources.SECRETS and self._secret_changes is not None:
            self._secret_changes.changed(change.key.namespace, change.key.name)

    def _counted(self, obj: Object | None) -> record.Record | None:
        """The record, for the gauges; None for one that is left alone: its status is old."""
        decoded = _record(obj)
        if decoded is None or not self._world.follows(decoded.spec.cluster_ref.namespace):
            return None
        return decoded

    def _queue(self, change: store.Change) -> None:
        event = self._bus.event(change)
        if event is None:
            return
        priority = core.PRIORITY_INITIAL if event.initial else core.PRIORITY_LIVE
        for name in event.records:
            self._records.add(name, priority=priority, causes=(event.cause,))
        for name in event.configs:
            self._configs.add(name, priority=priority, causes=(event.cause,))


def _record(obj: Object | None) -> record.Record | None:
    if obj is None:
        return None
    try:
        return record.from_object(obj)
    except structs.DecodeError:
        return None
