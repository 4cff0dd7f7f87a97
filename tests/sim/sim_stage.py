"""The stage: a management cluster, workload clusters with AKO, Cluster API, a user, processes.

Everything runs in one virtual-time loop and does the same in every run of the same seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

from akoo_core import clock as clock_
from akoo_core import errors as core_errors
from akoo_core import external
from akoo_core.api import record as record_
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.plugins import api
from akoo_core.settings import Settings
from akoo_core.testing import memory, memory_operator, memory_workloads
from akoo_core.testing.calls import Crash
from tests.sim.sim_laws import Laws, WatchedServer
from tests.sim.sim_outside import AkoPlugin, CloudPlugin, Outside

NAMESPACE = "demo"
CAPI = "cluster.cluster.x-k8s.io"
FAKE_INFRA = Resource("infrastructure.cluster.x-k8s.io", "v1beta2", "fakeclusters", "FakeCluster")
MACHINE_POOLS = Resource("cluster.x-k8s.io", "v1beta2", "machinepools", "MachinePool")
KINDS = (*memory.BUILT_IN, MACHINE_POOLS, FAKE_INFRA)
CONFIG = "default"
OTHERS = "others"
"""The system under which calls that are not the operator's are traced."""
TICK_SECONDS = 3.0
SETTINGS = Settings(finished_retention_seconds=10 * 86400.0, resync_seconds=120.0)

Plugins = Callable[["Stage"], list[api.Plugin]]


def small_plugins(stage: Stage) -> list[api.Plugin]:
    """The two that have every verb between them."""
    return [CloudPlugin(stage.outside), AkoPlugin()]


