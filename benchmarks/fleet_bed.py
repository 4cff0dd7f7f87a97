"""A fleet: Clusters on one real management API server, workload API servers in memory.

What this leaves out of the figures: TLS, HTTP and JSON of the calls to workload clusters, and
their servers' own work. The management cluster, its watches and all of the operator are real; both
share this process with the workload servers, and the machine with the API server.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import pathlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from akoo_testbed import bare, build, definitions, kubeapi
from akoo_testbed.provider import manifests

from akoo_core import clock as clock_
from akoo_core import external, settings
from akoo_core.api import names as names_
from akoo_core.app import assembly, watches
from akoo_core.app import world as world_
from akoo_core.kube import client as client_
from akoo_core.kube import config, resource, transport, workloads
from akoo_core.plugins import controllers, loader, registry
from akoo_core.sandbox import demo, install
from akoo_core.telemetry import metrics
from akoo_core.testing import memory, memory_store

NAMESPACE = "fleet"
AKO_NAMESPACE = "avi-system"
APPLIED = "workload apply statefulsets"
DEFINED = "workload apply customresourcedefinitions"
_AT_ONCE = 20


class Calls:
    """External calls of the operator, by site."""

    def __init__(self) -> None:
        self.sites: collections.Counter[str] = collections.Counter()
        self.writes = 0

    def before(self, site: str, *, write: bool) -> None:
        self.sites[site] += 1
        self.writes += write

    def after(self, site: str, *, write: bool) -> None:
        return


class Kubelet(Calls):
    """One workload cluster's controllers, at once: CRDs are Established, AKO's Pod is ready."""

    def __init__(self, calls: Calls, server: memory.MemoryServer) -> None:
        super().__init__()
        self._calls = calls
        self._server = server
        self.applied = False

    def before(self, site: str, *, write: bool) -> None:
        self._calls.before(site, write=write)

    def after(self, site: str, *, write: bool) -> None:
        if site.startswith(DEFINED):
            self._establish()
        elif site.startswith(APPLIED):
            self.applied = True
            self._run()

    def _establish(self) -> None:
        kind = resource.CUSTOM_RESOURCE_DEFINITIONS
        for crd in self._server.objects(kind):
            spec, condition = crd["spec"], {"type": "Established", "status": "True"}
            key = memory_store.key_of(kind, None, crd["metadata"]["name"])
            if "status" not in crd:
                self._server.store.put(key, {**crd, "status": {"conditions": [condition]}})
            names, namespaced = spec["names"], spec["scope"] == "Namespaced"
            for version in spec["versions"]:
                self._server.served.serve(
                    resource.Resource(
                        spec["group"], version["name"], names["plural"], names["kind"], namespaced
                    )
                )

    def _run(self) -> None:
        store = self._server.store
        for wanted in self._server.objects(resource.STATEFUL_SETS, AKO_NAMESPACE):
            metadata, template = wanted["metadata"], wanted["spec"]["template"]
            ready = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas"), 1)
            status = ready | {"observedGeneration": metadata["generation"]}
            key = memory_store.key_of(resource.STATEFUL_SETS, AKO_NAMESPACE, metadata["name"])
            store.put(key, {**wanted, "status": status})
            name = f"{metadata['name']}-0"
            pod = memory_store.key_of(resource.PODS, AKO_NAMESPACE, name)
            if pod not in store.rows:
                labels = template["metadata"]["labels"]
                about = {"name": name, "namespace": AKO_NAMESPACE, "labels": labels}
                body = {"apiVersion": "v1", "kind": "Pod", "metadata": about}
                self._server.seed({**body, "spec": template["spec"]})


class Workloads:
    """The clients of all workload clusters (:class:`akoo_core.app.assembly.Workloads`)."""

    def __init__(self, management: client_.KubeClient, calls: Calls) -> None:
        self.management = management
        self._calls = calls
        self.clusters: dict[str, tuple[memory.MemoryServer, Kubelet]] = {}
        self._open: dict[str, client_.KubeClient] = {}

    async def client_for(self, namespace: str, name: str, cluster_uid: str) -> client_.KubeClient:
        if cluster_uid not in self._open:
            await self.management.get(resource.SECRETS, f"{name}-kubeconfig", namespace)
            server, kubelet = self.clusters.get(cluster_uid) or self._new(cluster_uid)
            seam = external.External(interceptor=kubelet)
            self._open[cluster_uid] = server.client(external=seam, system="workload")
        return self._open[cluster_uid]

    def _new(self, cluster_uid: str) -> tuple[memory.MemoryServer, Kubelet]:
        server = memory.MemoryServer(name=cluster_uid, clock=clock_.SystemClock(), history_limit=1)
        self.clusters[cluster_uid] = made = (server, Kubelet(self._calls, server))
        return made

    def applied(self) -> int:
        """In how many clusters AKO was applied."""
        return sum(kubelet.applied for _, kubelet in self.clusters.values())

    def silent_seconds(self, _uid: str) -> float:
        return 0.0

    async def forget(self, cluster_uid: str) -> None:
        self._open.pop(cluster_uid, None)

    async def close(self) -> None:
        self._open.clear()


class Fleet:
    """``count`` Clusters that an AKODeploymentConfig would select, and no operator yet."""

    def __init__(
        self,
        api: kubeapi.KubeApi,
        management: client_.KubeClient,
        calls: Calls,
        kubeconfig: pathlib.Path,
    ) -> None:
        self.api = api
        self.kubeconfig = kubeconfig
        self.calls = calls
        self.workloads = Workloads(management, calls)
        self.names: list[str] = []

    async def grow(self, count: int) -> None:
        """Have ``count`` Clusters."""
        new = [f"c{number}" for number in range(len(self.names), count)]
        await _all(new, self._create)
        self.names += new

    async def _create(self, name: str) -> None:
        made = next(
            one
            for one in manifests.cluster(NAMESPACE, name, labels=demo.LABELS, workers=0)
            if one["kind"] == "Cluster"
        )
        metadata = {"name": f"{name}-kubeconfig", "namespace": NAMESPACE}
        labels = {"cluster.x-k8s.io/cluster-name": name}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata | {"labels": labels}}
        await self.api.create({**secret, "stringData": {"value": "in memory"}})
        await self.api.create(made)
        ready = {"infrastructureProvisioned": True, "controlPlaneInitialized": True}
        status = {"status": {"initialization": ready}}
        kind = kubeapi.kind_of(made)
        await self.api.patch(kind, NAMESPACE, name, status, subresource="status")

    async def answers(self) -> dict[str, Any]:
        """What the workload clusters answer to an operator at rest, as values."""
        found: dict[str, Any] = {"clusters": {}, "version": {"gitVersion": "v1.34.1"}}
        for cluster_uid, (server, _) in self.workloads.clusters.items():
            (system,) = [
                one
                for one in server.objects(resource.NAMESPACES)
                if one["metadata"]["name"] == "kube-system"
            ]
            (ako,) = server.objects(resource.STATEFUL_SETS, AKO_NAMESPACE)
            record = ako["metadata"]["labels"][names_.RECORD_LABEL]
            found["clusters"][cluster_uid] = {"uid": system["metadata"]["uid"], "record": record}
            if "pods" not in found:
                found["statefulsets"] = ako
                (found["pods"],) = server.objects(resource.PODS, AKO_NAMESPACE)
                (found["secrets"],) = server.objects(resource.SECRETS, AKO_NAMESPACE)
                found["version"] = await server.client().raw("/version")
        return found

    async def label(self, names: list[str], value: str) -> None:
        """Change a label that nobody selects by."""
        patch = {"metadata": {"labels": {"note": value}}}
        kind = f"{resource.CLUSTERS.api_version}/Cluster"

        async def one(name: str) -> None:
            await self.api.patch(kind, NAMESPACE, name, patch)

        await _all(names, one)

    @contextlib.asynccontextmanager
    async def operator(self, workers: int = 10) -> AsyncIterator[world_.World]:
        """One operator with the ako plugin, working; the caches are filled."""
        seam = external.External(interceptor=self.calls)
        async with operator(
            self.workloads.management, self.workloads, seam, workers=workers
        ) as world:
            yield world


@contextlib.asynccontextmanager
async def operator(
    management: client_.KubeClient,
    clients: assembly.Workloads,
    seam: external.External,
    *,
    workers: int = 10,
) -> AsyncIterator[world_.World]:
    """An operator with the ako plugin in this process, working; the caches are filled."""
    loaded = settings.load(overrides={"enabledPlugins": "ako", "workers": workers})
    given, plugins = loaded.settings, loader.load(loaded)
    stop, now = asyncio.Event(), clock_.SystemClock()
    management_id = await workloads.kube_system_uid(management)
    world = world_.World(management_id, resource.CLUSTERS)
    parts = assembly.assemble(
        given,
        plugins,
        management=management,
        world=world,
        management_id=management_id,
        external=seam,
        clock=now,
        identity="benchmark",
        clients=clients,
    )
    following = watches.Watches(
        management,
        world,
        management_id=management_id,
        secrets=parts.secret_index,
        secret_namespaces=given.secret_namespaces,
        records=parts.records,
        configs=parts.configs,
        clock=now,
    )
    registered = controllers.collect(plugins)
    async with following.running():
        await following.synced()
        working = asyncio.create_task(
            parts.work(registered, management, stop=stop, grace_seconds=2)
        )
        try:
            yield world
        finally:
            stop.set()
            await working
            await parts.close()
            await plugins.close()


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Fleet]:
    """The management cluster of a fleet, with everything but Clusters and the config."""
    calls = Calls()
    seam = external.External(interceptor=calls)
    async with bare.BareServer() as server:
        path = install.write_private(
            server.site.folder / "bench.kubeconfig", server.server.kubeconfig
        )
        client = transport.HttpClient(await config.endpoint_of(str(path)), external=seam)
        async with kubeapi.KubeApi(server.server.kubeconfig) as api:
            share = build.ensure(["clusterapi"]).share("clusterapi") / "config" / "crd" / "bases"
            await definitions.install(api, share, definitions.FOLDER, install.crds_folder())
            await install.install(api, registry.PluginSet(()))
            about = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
            await api.create(about)
            for secret in demo.credentials(server.site.authority.pem):
                await api.create(secret)
            try:
                yield Fleet(api, client, calls, path)
            finally:
                await client.close()


def reconciles() -> float:
    """Attempts at records in this process so far."""
    (family,) = metrics.RECONCILE_TOTAL.collect()
    return sum(
        one.value
        for one in family.samples
        if one.name.endswith("_total") and one.labels["controller"] == "record"
    )


async def until(happened: Callable[[], Any], *, seconds: float) -> float:
    """Wait for it; the time it happened (monotonic). Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.02)
    return time.monotonic()


async def quiet(of: Callable[[], float], *, for_seconds: float, seconds: float) -> float:
    """Wait until ``of`` has not changed for a while; when it changed last (monotonic)."""
    last, since = of(), time.monotonic()
    async with asyncio.timeout(seconds):
        while time.monotonic() - since < for_seconds:
            await asyncio.sleep(0.05)
            if (now := of()) != last:
                last, since = now, time.monotonic()
    return since


async def _all(names: list[str], act: Callable[[str], Any]) -> None:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str) -> None:
        async with room:
            await act(name)

    await asyncio.gather(*(one(name) for name in names))
