"""An API server in memory: deterministic, no network, no timers, time injected.

It keeps the promises of :class:`akoo_core.kube.client.KubeClient` and is held to the same contract
tests as the real server. What it does not know: schemas (validation, defaulting, pruning),
admission, graceful deletion of Pods, namespaces that empty themselves, ends of watches by time.
"""

from __future__ import annotations

from collections.abc import Iterable

from akoo_core.clock import Clock, ManualClock
from akoo_core.external import External
from akoo_core.kube import resource as resources
from akoo_core.kube.client import FIELD_MANAGER, Object
from akoo_core.kube.request import ServerRequest
from akoo_core.kube.resource import Resource
from akoo_core.testing.memory import (
    apply,
    discovery,
    faults,
    garbage_collector,
    store,
    watch,
    writes,
)
from akoo_core.testing.memory import client as memory_client
from akoo_core.testing.memory import definitions as memory_definitions
from akoo_core.testing.memory.patch import copied

_ACCESS_REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False
)
BUILT_IN: tuple[Resource, ...] = (
    *(value for value in vars(resources).values() if isinstance(value, Resource)),
    _ACCESS_REVIEWS,
    Resource("", "v1", "serviceaccounts", "ServiceAccount"),
    Resource("", "v1", "services", "Service"),
    Resource("", "v1", "nodes", "Node", namespaced=False),
    Resource("apps", "v1", "deployments", "Deployment"),
    Resource("apps", "v1", "daemonsets", "DaemonSet"),
    Resource("batch", "v1", "jobs", "Job"),
    Resource("batch", "v1", "cronjobs", "CronJob"),
    Resource("networking.k8s.io", "v1", "ingressclasses", "IngressClass", namespaced=False),
    Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False),
    Resource("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", False),
    Resource("rbac.authorization.k8s.io", "v1", "roles", "Role"),
    Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
)
"""Served by default: every kind :mod:`akoo_core.kube.resource` names, and what AKO is made of."""


class MemoryServer:
    """One API server. Clients of it share its state.

    ``name`` makes uids differ between servers and is the same in every run. ``history_limit`` is
    how many changes a watch may lie behind before it is Gone. ``garbage_collection`` deletes
    dependents of deleted owners. ``namespaces_must_exist`` refuses objects in unknown namespaces,
    as real servers do. ``definitions`` serves the kinds of CustomResourceDefinitions as soon as
    they are created, and marks them Established. ``kube-system`` and ``default`` exist from the
    start.
    """

    def __init__(
        self,
        *,
        name: str = "memory",
        clock: Clock | None = None,
        resources: Iterable[Resource] = BUILT_IN,
        history_limit: int = 1000,
        garbage_collection: bool = False,
        namespaces_must_exist: bool = False,
        definitions: bool = False,
    ) -> None:
        self.clock: Clock = clock or ManualClock()
        self.faults = faults.Faults()
        self.served = discovery.Served(resources)
        self.store = store.ServerStore(history_limit)
        self.watches = watch.WatchFaults(self.store)
        self.writes = writes.Writes(
            self.store, self.clock, seed=name, namespaces_must_exist=namespaces_must_exist
        )
        self.garbage_collection = garbage_collection
        self._definitions = (
            memory_definitions.Definitions(self.store, self.served) if definitions else None
        )
        self.list_limit: int | None = None
        """Cap on the size of pages, to make paging happen with few objects."""
        for namespace in ("default", "kube-system"):
            self.seed(_namespace(namespace))

    def client(
        self,
        *,
        external: External | None = None,
        system: str = "kubernetes",
        field_manager: str = FIELD_MANAGER,
    ) -> memory_client.MemoryClient:
        """A client of this server; its calls go through ``external`` as ``system``."""
        return memory_client.MemoryClient(
            self, external or External(), system=system, field_manager=field_manager
        )

    def seed(self, *objects: Object) -> None:
        """Create objects at once, status included, without going through a client."""
        for obj in objects:
            resource = self.resource_of(obj)
            metadata = obj["metadata"]
            request = ServerRequest("create", resource, metadata.get("namespace"), metadata["name"])
            created = self.writes.create(request, obj, apply.Manager("seed", "Update"))
            if "status" in obj:
                key = store.key_of(resource, request.namespace, metadata["name"])
                self.store.put(key, {**created, "status": copied(obj["status"])})

    def objects(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """The stored objects of a kind, for assertions; copies."""
        return [copied(obj) for _, obj in self.store.select(resource, namespace)]

    def expire(self) -> None:
        """Compact: older watches and list tokens are Gone from now on."""
        self.store.compact()
        self.store.wake()

    def settle(self) -> None:
        """Effects of a write on other objects."""
        if self._definitions is not None:
            self._definitions.settle()
        if self.garbage_collection:
            now = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            garbage_collector.collect(self.store, now)

    def resource_of(self, obj: Object) -> Resource:
        """The served kind of ``obj``. Raises LookupError."""
        return self.served.find(obj["apiVersion"], obj["kind"])


def _namespace(name: str) -> Object:
    """A Namespace as the server makes it."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "status": {"phase": "Active"},
    }
