"""A whole operator with its clusters in memory: the life of a cluster, in a few lines.

::

    @virtual_time.test
    async def test_a_life(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [MyPlugin()]) as fleet:
            await fleet.create_config(plugins={"my": {"zone": "a"}})
            await fleet.create_cluster("shop")
            await fleet.until_phase("shop", "Running")
            await fleet.delete_cluster("shop")
            await fleet.until_gone("shop")

The operator is the real one: its watches, queues and reconcilers, on API servers in memory. Cluster
API tears a deleted Cluster down and StatefulSets get their Pods, both once every few seconds of
virtual time, which costs no time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType

from akoo_core import structs
from akoo_core.external import External
from akoo_core.kube import resource as resources
from akoo_core.kube.client import Object
from akoo_core.objects.record import Phase, Record, from_object
from akoo_core.plugin import api
from akoo_core.settings import Settings
from akoo_core.testing import builders, memory, verbs, virtual_time
from akoo_core.testing.memory import cluster_api, workloads
from akoo_core.testing.memory import operator as memory_operator
from akoo_core.testing.memory.kubelet import OTHERS, MemoryKubelet

TICK_SECONDS = 3.0
PATIENCE_SECONDS = 4 * 3600.0
NAMESPACE = "demo"


class Fleet:
    """A management cluster, its workload clusters, and one process of the operator.

    ``plugins`` makes the plugins of each process: a new one gets new instances. ``settings`` are
    the operator's; ``external`` is the seam of its calls (:class:`akoo_core.testing.Calls` records
    them). ``turn`` is called at every tick with the fleet: there a test plays what runs in the
    clusters. Open it with ``async with`` in virtual time.
    """

    def __init__(
        self,
        clock: virtual_time.LoopClock,
        plugins: Callable[[], Sequence[api.Plugin]],
        *,
        settings: Settings | None = None,
        external: External | None = None,
        turn: Callable[[Fleet], Awaitable[None]] | None = None,
    ) -> None:
        self.clock = clock
        self.management = memory.MemoryServer(
            name="management", clock=clock, resources=cluster_api.KINDS, definitions=True
        )
        self.capi = cluster_api.MemoryClusterApi(self.management, clock)
        self.user = self.management.client(system=OTHERS, field_manager="kubectl")
        """A client whose calls are not the operator's."""
        self.external = external or External()
        self._plugins = plugins
        self._settings = settings or Settings()
        self._turn = turn
        self._process: asyncio.Task[None] | None = None
        self._world: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Fleet:
        self._start()
        self._world = asyncio.create_task(self._turns(), name="world")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = [task for task in (self._world, self._process) if task is not None]
        await _end(*tasks)
        if error is None:
            _raise_of(*tasks)

    async def stop(self) -> None:
        """Kill the operator at once, if it runs."""
        if self._process is not None:
            await _end(self._process)
            self._process = None

    async def restart(self, settings: Settings | None = None) -> None:
        """Kill the operator at once, if it runs, and start another process, perhaps with other
        settings."""
        await self.stop()
        self._settings = settings or self._settings
        self._start()

    # What a user does.

    async def create_config(
        self,
        spec: structs.JSON | None = None,
        *,
        name: str = "default",
        plugins: dict[str, structs.JSON] | None = None,
    ) -> None:
        """An AKODeploymentConfig that selects the label ``lb=avi``, unless ``spec`` says other."""
        selecting: structs.JSON = {"clusterSelector": {"matchLabels": {"lb": "avi"}}}
        config = builders.config({**selecting, **(spec or {})}, name=name, plugins=plugins)
        body = {**config, "metadata": {"name": name}}
        await self.user.create(resources.AKO_DEPLOYMENT_CONFIGS, body)

    async def change_config(self, spec: structs.JSON, *, name: str = "default") -> None:
        """Merge ``spec`` into the spec of the config."""
        await self.user.merge_patch(resources.AKO_DEPLOYMENT_CONFIGS, name, {"spec": spec})

    async def create_cluster(
        self, name: str, namespace: str = NAMESPACE, *, labels: dict[str, str] | None = None
    ) -> str:
        """A Cluster that answers, labelled ``lb=avi`` by default; its UID."""
        chosen = {"lb": "avi"} if labels is None else labels
        return await self.capi.create(name, namespace, chosen, {})

    async def patch_cluster(
        self, name: str, patch: structs.JSON, namespace: str = NAMESPACE
    ) -> None:
        """Merge ``patch`` into the Cluster: labels, ``spec.paused``."""
        await self.user.merge_patch(resources.CLUSTERS, name, patch, namespace)

    async def delete_cluster(self, name: str, namespace: str = NAMESPACE) -> None:
        """Ask for its deletion; it goes when nothing holds it."""
        await self.user.delete(resources.CLUSTERS, name, namespace)

    # What there is.

    def cluster(self, name: str, namespace: str = NAMESPACE) -> Object | None:
        """The Cluster, or None."""
        clusters = self.management.objects(resources.CLUSTERS, namespace)
        return next((cluster for cluster in clusters if cluster["metadata"]["name"] == name), None)

    def workload(self, name: str, namespace: str = NAMESPACE) -> memory.MemoryServer | None:
        """The API server of the workload cluster; None when it is gone."""
        cluster = self.cluster(name, namespace)
        workload = self.capi.workload_of(cluster) if cluster is not None else None
        return workload.server if workload is not None else None

    def record(self, name: str, namespace: str = NAMESPACE) -> Record | None:
        """The latest record of a Cluster of that name, or None."""
        rows = self.management.store.select(resources.AKO_DEPLOYMENTS, None)
        records = [from_object(obj) for _, obj in rows]
        ours = [
            record
            for record in records
            if (record.spec.cluster_ref.namespace, record.spec.cluster_ref.name)
            == (namespace, name)
        ]
        return max(ours, key=lambda our: int(our.resource_version), default=None)

    async def until(
        self, condition: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Let virtual time pass until ``condition()``; ``seconds`` at most, else AssertionError."""
        end = self.clock.monotonic() + seconds
        while not condition():
            for task in (self._process, self._world):
                if task is not None and task.done():
                    task.result()
                    raise AssertionError(f"the {task.get_name()} has ended")
            if self.clock.monotonic() >= end:
                raise AssertionError(f"nothing came of it in {seconds:g} s")
            await asyncio.sleep(1.0)

    async def until_phase(
        self,
        name: str,
        phase: Phase,
        namespace: str = NAMESPACE,
        *,
        seconds: float = PATIENCE_SECONDS,
    ) -> Record:
        """Wait for the phase of the Cluster's record, which is returned. Raises AssertionError
        with the text of its conditions."""

        def reached() -> bool:
            record = self.record(name, namespace)
            return record is not None and record.status.phase == phase

        try:
            await self.until(reached, seconds=seconds)
        except AssertionError as error:
            message = f"{namespace}/{name} is not {phase}: {self._situation(name, namespace)}"
            raise AssertionError(message) from error
        record = self.record(name, namespace)
        assert record is not None  # noqa: S101 - it was there a moment ago
        return record

    async def until_gone(
        self, name: str, namespace: str = NAMESPACE, *, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Wait until the Cluster is not there any more. Raises AssertionError with why."""
        try:
            await self.until(lambda: self.cluster(name, namespace) is None, seconds=seconds)
        except AssertionError as error:
            message = f"{namespace}/{name} is still there: {self._situation(name, namespace)}"
            raise AssertionError(message) from error

    def _situation(self, name: str, namespace: str) -> str:
        record = self.record(name, namespace)
        if record is None:
            return "it has no record"
        conditions = "; ".join(
            f"{c.type}={c.status} {c.reason} {c.message}" for c in record.status.conditions
        )
        return f"phase {record.status.phase or 'none'}, {conditions or 'no condition'}"

    # The processes.

    def _start(self) -> None:
        clients = workloads.MemoryWorkloads(
            self.management.client(external=self.external),
            self.capi.workloads,
            external=self.external,
            clock=self.clock,
        )
        operator = memory_operator.MemoryOperator(
            [verbs.named(plugin) for plugin in self._plugins()],
            self.management,
            clients,
            external=self.external,
            clock=self.clock,
            settings=self._settings,
        )
        self._process = asyncio.create_task(operator.run(), name="operator")

    async def _turns(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for cluster in self.management.objects(resources.CLUSTERS):
                await self.capi.tear_down(cluster)
            for _, workload in sorted(self.capi.workloads.items()):
                await MemoryKubelet(workload.server).look()
            if self._turn is not None:
                await self._turn(self)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # Looked at: asyncio would log it otherwise.


def _raise_of(*tasks: asyncio.Task[None]) -> None:
    """Raise the error that ended a task before it was cancelled."""
    for task in tasks:
        if not task.cancelled():
            task.result()