class Stage:
    """All there is but the processes of the operator."""

    def __init__(self, clock: clock_.Clock, plugins: Plugins = small_plugins) -> None:
        self.clock = clock
        self.management = WatchedServer(
            name="management", clock=clock, resources=KINDS, history_limit=4000
        )
        self.workloads: dict[str, memory_workloads.MemoryWorkload] = {}
        self._uids: dict[str, str] = {}
        self.laws = Laws(self.management, lambda server: self._uids[server])
        self.outside = Outside(self.laws)
        self.laws.own = self.outside.own
        self.plugins = plugins
        self.user = self.management.client(system=OTHERS, field_manager="kubectl")
        self.chance: Callable[[], float] = lambda: 0.0
        """How likely the world takes its time at a tick: 0 it never does."""
        self.tick_seconds = TICK_SECONDS
        self.begins: Callable[[], None] = lambda: None
        """Called by a story where the part begins that it is about."""

    # The user.

    async def config(self, **spec: Any) -> None:
        body = {
            "apiVersion": resources.AKO_DEPLOYMENT_CONFIGS.api_version,
            "kind": "AKODeploymentConfig",
            "metadata": {"name": CONFIG},
            "spec": {"clusterSelector": {"matchLabels": {"lb": "avi"}}} | spec,
        }
        await self.user.create(resources.AKO_DEPLOYMENT_CONFIGS, body)

    async def change_config(self, **spec: Any) -> None:
        await self.user.merge_patch(resources.AKO_DEPLOYMENT_CONFIGS, CONFIG, {"spec": spec})

    async def create_cluster(self, name: str) -> str:
        """Create demo/<name> with everything Cluster API makes of it; its UID."""
        labels = {"cluster.x-k8s.io/cluster-name": name}
        infra = {"namespace": NAMESPACE, "name": name}
        machine = {"namespace": NAMESPACE, "name": f"{name}-1", "labels": labels}
        made = await self.user.create(resources.CLUSTERS, _cluster(name))
        uid: str = made["metadata"]["uid"]
        server = f"{name}-{uid}"
        workload = memory.MemoryServer(name=server, clock=self.clock, resources=KINDS)
        self.workloads[server] = memory_workloads.MemoryWorkload(workload)
        self._uids[server] = _kube_system(workload)
        self.management.seed(
            {"apiVersion": FAKE_INFRA.api_version, "kind": "FakeCluster", "metadata": infra},
            {
                "apiVersion": resources.MACHINES.api_version,
                "kind": "Machine",
                "metadata": machine | {"finalizers": ["machine.cluster.x-k8s.io"]},
            },
            memory_workloads.kubeconfig(NAMESPACE, name, server),
        )
        ready = {"infrastructureProvisioned": True, "controlPlaneInitialized": True}
        status = {"status": {"initialization": ready}}
        await self.user.merge_patch(
            resources.CLUSTERS, name, status, NAMESPACE, subresource="status"
        )
        return uid

    async def patch_cluster(self, name: str, patch: dict[str, Any]) -> None:
        with contextlib.suppress(errors.NotFoundError):
            await self.user.merge_patch(resources.CLUSTERS, name, patch, NAMESPACE)

    async def delete_cluster(self, name: str) -> None:
        with contextlib.suppress(errors.NotFoundError):
            await self.user.delete(resources.CLUSTERS, name, NAMESPACE)

    async def annotate(self, record: str, **words: str | None) -> None:
        said = {f"akoo.io/{word.replace('_', '-')}": value for word, value in words.items()}
        with contextlib.suppress(errors.NotFoundError):
            await self.user.merge_patch(
                resources.AKO_DEPLOYMENTS, record, {"metadata": {"annotations": said}}
            )

    def clusters(self) -> dict[str, dict[str, Any]]:
        found = self.management.objects(resources.CLUSTERS)
        return {one["metadata"]["name"]: one for one in found}

    def record_of(self, uid: str) -> record_.Record | None:
        found = [one for one in self.laws.records() if one.spec.cluster_ref.uid == uid]
        return found[0] if found else None

    # Cluster API, the kubelets, AKO: all at one tick.

    @contextlib.asynccontextmanager
    async def world(self) -> AsyncIterator[None]:
        """Let everybody but the operator act while the body runs."""
        task = asyncio.create_task(self._turn(), name="world")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _turn(self) -> None:
        while True:
            await asyncio.sleep(self.tick_seconds)
            for name, one in sorted(self.clusters().items()):
                if "deletionTimestamp" in one["metadata"] and random.random() >= self.chance():
                    await self._tear_down(name, one)
            for server, workload in sorted(self.workloads.items()):
                if random.random() >= self.chance():
                    await self._ako(server, workload.server)

    async def _tear_down(self, name: str, one: dict[str, Any]) -> None:
        """One step of Cluster API's deletion of a Cluster."""
        server = f"{name}-{one['metadata']['uid']}"
        key = (f"{name}-1", NAMESPACE)
        machines = [o["metadata"]["name"] for o in self.management.objects(resources.MACHINES)]
        infra = [o["metadata"]["name"] for o in self.management.objects(FAKE_INFRA)]
        secrets = [o["metadata"]["name"] for o in self.management.objects(resources.SECRETS)]
        if f"{name}-1" in machines:
            await self.user.delete(resources.MACHINES, *key)
            self.workloads.pop(server, None)
            free = {"metadata": {"finalizers": None}}
            await self.user.merge_patch(resources.MACHINES, key[0], free, NAMESPACE)
        elif name in infra:
            await self.user.delete(FAKE_INFRA, name, NAMESPACE)
        elif f"{name}-kubeconfig" in secrets:
            await self.user.delete(resources.SECRETS, f"{name}-kubeconfig", NAMESPACE)
        elif CAPI in (one["metadata"].get("finalizers") or ()):
            kept = [f for f in one["metadata"]["finalizers"] if f != CAPI]
            version = one["metadata"]["resourceVersion"]
            patch = {"metadata": {"finalizers": kept or None, "resourceVersion": version}}
            with contextlib.suppress(errors.ConflictError):
                await self.patch_cluster(name, patch)

    async def _ako(self, server: str, workload: memory.MemoryServer) -> None:
        """One look of the kubelet and of AKO in one workload cluster."""
        found = [
            one
            for one in workload.objects(resources.STATEFUL_SETS)
            if one["metadata"]["name"] == "ako"
        ]
        client = workload.client(system=OTHERS, field_manager="kubelet")
        pods = workload.objects(resources.PODS)
        wanted = int(found[0]["spec"].get("replicas", 1)) if found else 0
        if not wanted:
            for pod in pods:
                await client.delete(resources.PODS, pod["metadata"]["name"], "avi-system")
            return
        await _run_pod(client, found[0], running=bool(pods))
        config = [
            one
            for one in workload.objects(resources.CONFIG_MAPS)
            if one["metadata"]["name"] == "avi-k8s-config"
        ]
        data = (config[0].get("data") or {}) if config else {}
        name = data.get("clusterName", "")
        if data.get("deleteConfig") != "true":
            self.outside.ako_makes(name, f"vs-{len(self.outside.own(name)) % 3}")
            return
        self.outside.ako_deletes(name)
        done = {"metadata": {"annotations": {"AviObjectDeletionStatus": "Done"}}}
        await client.merge_patch(resources.STATEFUL_SETS, "ako", done, "avi-system")


