"""A workload server, a Secret in a management server, and a deployer between them."""

from __future__ import annotations

import base64
from typing import Any

from akoo_core import external
from akoo_core.clock import ManualClock
from akoo_core.kube import resource as resources
from akoo_core.kube.request import ServerRequest
from akoo_core.plugin import api
from akoo_core.plugin_host import context
from akoo_core.plugin_host.kept import keep
from akoo_core.reconcile.deploy import deployer, secrets
from akoo_core.reconcile.read import caches, secret_reader
from akoo_core.testing import calls, memory
from tests.unit.reconcile import reconcile_builders as builders

CANARY = b"canary-password-1"
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "avi-system"}}
CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "hostrules.ako.vmware.com"},
    "spec": {
        "group": "ako.vmware.com",
        "names": {"plural": "hostrules", "kind": "HostRule"},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True}],
    },
}
HOST_RULES = resources.Resource("ako.vmware.com", "v1", "hostrules", "HostRule")
STATEFUL_SETS = resources.STATEFUL_SETS


def config_map(name: str = "avi-k8s-config", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "avi-system"},
        "data": data or {"logLevel": "INFO"},
    }


def stateful_set() -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "ako", "namespace": "avi-system"},
        "spec": {"replicas": 1},
    }


SECRET = api.SecretObject(
    namespace="avi-system",
    name="avi-secret",
    data={
        "password": api.SecretSource(namespace="akoo", name="avi", key="password"),
        "ca": api.SecretSource(namespace="akoo", name="avi", key="ca", optional=True),
    },
)


class NoPlugins:
    ordered: tuple[api.Plugin, ...] = ()
    reverse: tuple[api.Plugin, ...] = ()

    def get(self, name: str) -> api.Plugin | None:
        return None


class DeployWorld:
    """A management server with one Secret, a workload server, and an inventory that is kept."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.management = memory.MemoryServer(name="management", clock=self.clock)
        self.management.seed(self.source(CANARY))
        self.workload = memory.MemoryServer(name="workload", clock=self.clock)
        self.inventory: deployer.Inventory = ()
        self.stored: list[deployer.Inventory] = []
        self.restart()

    def source(self, password: bytes, **more: bytes) -> dict[str, Any]:
        values = {"password": password} | more
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "avi", "namespace": "akoo"},
            "data": {key: base64.b64encode(value).decode() for key, value in values.items()},
        }

    def restart(self) -> None:
        self.reader = secret_reader.ManagementSecretReader(
            self.management.client(), allowed_namespaces=("akoo",)
        )
        self.use(secrets.nothing_known)

    def use(self, version_of: secrets.VersionOf, plugins: caches.Plugins | None = None) -> None:
        """A new process, with caches that show these versions."""
        opener = secrets.SecretOpener(
            self.reader, plugins or NoPlugins(), self.means, version_of=version_of
        )
        self.deployer = deployer.Deployer(clock=self.clock, opener=opener, pause=self.pause)

    @property
    def means(self) -> context.Means:
        """The means of plugins that keep secrets."""
        client = self.management.client()
        return context.Means(
            clock=self.clock,
            external=external.External(),
            secrets=self.reader.once,
            threads=lambda _: calls.InlineThreads(),
            management_id=builders.MANAGEMENT,
            keep=lambda plugin: keep.of_plugin(plugin, client, "akoo-system"),
        )

    async def pause(self, seconds: float) -> None:
        """Do the work of the apiextensions controller, which runs meanwhile."""
        for crd in self.workload.objects(resources.CUSTOM_RESOURCE_DEFINITIONS):
            condition = {"type": "Established", "status": "True"}
            await self.workload.client().merge_patch(
                resources.CUSTOM_RESOURCE_DEFINITIONS,
                crd["metadata"]["name"],
                {"status": {"conditions": [condition]}},
                subresource="status",
            )

    async def store(self, items: deployer.Inventory) -> None:
        self.inventory = items
        self.stored.append(items)

    async def deploy(
        self, *objects: dict[str, Any], secrets: tuple[api.SecretObject, ...] = (), **more: Any
    ) -> deployer.DeployReport:
        contribution = api.Contribution(objects=objects, secrets=secrets)
        return await self.run({"ako": contribution} | more)

    async def run(self, contributions: dict[str, api.Contribution]) -> deployer.DeployReport:
        self.workload.faults.calls.clear()
        job = deployer.Job(
            record_name=builders.RECORD, inventory=self.inventory, contributions=contributions
        )
        return await self.deployer.deploy(job, self.workload.client(), self.store)

    @property
    def calls(self) -> list[str]:
        return [f"{call.operation} {call.target}" for call in self.workload.faults.calls]

    @property
    def writes(self) -> list[ServerRequest]:
        return [call for call in self.workload.faults.calls if call.write]

    def get(self, resource: resources.Resource, name: str) -> dict[str, Any] | None:
        obj = [obj for obj in self.workload.objects(resource) if obj["metadata"]["name"] == name]
        return obj[0] if obj else None
