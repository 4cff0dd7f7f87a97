"""A fleet: Clusters on one real management API server, workload API servers in memory.

What this leaves out of the figures: TLS, HTTP and JSON of the calls to workload clusters, and
their servers' own work. The management cluster, its watches and all of the operator are real; both
share this process with the workload servers, and the machine with the API server.
"""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from akoo_testbed import bare, definitions, kubeapi
from akoo_testbed.building import build
from akoo_testbed.provider import manifests

from akoo_core import external
from akoo_core.app import world as world_
from akoo_core.kube import client as client_
from akoo_core.kube import resource, transport
from akoo_core.kube.access import config
from akoo_core.manifests import packaged
from akoo_core.objects import names as names_
from akoo_core.plugin_host import registry
from akoo_core.sandbox import demo, install
from benchmarks import fleet_operator, fleet_workloads

NAMESPACE = "fleet"
_AT_ONCE = 20


class FleetBed:
    """``count`` Clusters that an AKODeploymentConfig would select, and no operator yet."""

    def __init__(
        self,
        api: kubeapi.KubeApi,
        management: client_.KubeClient,
        calls: fleet_workloads.Calls,
        kubeconfig: pathlib.Path,
        server_pid: int,
    ) -> None:
        self.api = api
        self.server_pid = server_pid
        self.kubeconfig = kubeconfig
        self.calls = calls
        self.workloads = fleet_workloads.Workloads(management, calls)
        self.names: list[str] = []

    async def grow(self, count: int) -> None:
        """Have ``count`` Clusters."""
        new = [f"c{number}" for number in range(len(self.names), count)]
        await at_once(new, self.create)
        self.names += new

    async def create(self, name: str) -> None:
        """One Cluster whose control plane is there, and the Secret of its kubeconfig."""
        made = next(
            obj
            for obj in manifests.cluster(NAMESPACE, name, labels=demo.LABELS, workers=0)
            if obj["kind"] == "Cluster"
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
        """The answers of the workload clusters to an operator at rest: the identity of each, and
        every object of one of them, whose record is the ``template``."""
        clusters: dict[str, Any] = {}
        known: dict[str, Any] = {"clusters": clusters}
        for cluster_uid, (server, _) in self.workloads.clusters.items():
            (system,) = [
                obj
                for obj in server.objects(resource.NAMESPACES)
                if obj["metadata"]["name"] == "kube-system"
            ]
            (ako,) = server.objects(resource.STATEFUL_SETS, fleet_workloads.AKO_NAMESPACE)
            record = ako["metadata"]["labels"][names_.RECORD_LABEL]
            clusters[cluster_uid] = {"uid": system["metadata"]["uid"], "record": record}
            if "objects" not in known:
                rows = server.store.rows.items()
                known["objects"] = {f"{key.plural}/{key.name}": obj for key, obj in rows}
                known["template"] = record
                known["version"] = await server.client().raw("/version")
        return known

    async def label(self, names: list[str], value: str) -> None:
        """Change a label that nobody selects by."""
        patch = {"metadata": {"labels": {"note": value}}}
        kind = f"{resource.CLUSTERS.api_version}/Cluster"

        async def patch_label(name: str) -> None:
            await self.api.patch(kind, NAMESPACE, name, patch)

        await at_once(names, patch_label)

    @contextlib.asynccontextmanager
    async def operator(self, workers: int = 10) -> AsyncIterator[world_.CachedWorld]:
        """One operator with the ako plugin, working; the caches are filled."""
        seam = external.External(interceptor=self.calls)
        async with fleet_operator.operator(
            self.workloads.management, self.workloads, seam, workers=workers
        ) as world:
            yield world


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[FleetBed]:
    """The management cluster of a fleet, with everything but Clusters and the config."""
    calls = fleet_workloads.Calls()
    seam = external.External(interceptor=calls)
    async with bare.BareServer() as server:
        path = install.write_private(
            server.base.folder / "bench.kubeconfig", server.server.kubeconfig
        )
        client = transport.HttpClient(await config.endpoint_of(str(path)), external=seam)
        async with kubeapi.KubeApi(server.server.kubeconfig) as api:
            share = build.ensure(["clusterapi"]).share("clusterapi") / "config" / "crd" / "bases"
            await definitions.install(api, share, definitions.FOLDER, packaged.core_folder("crds"))
            await install.install(api, registry.PluginSet(()))
            about = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
            await api.create(about)
            for secret in demo.credentials(server.base.authority.pem):
                await api.create(secret)
            try:
                yield FleetBed(api, client, calls, path, server.server.pid)
            finally:
                await client.close()


async def at_once(names: list[str], act: Callable[[str], Any]) -> None:
    """``act`` on each, some at a time."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def act_when_free(name: str) -> None:
        async with room:
            await act(name)

    await asyncio.gather(*(act_when_free(name) for name in names))
