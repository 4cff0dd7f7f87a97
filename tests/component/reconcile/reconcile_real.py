"""One operator with the real AKO plugin over one API server, and its user."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
from typing import Any

from akoo_ako.plugin import AkoPlugin

from akoo_core import clock, external
from akoo_core.kube import client as client_
from akoo_core.kube import errors, finalizers
from akoo_core.kube import resource as resources
from akoo_core.objects import cluster, config, names
from akoo_core.objects import record as record_
from akoo_core.plugin_host import caller, context, registry
from akoo_core.reconcile import record_controller
from akoo_core.reconcile.act import record_writes
from akoo_core.reconcile.act.services import Services
from akoo_core.reconcile.decide import adoption_limit, removal_limit, selection
from akoo_core.reconcile.deploy import deployer, secrets
from akoo_core.reconcile.read import pace, secret_reader
from akoo_core.reconcile.read.ancestor import Ancestor
from akoo_core.reconcile.status import events
from tests.unit.reconcile.reconcile_world import Ledger

MANAGEMENT = "management-of-this-test"
CLUSTERS = resources.CLUSTERS
SPEC: dict[str, Any] = {
    "clusterSelector": {"matchLabels": {"lb": "avi"}},
    "controller": "avi.example.com",
    "cloudName": "vc-01",
    "serviceEngineGroup": "seg",
    "dataNetwork": {"name": "vip", "cidr": "10.0.0.0/24"},
    "adminCredentialRef": {"name": "admin", "namespace": "avi"},
    "certificateAuthorityRef": {"name": "ca", "namespace": "avi"},
    "workloadCredentialRef": {"name": "shop-avi", "namespace": "avi"},
}
_names = itertools.count(1)


class Lists:
    """The caches, filled by lists when told."""

    def __init__(self, client: client_.KubeClient) -> None:
        self._client = client
        self._records: tuple[record_.Record, ...] = ()
        self._clusters: tuple[cluster.Cluster, ...] = ()
        self._configs: tuple[config.Config, ...] = ()
        self.moved: set[str] = set()

    async def fill(self) -> None:
        kinds = (resources.AKO_DEPLOYMENTS, CLUSTERS, resources.AKO_DEPLOYMENT_CONFIGS)
        listed = await asyncio.gather(*(self._client.list(kind) for kind in kinds))
        self._records = tuple(record_.from_object(item) for item in listed[0].items)
        self._clusters = tuple(cluster.from_object(item) for item in listed[1].items)
        self._configs = tuple(config.from_object(item) for item in listed[2].items)

    def record(self, name: str) -> record_.Record | None:
        return next((record for record in self._records if record.name == name), None)

    def removals(self) -> removal_limit.Ledger:
        return Ledger(self._records)

    def cluster_of(self, name: str) -> cluster.Cluster | None:
        for stored in self._clusters:
            if names.record_name(MANAGEMENT, stored.uid) == name:
                return stored
        return None

    def cluster_at(self, namespace: str, name: str) -> cluster.Cluster | None:
        return next(
            (stored for stored in self._clusters if stored.key == f"{namespace}/{name}"), None
        )

    def follows(self, namespace: str) -> bool:
        return True

    def moved_away(self, cluster_uid: str) -> bool:
        return cluster_uid in self.moved

    def configs(self) -> tuple[config.Config, ...]:
        return self._configs

    def unreadable_configs(self) -> tuple[selection.Unreadable, ...]:
        return ()

    def names_at(self, namespace: str, name: str) -> tuple[str, ...]:
        return tuple(record.name for record in self.records_of_cluster(namespace, name))

    def records_of_cluster(self, namespace: str, name: str) -> tuple[record_.Record, ...]:
        return tuple(
            record
            for record in self._records
            if (record.spec.cluster_ref.namespace, record.spec.cluster_ref.name)
            == (namespace, name)
        )

    def adoptions(self, of: config.Config) -> adoption_limit.Shown:
        return adoption_limit.Shown()


class Same:
    """The management cluster is the workload cluster, too."""

    def __init__(self, client: client_.KubeClient) -> None:
        self._client = client
        self.silent = 0.0

    async def client_for(self, namespace: str, name: str, cluster_uid: str) -> client_.KubeClient:
        return self._client

    def silent_seconds(self, cluster_uid: str) -> float:
        return self.silent

    async def forget(self, cluster_uid: str) -> None:
        return


class Writes:
    """Counts what is written through the seam of external calls."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def before(self, site: str, *, write: bool) -> None:
        if write:
            self.seen.append(site)

    def after(self, site: str, *, write: bool) -> None:
        return


