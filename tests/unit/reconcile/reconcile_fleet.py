"""A management and a workload cluster in memory, small plugins, and the real reconciler."""

from __future__ import annotations

import base64
from typing import Any

from akoo_core import external, structs
from akoo_core.clock import ManualClock
from akoo_core.kube import errors, finalizers
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.conditions import Condition
from akoo_core.objects.record import Leaving, Record
from akoo_core.plugin import api
from akoo_core.plugin_host import caller, context, registry
from akoo_core.reconcile import config_controller, record_controller
from akoo_core.reconcile.act import record_writes
from akoo_core.reconcile.act.services import Services
from akoo_core.reconcile.deploy import deployer, secrets
from akoo_core.reconcile.read import ancestor, secret_reader
from akoo_core.reconcile.read.pace import Pace
from akoo_core.reconcile.status import events as record_events
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_world

CANARY = "canary-password-7"
MACHINE_POOLS = Resource("cluster.x-k8s.io", "v1beta2", "machinepools", "MachinePool")
FAKE_INFRA = Resource("infrastructure.cluster.x-k8s.io", "v1beta2", "fakeclusters", "FakeCluster")


class ReconcileFleet:
    """Everything, and a user who creates, changes and deletes."""

    def __init__(self, *plugins: api.Plugin, seam: external.External | None = None) -> None:
        self.clock = ManualClock(builders.NOW)
        self.external = seam or external.External()
        kinds = (*memory.BUILT_IN, MACHINE_POOLS, FAKE_INFRA)
        self.management = memory.MemoryServer(name="management", clock=self.clock, resources=kinds)
        self.workload = memory.MemoryServer(name="workload", clock=self.clock)
        self.workloads = reconcile_world.Workloads(self.workload, self.external)
        self.world = reconcile_world.CurrentWorld(self.management)
        self.user = self.management.client(field_manager="kubectl")
        self.plugins = plugins
        for name, plugin in zip(("ako", "avi"), plugins, strict=False):
            plugin.name = name
        password = base64.b64encode(CANARY.encode()).decode()
        self.management.seed(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"namespace": "akoo-system", "name": "ako"},
                "data": {"password": password},
            }
        )
        self.start()

    def start(self) -> None:
        """A new process over the same servers."""
        client = self.management.client(external=self.external)
        plugin_set = registry.PluginSet(self.plugins)
        reader = secret_reader.ManagementSecretReader(client, allowed_namespaces=("akoo-system",))
        self.recorder = record_events.Recorder(client, self.clock, instance="test")
        means = context.Means(
            clock=self.clock,
            external=self.external,
            secrets=reader.once,
            threads=lambda _: reconcile_world.Threads(),
            management_id=builders.MANAGEMENT,
        )
        self.services = Services(
            management=client,
            clusters=resources.CLUSTERS,
            management_id=builders.MANAGEMENT,
            world=self.world,
            plugins=plugin_set,
            caller=caller.VerbCaller(plugin_set),
            workloads=self.workloads,
            secrets=reader,
            threads=lambda plugin: reconcile_world.Threads(),
            external=self.external,
            clock=self.clock,
            records=record_writes.RecordWriter(client),
            finalizers=finalizers.Finalizers(client),
            ancestor=ancestor.Ancestor(client, "akoo-system", resources.CLUSTERS),
            deployer=deployer.Deployer(
                clock=self.clock,
                opener=secrets.SecretOpener(reader, plugin_set, means),
                pause=_at_once,
            ),
            recorder=self.recorder,
            pace=Pace(self.clock),
        )
        self.reconciler = record_controller.RecordReconciler(self.services)
        self.configs = config_controller.ConfigReconciler(
            client,
            self.world,
            self.services.finalizers,
            self.clock,
            ancestor=self.services.ancestor,
            plugins=self.plugins,
        )

    # What users and Cluster API do.

    async def config(self, name: str = "default", **spec: Any) -> None:
        selector = {"matchLabels": {"lb": "avi"}}
        body = {
            "apiVersion": resources.AKO_DEPLOYMENT_CONFIGS.api_version,
            "kind": "AKODeploymentConfig",
            "metadata": {"name": name},
            "spec": {"clusterSelector": selector} | spec,
        }
        await self.user.create(resources.AKO_DEPLOYMENT_CONFIGS, body)

    async def change_config(self, name: str = "default", **spec: Any) -> None:
        await self.user.merge_patch(resources.AKO_DEPLOYMENT_CONFIGS, name, {"spec": spec})

    async def cluster(self, name: str = "shop", **metadata: Any) -> str:
        """Create demo/<name>, connectable; its record's name."""
        infra = {
            "apiVersion": FAKE_INFRA.api_version,
            "kind": "FakeCluster",
            "metadata": {"namespace": "demo", "name": name},
        }
        machine = {
            "apiVersion": resources.MACHINES.api_version,
            "kind": "Machine",
            "metadata": {
                "namespace": "demo",
                "name": f"{name}-1",
                "labels": {names.CAPI_CLUSTER_NAME_LABEL: name},
                "finalizers": ["machine.cluster.x-k8s.io"],
            },
        }
        self.management.seed(infra, machine)
        body = {
            "apiVersion": resources.CLUSTERS.api_version,
            "kind": "Cluster",
            "metadata": {
                "namespace": "demo",
                "name": name,
                "labels": {"lb": "avi"},
                "finalizers": ["cluster.cluster.x-k8s.io"],
            }
            | metadata,
            "spec": {
                "infrastructureRef": {
                    "apiGroup": FAKE_INFRA.group,
                    "kind": "FakeCluster",
                    "name": name,
                }
            },
        }
        made = await self.user.create(resources.CLUSTERS, body)
        status = {
            "initialization": {"infrastructureProvisioned": True, "controlPlaneInitialized": True}
        }
        await self.user.merge_patch(
            resources.CLUSTERS, name, {"status": status}, "demo", subresource="status"
        )
        return names.record_name(builders.MANAGEMENT, made["metadata"]["uid"])

    async def patch_cluster(self, patch: dict[str, Any], name: str = "shop") -> None:
        await self.user.merge_patch(resources.CLUSTERS, name, patch, "demo")

    async def delete_cluster(self, name: str = "shop") -> None:
        await self.user.delete(resources.CLUSTERS, name, "demo")

    async def kill_machines(self, name: str = "shop") -> None:
        """Machines are being deleted; AKO's node with them."""
        await self.user.delete(resources.MACHINES, f"{name}-1", "demo")

    async def tear_down(self, name: str = "shop") -> None:
        """Cluster API has finished: machines, infrastructure and its finalizer are gone."""
        await self.user.merge_patch(
            resources.MACHINES, f"{name}-1", {"metadata": {"finalizers": None}}, "demo"
        )
        for kind, obj in ((resources.MACHINES, f"{name}-1"), (FAKE_INFRA, name)):
            try:
                await self.user.delete(kind, obj, "demo")
            except errors.NotFoundError:
                continue
        cluster = self.world.cluster_at("demo", name)
        assert cluster is not None
        kept = [
            finalizer for finalizer in cluster.finalizers if finalizer != "cluster.cluster.x-k8s.io"
        ]
        await self.patch_cluster({"metadata": {"finalizers": kept or None}}, name)

    async def annotate(self, name: str, **annotations: str | None) -> None:
        keys = {f"akoo.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
        await self.user.merge_patch(
            resources.AKO_DEPLOYMENTS, name, {"metadata": {"annotations": keys}}
        )

    # What the operator does.

    async def run(self, name: str, attempt: int = 0) -> record_controller.Outcome:
        """One attempt; the journals of both servers begin anew."""
        self.management.faults.calls.clear()
        self.workload.faults.calls.clear()
        return await self.reconciler.reconcile(name, attempt)

    @property
    def writes(self) -> list[str]:
        """The writes of the last attempt, anywhere."""
        calls = (*self.management.faults.calls, *self.workload.faults.calls)
        return [str(call) for call in calls if call.write]

    def record(self, name: str) -> Record:
        record = self.world.record(name)
        assert record is not None
        return record

    def condition(self, name: str, kind: str) -> tuple[str, str]:
        """(status, reason) of a condition of the record."""
        by_type = self._by_type(name)
        assert kind in by_type, f"{kind} is none of {sorted(by_type)}"
        return by_type[kind].status, by_type[kind].reason

    def message(self, name: str, kind: str) -> str:
        return self._by_type(name)[kind].message

    def conditions(self, name: str) -> set[str]:
        return set(self._by_type(name))

    def _by_type(self, name: str) -> dict[str, Condition]:
        return {condition.type: condition for condition in self.record(name).status.conditions}

    def on_cluster(self, name: str = "shop") -> tuple[str, str] | None:
        cluster = self.world.cluster_at("demo", name)
        listed = ((cluster.raw.get("status") or {}).get("conditions") or []) if cluster else []
        for condition in listed:
            if condition.get("type") == names.LOAD_BALANCER_READY:
                return condition["status"], condition["reason"]
        return None

    async def events(self, about: str = "Cluster") -> list[str]:
        """The reasons of all Events about objects of that kind."""
        return [event["reason"] for event in await self.event_objects(about)]

    async def event_objects(self, about: str = "Cluster") -> list[dict[str, Any]]:
        """All Events about objects of that kind, the oldest first."""
        await self.recorder.flush()
        events = self.management.objects(resources.EVENTS)
        events.sort(key=lambda event: str(event["eventTime"]))
        return [event for event in events if event["regarding"]["kind"] == about]

    def in_workload(self, resource: Resource, name: str) -> dict[str, Any] | None:
        obj = [obj for obj in self.workload.objects(resource) if obj["metadata"]["name"] == name]
        return obj[0] if obj else None


async def _at_once(seconds: float) -> None:
    """No waiting in these tests."""


def leaving(record: Record) -> Leaving:
    assert record.spec.leaving is not None
    return record.spec.leaving


async def running(fleet: ReconcileFleet, **spec: Any) -> str:
    """The record of demo/shop, deployed and running under a config with that spec."""
    await fleet.config(**spec)
    name = await fleet.cluster()
    await fleet.run(name)
    await fleet.run(name)
    await fleet.recorder.flush()
    return name


def let_go(fleet: ReconcileFleet, name: str) -> str:
    """The reason why the Cluster was let go, or ""."""
    state = leaving(fleet.record(name))
    return state.let_go.why if state.let_go else ""


def held_by_us(fleet: ReconcileFleet) -> bool:
    """True if demo/shop is there and carries our finalizer."""
    cluster = fleet.world.cluster_at("demo", "shop")
    return cluster is not None and names.FINALIZER in cluster.finalizers


def with_api_version(target: Cluster, version: str) -> Cluster:
    """The Cluster as an API server of that version gives it."""
    return structs.replace(target, raw=target.raw | {"apiVersion": version})
