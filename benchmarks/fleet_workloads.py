"""The workload API servers of a fleet: in memory, with controllers that act at once."""

from __future__ import annotations

import collections
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from akoo_core import clock as clock_
from akoo_core import external
from akoo_core.kube import client as client_
from akoo_core.kube import resource
from akoo_core.kube.request import ServerRequest
from akoo_core.testing import memory
from akoo_core.testing.memory import store as memory_store
from akoo_core.testing.memory.client import MemoryTransport

AKO_NAMESPACE = "avi-system"
APPLIED = "workload apply statefulsets"
DEFINED = "workload apply customresourcedefinitions"

T = TypeVar("T")


class Calls:
    """External calls of the operator, by site."""

    def __init__(self) -> None:
        self.sites: collections.Counter[str] = collections.Counter()
        self.written: collections.Counter[str] = collections.Counter()
        self.imitated = 0.0
        """CPU seconds of workload API servers and their controllers, which are ours here."""

    @property
    def writes(self) -> int:
        return self.written.total()

    def before(self, site: str, *, write: bool) -> None:
        self.sites[site] += 1
        if write:
            self.written[site] += 1

    def after(self, site: str, *, write: bool) -> None:
        return

    @contextlib.contextmanager
    def imitating(self) -> Iterator[None]:
        """The body does what an API server or a controller of a workload cluster would do."""
        started = time.thread_time()
        try:
            yield
        finally:
            self.imitated += time.thread_time() - started


class Transport(MemoryTransport):
    """Counts what the server's work costs (but for the copies of its answers)."""

    def __init__(self, server: memory.MemoryServer, seam: external.External, calls: Calls) -> None:
        super().__init__(server, seam, system="workload")
        self._calls = calls

    async def _call(
        self, request: ServerRequest, function: Callable[[], T], *, dry_run: bool = False
    ) -> T:
        def measured() -> T:
            with self._calls.imitating():
                return function()

        return await super()._call(request, measured, dry_run=dry_run)


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
        with self._calls.imitating():
            if site.startswith(DEFINED):
                self._establish()
            elif site.startswith(APPLIED):
                self.applied = True
                self._run()

    def _establish(self) -> None:
        store = self._server.store
        for key, crd in store.select(resource.CUSTOM_RESOURCE_DEFINITIONS, None):
            if "status" in crd:
                continue
            spec, condition = crd["spec"], {"type": "Established", "status": "True"}
            store.put(key, {**crd, "status": {"conditions": [condition]}})
            names, namespaced = spec["names"], spec["scope"] == "Namespaced"
            for version in spec["versions"]:
                served = (spec["group"], version["name"], names["plural"], names["kind"])
                self._server.served.serve(resource.Resource(*served, namespaced))

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
                running = {"name": "ako", "ready": True, "state": {"running": {}}}
                status = {"phase": "Running", "containerStatuses": [running]}
                self._server.seed({**body, "spec": template["spec"], "status": status})
                self._say_ready(name, str(store.rows[pod]["metadata"]["uid"]))

    def _say_ready(self, pod: str, uid: str) -> None:
        """AKO's own Event: without it, AKO counts as one that starts."""
        about = {"kind": "Pod", "name": pod, "namespace": AKO_NAMESPACE, "uid": uid}
        metadata = {"name": f"{pod}.ready", "namespace": AKO_NAMESPACE}
        event = {"apiVersion": "v1", "kind": "Event", "metadata": metadata}
        self._server.seed({**event, "involvedObject": about, "reason": "AKOReady"})


class Workloads:
    """The clients of all workload clusters (:class:`akoo_core.app.parts.Workloads`)."""

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
            self._open[cluster_uid] = client_.KubeClient(Transport(server, seam, self._calls))
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
