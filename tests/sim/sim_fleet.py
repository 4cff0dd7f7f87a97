"""The fleet: a management cluster, workload clusters with AKO, Cluster API, a user, processes.

Everything runs in one virtual-time loop and does the same in every run of the same seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
from collections.abc import AsyncIterator, Callable, Hashable
from typing import Any

from akoo_core import clock as clock_
from akoo_core import errors as core_errors
from akoo_core import external
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.objects import record as record_
from akoo_core.plugin import api
from akoo_core.settings import Settings
from akoo_core.testing import memory
from akoo_core.testing.calls import Crash
from akoo_core.testing.memory import cluster_api, kubelet, operator, workloads
from akoo_core.testing.memory.kubelet import OTHERS
from tests.sim.sim_laws import Laws, WatchedServer
from tests.sim.sim_outside import ACCOUNT, AKO_NAMESPACE, OWN, AkoPlugin, CloudPlugin, Outside

NAMESPACE = "demo"
CONFIG = "default"
TICK_SECONDS = 3.0
SETTINGS = Settings(finished_retention_seconds=10 * 86400.0, resync_seconds=120.0)


@dataclasses.dataclass(frozen=True, eq=False)
class Cast:
    """The plugins of one run, and what they need."""

    name: str
    plugins: Callable[[Outside], list[api.Plugin]]
    """New ones for each process."""
    config: dict[str, Any]
    """Fields of the AKODeploymentConfig's spec."""
    change: dict[str, Any]
    """The fields that a change of the config sets. By default it is the log level DEBUG."""
    secrets: tuple[dict[str, Any], ...] = ()
    """In the management cluster."""
    verifies: bool = True
    """True if one of them proves that nothing is left."""
    kinds: tuple[resources.Resource, ...] = ()
    """Kinds of theirs that the management cluster serves."""
    fleet: Callable[[clock_.Clock, Cast], SimFleet] | None = None
    """Their own fleet; None: the plain one."""


def _small(outside: Outside) -> list[api.Plugin]:
    return [CloudPlugin(outside), AkoPlugin()]


SMALL = Cast("small", _small, config={}, change={"logLevel": "DEBUG"})
"""Two plugins that have every verb between them."""