async def _run_pod(client: Any, stateful_set: dict[str, Any], *, running: bool) -> None:
    if not running:
        await client.create(resources.PODS, _POD, "avi-system")
    status = {
        "observedGeneration": stateful_set["metadata"].get("generation", 1),
        "readyReplicas": 1,
        "updatedReplicas": 1,
    }
    if stateful_set.get("status") != status:
        await client.merge_patch(
            resources.STATEFUL_SETS, "ako", {"status": status}, "avi-system", subresource="status"
        )


_POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "ako-0",
        "namespace": "avi-system",
        "labels": {"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": "ako"},
    },
    "spec": {"containers": [{"name": "ako", "image": "ako:2.1.1"}], "nodeName": "node-1"},
    "status": {
        "phase": "Running",
        "containerStatuses": [
            {"name": "ako", "state": {"running": {}}, "ready": True, "restartCount": 0}
        ],
    },
}


def _cluster(name: str) -> dict[str, Any]:
    infra = {"apiGroup": FAKE_INFRA.group, "kind": "FakeCluster", "name": name}
    return {
        "apiVersion": resources.CLUSTERS.api_version,
        "kind": "Cluster",
        "metadata": {
            "namespace": NAMESPACE,
            "name": name,
            "labels": {"lb": "avi"},
            "finalizers": [CAPI],
        },
        "spec": {"infrastructureRef": infra},
    }


def _kube_system(server: memory.MemoryServer) -> str:
    found = server.objects(resources.NAMESPACES)
    uids = [o["metadata"]["uid"] for o in found if o["metadata"]["name"] == "kube-system"]
    return str(uids[0])


class Process:
    """One process of the operator on a stage. Dead, it cannot call anything any more."""

    def __init__(self, stage: Stage, seam: external.External, **more: Any) -> None:
        clients = memory_workloads.MemoryWorkloads(
            stage.management.client(external=seam),
            stage.workloads,
            external=seam,
            clock=stage.clock,
            on_write=stage.laws.workload_write,
        )
        self.operator = memory_operator.MemoryOperator(
            stage.plugins(stage),
            stage.management,
            clients,
            external=seam,
            clock=stage.clock,
            settings=SETTINGS,
            **more,
        )
        self.task = asyncio.create_task(self.operator.run(), name="operator")

    async def end(self) -> None:
        """Kill it, or collect how it died."""
        if not self.task.cancelling():
            self.task.cancel()
        await asyncio.wait({self.task})  # A second cancel would interrupt how it ends.
        result = None if self.task.cancelled() else self.task.exception()
        expected = (asyncio.CancelledError, Crash, core_errors.LeadershipLostError, type(None))
        if isinstance(result, BaseException) and not _only(result, expected):
            raise result


def _only(error: BaseException, kinds: tuple[type[Any], ...]) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_only(one, kinds) for one in error.exceptions)
    return isinstance(error, kinds)
