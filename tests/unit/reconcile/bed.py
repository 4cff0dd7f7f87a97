"""A management and a workload cluster in memory, small plugins, and the real reconciler."""

from __future__ import annotations

import base64
import datetime
from typing import Any, ClassVar

import builders

from akoo_core import clock, external, structs
from akoo_core.api import cluster, config, names, record
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.plugins import api, caller, registry
from akoo_core.reconcile import (
    attempt,
    config_controller,
    controller,
    deploy,
    finalizers,
    recorder,
    records,
    secret_reader,
    secrets,
    selection,
)
from akoo_core.testing import memory

CANARY = "canary-password-7"
MACHINE_POOLS = Resource("cluster.x-k8s.io", "v1beta2", "machinepools", "MachinePool")
FAKE_INFRA = Resource("infrastructure.cluster.x-k8s.io", "v1beta2", "fakeclusters", "FakeCluster")
AKO_NAMESPACE = "avi-system"


# Plugins.


class Account(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Account"
    user: str


class Ako(api.Plugin):
    """Deploys a StatefulSet with a ConfigMap and a Secret; drains and fences it."""

    accepts: ClassVar[tuple[type[api.Fact], ...]] = (Account,)

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.drain_answer: api.Result | None = api.Done(message="asked")
        self.calls: list[str] = []

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait | api.Blocked | None:
        level = (view.config.get("spec") or {}).get("logLevel", "INFO")
        account = view.fact(Account)
        data = {"logLevel": level, "user": account.user if account else ""}
        metadata = {"namespace": AKO_NAMESPACE}
        password = api.SecretSource(namespace="akoo-system", name="ako", key="password")
        return api.Contribution(
            objects=(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": AKO_NAMESPACE}},
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": "avi-k8s-config", **metadata},
                    "data": data,
                },
                {
                    "apiVersion": "apps/v1",
                    "kind": "StatefulSet",
                    "metadata": {"name": "ako", **metadata},
                    "spec": {"replicas": 1},
                },
            ),
            secrets=(
                api.SecretObject(
                    namespace=AKO_NAMESPACE, name="avi-secret", data={"password": password}
                ),
            ),
        )

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result | None:
        self.calls.append("observe")
        if ctx.workload is None:
            return api.Wait(reason="WorkloadUnreachable", message="no client", after=10)
        await ctx.workload.get(resources.STATEFUL_SETS, "ako", AKO_NAMESPACE)
        return api.Done(version="2.1.1")

    @api.hookimpl
    async def drain(self, ctx: api.VerbContext) -> api.Result | None:
        self.calls.append("drain")
        if ctx.workload is not None:
            patch = {"data": {"deleteConfig": "true"}}
            await ctx.workload.merge_patch(
                resources.CONFIG_MAPS, "avi-k8s-config", patch, AKO_NAMESPACE
            )
        return self.drain_answer

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait | api.Blocked | None:
        self.calls.append("fence")
        if ctx.workload is None:
            return api.Fenced(grade="Unfenced", evidence="no workload API", settle_seconds=0)
        patch = {"spec": {"replicas": 0}}
        await ctx.workload.merge_patch(resources.STATEFUL_SETS, "ako", patch, AKO_NAMESPACE)
        return api.Fenced(grade="Stopped", evidence="replicas 0, no Pod")

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result | None:
        self.calls.append("release")
        assert ctx.workload is None, "after let go no verb gets a workload client"
        return None


