"""One management cluster of the two: its operator, in this process, and its people."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import pathlib
from collections.abc import Callable
from typing import Any

from akoo_testbed import waiting

from akoo_core import clock, external, structs
from akoo_core.app import assembly, watches
from akoo_core.app import world as worlds
from akoo_core.kube import errors, transport, workloads
from akoo_core.kube import resource as resources
from akoo_core.kube.access import config
from akoo_core.objects import names, record
from akoo_core.plugin_host import registry
from akoo_core.settings import Settings, model
from tests.component.moves import moves_plugins as plugins

SECONDS = 60.0
"""For busy machines; nothing that works comes near."""
CLUSTERS, RECORDS = resources.CLUSTERS, resources.AKO_DEPLOYMENTS
CONFIGS = resources.AKO_DEPLOYMENT_CONFIGS
SPEC: dict[str, Any] = {
    "clusterSelector": {"matchLabels": {"lb": "avi"}},
    "quietPeriod": "0s",
    "controller": "avi.example.com",
    "cloudName": "vc-01",
    "serviceEngineGroup": "seg",
    "dataNetwork": {"name": "vip", "cidr": "10.0.0.0/24"},
    "adminCredentialRef": {"name": "admin", "namespace": "avi"},
    "certificateAuthorityRef": {"name": "ca", "namespace": "avi"},
    "workloadCredentialRef": {"name": "shop-avi", "namespace": "avi"},
}


class Side:
    """An operator over one API server. ``management_id`` "": the UID of kube-system."""

    def __init__(
        self, kubeconfig: pathlib.Path, outside: plugins.Outside, management_id: str = ""
    ) -> None:
        self._kubeconfig = kubeconfig
        self._outside = outside
        self.management_id = management_id
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, as an administrator; nothing works yet."""
        endpoint = await config.endpoint_of(str(self._kubeconfig))
        self.user = transport.HttpClient(endpoint, external=external.External())
        self.client = transport.HttpClient(endpoint, external=external.External())
        self.management_id = self.management_id or await workloads.kube_system_uid(self.user)

    async def close(self) -> None:
        await self.stop()
        await self.user.close()
        await self.client.close()

    async def start(self) -> None:
        """The operator works when this returns."""
        synced = asyncio.Event()
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._run(synced))
        waits = asyncio.create_task(synced.wait())
        await asyncio.wait({waits, self._task}, return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        """The operator goes, in order."""
        if self._task is not None:
            self._stop.set()
            await self._task
            self._task = None

    async def _run(self, synced: asyncio.Event) -> None:
        settings = Settings(
            min_interval_seconds=0.05,
            workload_clusters=model.WorkloadClusters(allow_local_addresses=True),
        )
        plugin_set = registry.PluginSet((plugins.Claimant(self._outside), plugins.Deploys()))
        world = worlds.CachedWorld(self.management_id, CLUSTERS)
        parts = assembly.assemble(
            settings,
            plugin_set,
            management=self.client,
            world=world,
            management_id=self.management_id,
            external=external.External(),
            clock=clock.SystemClock(),
            identity="test",
        )
        following = watches.Watches(
            self.client,
            world,
            management_id=self.management_id,
            secrets=parts.secret_index,
            secret_namespaces=(),
            records=parts.records,
            configs=parts.configs,
            clock=clock.SystemClock(),
        )
        async with contextlib.AsyncExitStack() as stopping:
            stopping.push_async_callback(parts.close)
            await stopping.enter_async_context(following.running())
            await following.synced()
            synced.set()
            await parts.work((), self.client, stop=self._stop, grace_seconds=5.0)

    # People.

    async def config(self) -> None:
        adc = {"apiVersion": CONFIGS.api_version, "kind": CONFIGS.kind, "spec": SPEC}
        await self.user.apply(CONFIGS, adc | {"metadata": {"name": "default"}})

    async def cluster(self, namespace: str, kubeconfig: str, name: str = "shop") -> str:
        """A Cluster whose API is the server of that kubeconfig; the name of its record to be."""
        await self.user.apply(
            resources.NAMESPACES,
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        )
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "cluster.x-k8s.io/secret",
            "metadata": {
                "name": f"{name}-kubeconfig",
                "namespace": namespace,
                "labels": {names.CAPI_CLUSTER_NAME_LABEL: name},
            },
            "data": {"value": base64.b64encode(kubeconfig.encode()).decode()},
        }
        await self.user.create(resources.SECRETS, secret, namespace)
        body = {
            "apiVersion": CLUSTERS.api_version,
            "kind": "Cluster",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {"lb": "avi"},
                "finalizers": ["cluster.cluster.x-k8s.io"],
            },
            "spec": {
                "infrastructureRef": {  # Only named: Cluster API's webhooks ask for that.
                    "apiGroup": "infrastructure.cluster.x-k8s.io",
                    "kind": "FakeCluster",
                    "name": name,
                }
            },
        }
        made = await self.user.create(CLUSTERS, body, namespace)
        await self.initialized(namespace, name)
        return names.record_name(self.management_id, made["metadata"]["uid"])

    async def initialized(self, namespace: str, name: str = "shop") -> None:
        """The status that Cluster API's controllers write for a Cluster that is up, also after a
        move."""
        at = "2026-03-01T12:00:00Z"
        initialized = {
            "type": "ControlPlaneInitialized",
            "status": "True",
            "reason": "Initialized",
            "message": "",
            "lastTransitionTime": at,
        }
        ready = {"infrastructureProvisioned": True, "controlPlaneInitialized": True}
        status = {"status": {"initialization": ready, "conditions": [initialized]}}
        await self.user.merge_patch(CLUSTERS, name, status, namespace, subresource="status")

    async def deleted(self, namespace: str, name: str = "shop") -> None:
        """Delete the Cluster, and let Cluster API's own finalizer go."""
        await self.user.delete(CLUSTERS, name, namespace)
        live = await self.user.get(CLUSTERS, name, namespace)
        kept = [
            finalizer
            for finalizer in live["metadata"]["finalizers"]
            if not finalizer.startswith("cluster.")
        ]
        patch = {"metadata": {"finalizers": kept}}
        await self.user.merge_patch(CLUSTERS, name, patch, namespace)

    async def say(self, name: str, **words: str) -> None:
        annotations = {f"akoo.io/{word.replace('_', '-')}": value for word, value in words.items()}
        await self.user.merge_patch(RECORDS, name, {"metadata": {"annotations": annotations}})

    # What is seen.

    async def find_record(self, name: str) -> record.Record | None:
        try:
            return record.from_object(await self.user.get(RECORDS, name))
        except errors.NotFoundError:
            return None

    async def find_cluster(self, namespace: str, name: str = "shop") -> structs.JSON | None:
        try:
            return await self.user.get(CLUSTERS, name, namespace)
        except errors.NotFoundError:
            return None

    async def until(
        self, name: str, accept: Callable[[record.Record | None], bool], title: str
    ) -> record.Record | None:
        """The record once ``accept`` says so. Raises TimeoutError with how it is."""
        seen: record.Record | None = None

        async def there() -> bool:
            nonlocal seen
            seen = await self.find_record(name)
            return accept(seen)

        try:
            await waiting.until(there, title=title, seconds=SECONDS, every=0.1)
        except TimeoutError:
            raise TimeoutError(f"{name}: not {title}: {seen}") from None
        return seen

    async def ready(self, name: str) -> record.Record:
        stored = await self.until(name, lambda obj: says(obj, "Ready", "Running"), "Ready")
        assert stored is not None
        return stored

    async def held(self, name: str, reason: str) -> record.Record:
        stored = await self.until(name, lambda obj: says(obj, "Held", reason), reason)
        assert stored is not None
        return stored


def says(stored: record.Record | None, kind: str, reason: str) -> bool:
    """True if the record has a True condition of that kind, with that reason."""
    return stored is not None and any(
        condition.type == kind and condition.reason == reason and condition.status == "True"
        for condition in stored.status.conditions
    )


def reason(stored: record.Record, kind: str) -> str:
    """The reason of a condition, "" without one."""
    return next(
        (condition.reason for condition in stored.status.conditions if condition.type == kind), ""
    )