class SimFleet:
    """All there is but the processes of the operator."""

    def __init__(self, clock: clock_.Clock, cast: Cast = SMALL) -> None:
        self.clock = clock
        self.management = WatchedServer(
            name="management",
            clock=clock,
            resources=(*cluster_api.KINDS, *cast.kinds),
            history_limit=4000,
        )
        self.management_id = cluster_api.kube_system_uid(self.management)
        self.capi = cluster_api.MemoryClusterApi(self.management, clock)
        self.workloads = self.capi.workloads
        self.laws = Laws(self.management, self.capi.kube_system_uids.__getitem__)
        self.outside = Outside(self.laws)
        self.laws.verifies = cast.verifies
        self.laws.own = self.outside.own
        self.laws.claimed = self.outside.claims.__contains__
        self.laws.account = self.outside.accounts.__contains__
        self.cast = cast
        self.management.seed(*cast.secrets)
        self.user = self.management.client(system=OTHERS, field_manager="kubectl")
        self.chance: Callable[[], float] = lambda: 0.0
        """The probability that the world takes its time at a tick: 0 it never does."""
        self.tick_seconds = TICK_SECONDS
        self.lone = False
        """Processes that start now have no plugin that cleans up (--plugins ako)."""
        self.begins: Callable[[], None] = lambda: None
        """Called by a story where the part begins that it is about."""

    # The user.

    async def config(self, **spec: Any) -> None:
        body = {
            "apiVersion": resources.AKO_DEPLOYMENT_CONFIGS.api_version,
            "kind": "AKODeploymentConfig",
            "metadata": {"name": CONFIG},
            "spec": {"clusterSelector": {"matchLabels": {"lb": "avi"}}} | self.cast.config | spec,
        }
        await self.user.create(resources.AKO_DEPLOYMENT_CONFIGS, body)

    async def change_config(self, **spec: Any) -> None:
        await self.user.merge_patch(resources.AKO_DEPLOYMENT_CONFIGS, CONFIG, {"spec": spec})

    def log_level(self) -> str:
        """Of the config."""
        (config,) = self.management.objects(resources.AKO_DEPLOYMENT_CONFIGS)
        return str(config["spec"].get("logLevel", "INFO"))

    async def create_cluster(self, name: str) -> str:
        """Create demo/<name> with everything Cluster API makes of it; its UID."""
        return await self.capi.create(name, NAMESPACE, {"lb": "avi"}, {})

    async def patch_cluster(self, name: str, patch: dict[str, Any]) -> None:
        with contextlib.suppress(errors.NotFoundError):
            await self.user.merge_patch(resources.CLUSTERS, name, patch, NAMESPACE)

    async def delete_cluster(self, name: str) -> None:
        with contextlib.suppress(errors.NotFoundError):
            await self.user.delete(resources.CLUSTERS, name, NAMESPACE)

    async def tear_away(self, name: str) -> None:
        """Somebody takes it away by force with all that is its: nobody sees it being deleted."""
        cluster = self.clusters().get(name)
        if cluster is not None:
            self.laws.torn.add(cluster["metadata"]["uid"])
            await self.capi.remove_all(cluster)
            await self.patch_cluster(name, {"metadata": {"finalizers": None}})
            await self.delete_cluster(name)

    async def lose_record(self, record: str) -> None:
        """Somebody tears the record away."""
        self.laws.lost.add(record)
        stored = self.laws.record(record)
        self.laws.torn |= {stored.uid} if stored is not None else set()
        off = {"metadata": {"finalizers": None}}
        with contextlib.suppress(errors.NotFoundError):
            await self.user.merge_patch(resources.AKO_DEPLOYMENTS, record, off)
            await self.user.delete(resources.AKO_DEPLOYMENTS, record)

    async def mark(self, name: str, *, moving: bool) -> None:
        """Set, or take back, the mark that clusterctl sets on what it moves away."""
        value = "" if moving else None
        mark = {"metadata": {"annotations": {names.DELETE_FOR_MOVE_ANNOTATION: value}}}
        await self.patch_cluster(name, mark)

    async def move_away(self, name: str) -> None:
        """As clusterctl does: it pauses, marks and deletes, and takes all finalizers off."""
        cluster = self.clusters().get(name)
        if cluster is None:
            return
        uid = cluster["metadata"]["uid"]
        self.laws.torn.add(uid)
        self.laws.moved.add(uid)
        await self.patch_cluster(name, {"spec": {"paused": True}})
        await self.mark(name, moving=True)
        await self.delete_cluster(name)
        await self.capi.remove_all(cluster)
        await self.patch_cluster(name, {"metadata": {"finalizers": None}})

    async def annotate(self, record: str, **words: str | None) -> None:
        annotations = {f"akoo.io/{word.replace('_', '-')}": value for word, value in words.items()}
        with contextlib.suppress(errors.NotFoundError):
            await self.user.merge_patch(
                resources.AKO_DEPLOYMENTS, record, {"metadata": {"annotations": annotations}}
            )

    def clusters(self) -> dict[str, dict[str, Any]]:
        listed = self.management.objects(resources.CLUSTERS)
        return {obj["metadata"]["name"]: obj for obj in listed}

    def deployed(self, kube_system_uid: str) -> dict[str, str]:
        """The data of AKO's ConfigMap in a workload cluster; {} where there is none."""
        uids = self.capi.kube_system_uids
        servers = (
            load.server for name, load in self.workloads.items() if uids[name] == kube_system_uid
        )
        return next(map(_data_of, servers), {})

    def record_of(self, uid: str) -> record_.Record | None:
        listed = [record for record in self.laws.records() if record.spec.cluster_ref.uid == uid]
        return listed[0] if listed else None

    def survives(self) -> Hashable:
        """The state that a process leaves behind if it dies now: equal values mean equal states."""
        servers = {"management": self.management} | {k: v.server for k, v in self.workloads.items()}
        versions = tuple(sorted((name, server.store.version) for name, server in servers.items()))
        return self.clock.monotonic(), versions, self.outside.survives()

    # Cluster API, the kubelets, AKO: all at one tick.

    @contextlib.asynccontextmanager
    async def world(self) -> AsyncIterator[None]:
        """Let everybody but the operator act while the body runs."""
        task = asyncio.create_task(self._turn(), name="world")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()  # It has no end: what ended it is a mistake of the test.

    async def _turn(self) -> None:
        while True:
            await asyncio.sleep(self.tick_seconds)
            await self.tick()

    async def tick(self) -> None:
        """Everybody has one look."""
        for _, cluster in sorted(self.clusters().items()):
            if "deletionTimestamp" in cluster["metadata"] and random.random() >= self.chance():
                await self.tear_down(cluster)
        for _, workload in sorted(self.workloads.items()):
            if random.random() >= self.chance():
                await kubelet.MemoryKubelet(workload.server).look()
                if _runs_ako(workload.server):
                    await self.ako(workload.server, _data_of(workload.server))

    async def tear_down(self, cluster: dict[str, Any]) -> None:
        """One step of Cluster API's deletion of a Cluster."""
        await self.capi.tear_down(cluster)

    async def ako(self, workload: memory.MemoryServer, data: dict[str, str]) -> None:
        """One look of AKO, which runs there with this ``data`` in its ConfigMap."""
        name, own = data.get("clusterName", ""), data.get(ACCOUNT) == OWN
        if data.get("deleteConfig") != "true":
            made = f"vs-{len(self.outside.own(name)) % 3}"
            self.outside.ako_makes(name, made, own_account=own)
            return
        self.outside.ako_deletes(name, own_account=own)
        await self.ako_is_done(workload)

    async def ako_is_done(self, workload: memory.MemoryServer) -> None:
        """AKO says that it has deleted everything."""
        client = workload.client(system=OTHERS, field_manager="ako")
        done = {"metadata": {"annotations": {"AviObjectDeletionStatus": "Done"}}}
        with contextlib.suppress(errors.NotFoundError):
            await client.merge_patch(resources.STATEFUL_SETS, "ako", done, AKO_NAMESPACE)


def _runs_ako(workload: memory.MemoryServer) -> bool:
    return any(key.name == "ako-0" for key, _ in workload.store.select(resources.PODS, None))


def _data_of(workload: memory.MemoryServer) -> dict[str, str]:
    rows = workload.store.select(resources.CONFIG_MAPS, AKO_NAMESPACE)
    data = [obj.get("data") or {} for key, obj in rows if key.name == "avi-k8s-config"]
    return data[0] if data else {}


class Process:
    """One process of the operator on a fleet. Dead, it cannot call anything any more."""

    def __init__(self, fleet: SimFleet, seam: external.External, **more: Any) -> None:
        clients = workloads.MemoryWorkloads(
            fleet.management.client(external=seam),
            fleet.workloads,
            external=seam,
            clock=fleet.clock,
            on_write=fleet.laws.workload_write,
        )
        self.operator = operator.MemoryOperator(
            fleet.cast.plugins(fleet.outside),
            fleet.management,
            clients,
            external=seam,
            clock=fleet.clock,
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
        return all(_only(exception, kinds) for exception in error.exceptions)
    return isinstance(error, kinds)