class Avi(api.Plugin):
    """An outside with objects: prepare claims, sweep deletes what it can, verify counts."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (Account,)
    outside: dict[str, set[str]]

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.outside = {}
        self.held: set[str] = set()
        self.user = "ako-user"
        self.fail: dict[str, Exception | api.Blocked] = {}
        self.calls: list[str] = []

    def _enter(self, verb: str, ctx: api.VerbContext) -> api.Blocked | None:
        self.calls.append(verb)
        told = self.fail.get(verb)
        if isinstance(told, Exception):
            raise told
        assert ctx.view.intent(self.name) is not None, "the intent was stored before"
        return told

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        cloud = (view.config.get("spec") or {}).get("cloudName", "cloud-1")
        return api.Intent(data={"cloud": cloud})

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result | None:
        told = self._enter("prepare", ctx)
        self.outside.setdefault(ctx.view.record_name, set())
        return told or api.Done(facts=(Account(user=self.user),))

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result | None:
        told = self._enter("sweep", ctx)
        left = self.outside.get(ctx.view.record_name, set()) & self.held
        self.outside[ctx.view.record_name] = left
        return told

    @api.hookimpl
    async def verify(
        self, ctx: api.VerbContext
    ) -> api.Proof | api.Unverified | api.Wait | api.Blocked | None:
        told = self._enter("verify", ctx)
        if told:
            return told
        own = self.outside.get(ctx.view.record_name, set())
        return api.Proof(own=len(own), held=len(own & self.held), queries=("virtualservice",))

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result | None:
        told = self._enter("release", ctx)
        self.outside.pop(ctx.view.record_name, None)
        return told


# The surroundings.


class World:
    """The caches, here the server's state itself."""

    def __init__(self, server: memory.MemoryServer) -> None:
        self._server = server

    def record(self, name: str) -> record.Record | None:
        return next((one for one in self.records() if one.name == name), None)

    def records(self) -> tuple[record.Record, ...]:
        found = self._server.objects(resources.AKO_DEPLOYMENTS)
        return tuple(record.from_object(one) for one in found)

    def _clusters(self) -> list[cluster.Cluster]:
        return [cluster.from_object(one) for one in self._server.objects(resources.CLUSTERS)]

    def cluster_of(self, name: str) -> cluster.Cluster | None:
        one = self.record(name)
        for found in self._clusters():
            if one is not None:
                if found.uid == one.spec.cluster_ref.uid:
                    return found
            elif names.record_name(builders.MANAGEMENT, found.uid) == name:
                return found
        return None

    def cluster_at(self, namespace: str, name: str) -> cluster.Cluster | None:
        key = f"{namespace}/{name}"
        return next((one for one in self._clusters() if one.key == key), None)

    def configs(self) -> tuple[config.Config, ...]:
        found = self._server.objects(resources.AKO_DEPLOYMENT_CONFIGS)
        return tuple(config.from_object(one) for one in found)

    def unreadable_configs(self) -> tuple[selection.Unreadable, ...]:
        return ()

    def records_of_cluster(self, namespace: str, name: str) -> tuple[record.Record, ...]:
        return tuple(
            one
            for one in self.records()
            if (one.spec.cluster_ref.namespace, one.spec.cluster_ref.name) == (namespace, name)
        )

    def records_of_config(self, name: str) -> tuple[record.Record, ...]:
        return tuple(one for one in self.records() if one.spec.config_ref.name == name)


class Workloads:
    """One workload server, reachable or not."""

    def __init__(self, server: memory.MemoryServer, ext: external.External) -> None:
        self.server: memory.MemoryServer = server
        self.others: dict[str, memory.MemoryServer] = {}
        self.silent = 0.0
        self.error: errors.KubeError | None = None
        self.forgotten: list[str] = []
        self._external = ext

    async def client_for(self, namespace: str, name: str, cluster_uid: str) -> client_.KubeClient:
        if self.error is not None:
            raise self.error
        server = self.others.get(name, self.server)
        return server.client(external=self._external, system="workload")

    def silent_seconds(self, cluster_uid: str) -> float:
        return self.silent

    async def forget(self, cluster_uid: str) -> None:
        self.forgotten.append(cluster_uid)


class Threads:
    async def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)


