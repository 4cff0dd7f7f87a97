"""Cluster API in memory: Clusters with all that belongs to them, and how they go.

One step at a time, when a test says so. What is made of a Cluster: a Machine, an infrastructure
object, a kubeconfig Secret, and a workload cluster that answers until its Machine goes.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

from akoo_core.clock import Clock
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.testing.memory import workloads
from akoo_core.testing.memory.kubelet import OTHERS
from akoo_core.testing.memory.server import BUILT_IN, MemoryServer
from akoo_core.testing.memory.store import Object

FINALIZER: Final = "cluster.cluster.x-k8s.io"
MACHINE_FINALIZER: Final = "machine.cluster.x-k8s.io"
INFRASTRUCTURE: Final = Resource(
    "infrastructure.cluster.x-k8s.io", "v1beta2", "fakeclusters", "FakeCluster"
)
MACHINE_POOLS: Final = Resource("cluster.x-k8s.io", "v1beta2", "machinepools", "MachinePool")
KINDS: Final = (*BUILT_IN, MACHINE_POOLS, INFRASTRUCTURE)
"""The kinds that the management cluster has to serve."""


class MemoryClusterApi:
    """Clusters of one management cluster. ``workloads`` are their servers, by name."""

    def __init__(self, management: MemoryServer, clock: Clock) -> None:
        self.management = management
        self.workloads: dict[str, workloads.MemoryWorkload] = {}
        self.kube_system_uids: dict[str, str] = {}
        """Of every server there ever was, by its name."""
        self._clock = clock
        self._client = management.client(system=OTHERS, field_manager="capi")

    async def create(
        self, name: str, namespace: str, labels: dict[str, str], annotations: dict[str, str]
    ) -> str:
        """A Cluster whose control plane answers; its UID."""
        made = await self._client.create(
            resources.CLUSTERS, _cluster(name, namespace, labels, annotations)
        )
        uid: str = made["metadata"]["uid"]
        server = server_name(name, uid)
        workload = MemoryServer(name=server, clock=self._clock, definitions=True)
        self.workloads[server] = workloads.MemoryWorkload(workload)
        self.kube_system_uids[server] = kube_system_uid(workload)
        self.management.seed(
            _infrastructure(name, namespace),
            _machine(name, namespace),
            workloads.kubeconfig(namespace, name, server),
        )
        ready = {"infrastructureProvisioned": True, "controlPlaneInitialized": True}
        status = {"status": {"initialization": ready}}
        await self._client.merge_patch(
            resources.CLUSTERS, name, status, namespace, subresource="status"
        )
        return uid

    def workload_of(self, cluster: Object) -> workloads.MemoryWorkload | None:
        """The workload cluster of a Cluster; None once it is torn down."""
        metadata = cluster["metadata"]
        return self.workloads.get(server_name(metadata["name"], metadata["uid"]))

    async def tear_down(self, cluster: Object) -> None:
        """One step of the deletion of a Cluster; nothing while it is not being deleted."""
        metadata = cluster["metadata"]
        if "deletionTimestamp" not in metadata:
            return
        if await self._remove_next(cluster) or FINALIZER not in (metadata.get("finalizers") or ()):
            return
        kept = [finalizer for finalizer in metadata["finalizers"] if finalizer != FINALIZER]
        version = metadata["resourceVersion"]
        patch = {"metadata": {"finalizers": kept or None, "resourceVersion": version}}
        with contextlib.suppress(errors.ConflictError):
            await self._client.merge_patch(
                resources.CLUSTERS, metadata["name"], patch, metadata["namespace"]
            )

    async def remove_all(self, cluster: Object) -> None:
        """Everything that was made of a Cluster, at once; the Cluster itself stays."""
        while await self._remove_next(cluster):
            pass

    async def _remove_next(self, cluster: Object) -> bool:
        """One of the things that were made of a Cluster; False when none is left."""
        metadata = cluster["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]
        if self._has(resources.MACHINES, namespace, f"{name}-1"):
            await self._client.delete(resources.MACHINES, f"{name}-1", namespace)
            self.workloads.pop(server_name(name, metadata["uid"]), None)
            free = {"metadata": {"finalizers": None}}
            await self._client.merge_patch(resources.MACHINES, f"{name}-1", free, namespace)
        elif self._has(INFRASTRUCTURE, namespace, name):
            await self._client.delete(INFRASTRUCTURE, name, namespace)
        elif self._has(resources.SECRETS, namespace, f"{name}-kubeconfig"):
            await self._client.delete(resources.SECRETS, f"{name}-kubeconfig", namespace)
        else:
            return False
        return True

    def _has(self, kind: Resource, namespace: str, name: str) -> bool:
        rows = self.management.store.select(kind, namespace)
        return any(key.name == name for key, _ in rows)


def server_name(name: str, uid: str) -> str:
    """The host name of the API server of a Cluster."""
    return f"{name}-{uid}"


def _cluster(
    name: str, namespace: str, labels: dict[str, str], annotations: dict[str, str]
) -> Object:
    infra = {"apiGroup": INFRASTRUCTURE.group, "kind": INFRASTRUCTURE.kind, "name": name}
    metadata: dict[str, Any] = {
        "namespace": namespace,
        "name": name,
        "labels": labels,
        "annotations": annotations,
        "finalizers": [FINALIZER],
    }
    return {
        "apiVersion": resources.CLUSTERS.api_version,
        "kind": resources.CLUSTERS.kind,
        "metadata": {key: value for key, value in metadata.items() if value},
        "spec": {"infrastructureRef": infra},
    }


def _infrastructure(name: str, namespace: str) -> Object:
    return {
        "apiVersion": INFRASTRUCTURE.api_version,
        "kind": INFRASTRUCTURE.kind,
        "metadata": {"namespace": namespace, "name": name},
    }


def _machine(name: str, namespace: str) -> Object:
    return {
        "apiVersion": resources.MACHINES.api_version,
        "kind": resources.MACHINES.kind,
        "metadata": {
            "namespace": namespace,
            "name": f"{name}-1",
            "labels": {"cluster.x-k8s.io/cluster-name": name},
            "finalizers": [MACHINE_FINALIZER],
        },
    }


def kube_system_uid(server: MemoryServer) -> str:
    """The UID of a server's kube-system namespace."""
    rows = server.store.select(resources.NAMESPACES, None)
    return str(next(obj["metadata"]["uid"] for key, obj in rows if key.name == "kube-system"))