class Real:
    """One operator over one API server, and its user."""

    def __init__(
        self, client: client_.KubeClient, user: client_.KubeClient, writes: Writes
    ) -> None:
        self.client, self.user, self.writes = client, user, writes
        self.clock = clock.SystemClock()
        self.world = Lists(client)
        self.workloads = Same(client)
        self.suffix = f"real-{next(_names)}"
        self.start()

    def start(self, *, drift_seconds: float = deployer.DRIFT_SECONDS) -> None:
        plugin = AkoPlugin()
        plugin.name = "ako"
        plugins = registry.PluginSet((plugin,))
        reader = secret_reader.ManagementSecretReader(self.client, allowed_namespaces=("avi",))
        means = context.Means(
            clock=self.clock,
            external=external.External(),
            secrets=reader.once,
            threads=lambda _: NoThreads(),
            management_id=MANAGEMENT,
        )
        self.deployer = deployer.Deployer(
            clock=self.clock,
            opener=secrets.SecretOpener(reader, plugins, means),
            drift_seconds=drift_seconds,
        )
        services = Services(
            management=self.client,
            clusters=CLUSTERS,
            management_id=MANAGEMENT,
            world=self.world,
            plugins=plugins,
            caller=caller.VerbCaller(plugins),
            workloads=self.workloads,
            secrets=reader,
            threads=lambda plugin: NoThreads(),
            external=external.External(),
            clock=self.clock,
            records=record_writes.RecordWriter(self.client),
            finalizers=finalizers.Finalizers(self.client),
            ancestor=Ancestor(self.client, "akoo-system", CLUSTERS),
            deployer=self.deployer,
            recorder=events.Recorder(self.client, self.clock, instance="test"),
            pace=pace.Pace(self.clock),
        )
        self.recorder = services.recorder
        self.reconciler = record_controller.RecordReconciler(services)

    async def run(self, name: str) -> record_controller.Outcome:
        await self.world.fill()
        self.writes.seen.clear()
        return await self.reconciler.reconcile(name, 0)

    async def record(self, name: str) -> record_.Record:
        return record_.from_object(await self.client.get(resources.AKO_DEPLOYMENTS, name))

    async def seed(self) -> str:
        """Secrets, a config and a Cluster; the name of the record to be."""
        for namespace in ("avi", "demo"):
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            await self.user.apply(resources.NAMESPACES, body)
        for name, data in (
            ("shop-avi", {"username": "ako", "password": "not-a-real-one"}),
            ("ca", {"certificateAuthorityData": CA}),
        ):
            encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
            body = {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": "avi"},
                "data": encoded,
            }
            await self.user.apply(resources.SECRETS, body)
        kind = resources.AKO_DEPLOYMENT_CONFIGS
        label = {"clusterSelector": {"matchLabels": {"lb": self.suffix}}}
        adc = {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": self.suffix},
            "spec": SPEC | label,
        }
        await self.user.create(kind, adc)
        body = {
            "apiVersion": CLUSTERS.api_version,
            "kind": "Cluster",
            "metadata": {
                "name": self.suffix,
                "namespace": "demo",
                "labels": {"lb": self.suffix},
                "finalizers": ["cluster.cluster.x-k8s.io"],
            },
            "spec": {},
        }
        made = await self.user.create(CLUSTERS, body, "demo")
        theirs = {"type": "Available", "status": "True", "reason": "Available", "message": ""}
        ready = {"infrastructureProvisioned": True, "controlPlaneInitialized": True}
        status = {"status": {"initialization": ready, "conditions": [theirs]}}
        await self.user.merge_patch(CLUSTERS, self.suffix, status, "demo", subresource="status")
        return names.record_name(MANAGEMENT, made["metadata"]["uid"])

    async def scale_down(self) -> None:
        """Scale down as the StatefulSet's controller would: there is none here."""
        for item in (await self.user.list(resources.STATEFUL_SETS)).items:
            metadata = item["metadata"]
            status = {"status": {"observedGeneration": metadata["generation"], "replicas": 0}}
            await self.user.merge_patch(
                resources.STATEFUL_SETS,
                metadata["name"],
                status,
                metadata["namespace"],
                subresource="status",
            )

    async def clean(self) -> None:
        """Take everything of the test away, whatever holds it.

        After a Cluster was deleted its AKO is still there: nobody deletes what goes with a Cluster.
        The next test's record would find it in its way.
        """
        free = {"metadata": {"finalizers": None}}
        for item in (await self.user.list(resources.AKO_DEPLOYMENTS)).items:
            name = item["metadata"]["name"]
            if item["spec"]["clusterRef"]["name"] != self.suffix:
                continue
            await self.deployer.undeploy(
                name, record_.from_object(item).spec.inventory, self.user, _unstored
            )
            with contextlib.suppress(errors.NotFoundError):
                await self.user.merge_patch(resources.AKO_DEPLOYMENTS, name, free)
                await self.user.delete(resources.AKO_DEPLOYMENTS, name)
        for kind, namespace in ((CLUSTERS, "demo"), (resources.AKO_DEPLOYMENT_CONFIGS, None)):
            with contextlib.suppress(errors.NotFoundError):
                await self.user.merge_patch(kind, self.suffix, free, namespace)
                await self.user.delete(kind, self.suffix, namespace)


async def _unstored(inventory: deployer.Inventory) -> None:
    """Stores no inventory: its record is about to go."""


CA = "-----BEGIN CERTIFICATE-----\nbm90IGEgcmVhbCBvbmU=\n-----END CERTIFICATE-----\n"


class NoThreads:
    """Nothing here blocks."""

    async def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("nobody should need a thread")