class Bed:
    """Everything, and a user who creates, changes and deletes."""

    def __init__(self, *plugins: api.Plugin) -> None:
        self.clock = clock.ManualClock(builders.NOW)
        self.external = external.External()
        kinds = (*memory.BUILT_IN, MACHINE_POOLS, FAKE_INFRA)
        self.management = memory.MemoryServer(name="management", clock=self.clock, resources=kinds)
        self.workload = memory.MemoryServer(name="workload", clock=self.clock)
        self.workloads = Workloads(self.workload, self.external)
        self.world = World(self.management)
        self.user = self.management.client(field_manager="kubectl")
        self.plugins = plugins
        for name, one in zip(("ako", "avi"), plugins, strict=False):
            one.name = name
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
        self.recorder = recorder.Recorder(client, self.clock, instance="test")
        self.services = attempt.Services(
            management=client,
            clusters=resources.CLUSTERS,
            management_id=builders.MANAGEMENT,
            world=self.world,
            plugins=plugin_set,
            caller=caller.VerbCaller(plugin_set),
            workloads=self.workloads,
            secrets=reader,
            threads=lambda plugin: Threads(),
            external=self.external,
            clock=self.clock,
            records=records.Records(client),
            finalizers=finalizers.Finalizers(client),
            deployer=deploy.Deployer(
                clock=self.clock, opener=secrets.SecretOpener(reader, plugin_set), pause=_at_once
            ),
            recorder=self.recorder,
        )
        self.reconciler = controller.RecordReconciler(self.services)
        self.configs = config_controller.ConfigReconciler(self.world, self.services.finalizers)

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
        for kind, one in ((resources.MACHINES, f"{name}-1"), (FAKE_INFRA, name)):
            try:
                await self.user.delete(kind, one, "demo")
            except errors.NotFoundError:
                continue
        found = self.world.cluster_at("demo", name)
        assert found is not None
        kept = [one for one in found.finalizers if one != "cluster.cluster.x-k8s.io"]
        await self.patch_cluster({"metadata": {"finalizers": kept or None}}, name)

    async def annotate(self, name: str, **annotations: str | None) -> None:
        said = {f"akoo.io/{word.replace('_', '-')}": value for word, value in annotations.items()}
        await self.user.merge_patch(
            resources.AKO_DEPLOYMENTS, name, {"metadata": {"annotations": said}}
        )

    # What the operator does.

    async def run(self, name: str, attempt: int = 0) -> controller.Outcome:
        """One attempt; the journals of both servers begin anew."""
        self.management.faults.calls.clear()
        self.workload.faults.calls.clear()
        return await self.reconciler.reconcile(name, attempt)

    @property
    def writes(self) -> list[str]:
        """What the last attempt wrote, anywhere."""
        calls = (*self.management.faults.calls, *self.workload.faults.calls)
        return [str(one) for one in calls if one.write]

    def record(self, name: str) -> record.Record:
        found = self.world.record(name)
        assert found is not None
        return found

    def condition(self, name: str, kind: str) -> tuple[str, str]:
        """(status, reason) of a condition of the record."""
        found = {one.type: one for one in self.record(name).status.conditions}
        assert kind in found, f"{kind} is none of {sorted(found)}"
        return found[kind].status, found[kind].reason

    def message(self, name: str, kind: str) -> str:
        found = {one.type: one for one in self.record(name).status.conditions}
        return found[kind].message

    def conditions(self, name: str) -> set[str]:
        return {one.type for one in self.record(name).status.conditions}

    def on_cluster(self, name: str = "shop") -> tuple[str, str] | None:
        found = self.world.cluster_at("demo", name)
        listed = ((found.raw.get("status") or {}).get("conditions") or []) if found else []
        ours = [one for one in listed if one.get("type") == names.LOAD_BALANCER_READY]
        return (ours[0]["status"], ours[0]["reason"]) if ours else None

    async def events(self) -> list[str]:
        await self.recorder.flush()
        return [one["reason"] for one in self.management.objects(resources.EVENTS)]

    def in_workload(self, resource: Resource, name: str) -> dict[str, Any] | None:
        found = [one for one in self.workload.objects(resource) if one["metadata"]["name"] == name]
        return found[0] if found else None

    @property
    def now(self) -> datetime.datetime:
        return self.clock.now()


async def _at_once(seconds: float) -> None:
    """No waiting in these tests."""


def leaving(one: record.Record) -> record.Leaving:
    assert one.spec.leaving is not None
    return one.spec.leaving


def changed(one: record.Record, **spec: Any) -> record.RecordSpec:
    return structs.replace(one.spec, **spec)
