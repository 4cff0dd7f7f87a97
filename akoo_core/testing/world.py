"""One cluster and everything around it that a verb can see or touch, in memory.

A World is what a verb is called on: the record, the Cluster and its config, two API servers, the
Secrets, the outside calls and the time. It changes as verbs answer, the way the engine would change
the record. The same steps give the same World in every run.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from akoo_core import structs
from akoo_core.clock import ManualClock
from akoo_core.kube.resource import Resource
from akoo_core.objects.cluster import Cluster
from akoo_core.plugin import api
from akoo_core.plugin_host.kept import config_maps, keep
from akoo_core.reconcile.read import secret_reader
from akoo_core.testing import builders, calls, memory, virtual_time

T = TypeVar("T")

NAMESPACE = "akoo-system"
"""The operator's namespace."""
_VOLATILE = ("resourceVersion", "uid", "creationTimestamp", "managedFields", "generation")
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


class WorldClock(ManualClock):
    """Stands still between runs, moves with the virtual time inside of one, and when told to."""

    def __init__(self) -> None:
        super().__init__(builders.CREATED)
        self._seen: float | None = None

    def now(self) -> Any:
        self._follow()
        return super().now()

    def monotonic(self) -> float:
        self._follow()
        return super().monotonic()

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        """Follow the running loop's time in the body."""
        self._seen = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            self._follow()
            self._seen = None

    def _follow(self) -> None:
        if self._seen is not None:
            now = asyncio.get_running_loop().time()
            elapsed, self._seen = now - self._seen, now
            self.advance(elapsed)


class World:
    """One cluster, its record, and the systems around them. Everything has a default.

    ``config`` is the AKODeploymentConfig, ``facts`` what other plugins gave, ``awaited`` the kinds
    of facts that they have neither given nor declined yet, ``secrets`` are
    Secrets of the management cluster (:func:`builders.secret`), ``management`` and ``workload``
    objects that exist in the two clusters, ``resources`` kinds that both serve besides the built-in
    ones, ``reachable`` whether the workload API answers, ``spec`` further fields of the record.
    Subclass it to put the systems of a plugin into it (see :meth:`outside`).
    """

    def __init__(
        self,
        *,
        cluster: Cluster | None = None,
        config: structs.JSON | None = None,
        facts: Iterable[api.Fact] = (),
        awaited: Iterable[type[api.Fact]] = (),
        secrets: Iterable[structs.JSON] = (),
        management: Iterable[structs.JSON] = (),
        workload: Iterable[structs.JSON] = (),
        resources: Iterable[Resource] = (),
        reachable: bool = True,
        **spec: Any,
    ) -> None:
        self.clock = WorldClock()
        self.calls = calls.Calls()
        served = (*memory.BUILT_IN, *resources)
        self.management = self._server("management", served)
        self.workload = self._server("workload", served)
        self.secrets = tuple(secrets)
        self.management.seed(*self.secrets, *management)
        self.workload.seed(*workload)
        self.reachable = reachable
        self.awaited = tuple(kind.fact_name for kind in awaited)
        self.sweep_tenants: tuple[str, ...] = ()
        self.annotations: dict[str, str] = {}
        """Of the record, by their whole names (``shelf.akoo.io/reorder``)."""
        self.cluster: Cluster | None = cluster or builders.cluster()
        self.config = builders.config() if config is None else config
        self.spec = builders.record_spec(self.cluster, **spec)
        stored = builders.stored_facts("another", *facts)
        self.spec = structs.replace(self.spec, facts={**self.spec.facts, **stored})
        self.threads: api.ThreadPool = calls.InlineThreads()

    def outside(self) -> object:
        """The content of the plugin's own systems, as a value that can be compared. Override it."""
        return None

    @property
    def record_name(self) -> str:
        """The record's name, which names everything outside."""
        return self.spec.ako_cluster_name

    @property
    def secret_reader(self) -> secret_reader.ManagementSecretReader:
        """Reads the Secrets of the management cluster, from the namespaces of ``secrets``."""
        return secret_reader.ManagementSecretReader(
            self.management.client(external=self.calls),
            allowed_namespaces={secret["metadata"]["namespace"] for secret in self.secrets},
        )

    def kept_secrets(self, plugin: api.Plugin) -> api.Keep | None:
        """The Secrets that the plugin keeps in the operator's namespace."""
        return keep.of_plugin(plugin, self.management.client(external=self.calls), NAMESPACE)

    def config_maps(self, plugin: api.Plugin) -> api.ConfigMapReader | None:
        """The ConfigMaps of the operator's namespace, for a plugin that reads them."""
        client = self.management.client(external=self.calls)
        return config_maps.of_plugin(plugin, client, NAMESPACE)

    def leave(self, cause: str = "ClusterDeleted", **leaving: Any) -> None:
        """The cluster begins to leave; ``leaving`` are further fields of ``spec.leaving``."""
        started = {"cause": cause, "started_at": self.clock.now()}
        state = builders.leaving(**{**started, **leaving})
        self.spec = structs.replace(self.spec, leaving=state)
        if cause == "ClusterDeleted" and self.cluster is not None:
            self.cluster = structs.replace(self.cluster, deleting=True)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run to the end in virtual time. Raises AssertionError for tasks that are left behind."""
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            main.close()
            raise TypeError("a loop is running here: await call_verb(...) instead of run_verb(...)")

        async def checked() -> T:
            with self.clock.following():
                result = await main
            left = asyncio.all_tasks() - {asyncio.current_task()}
            if left:
                raise AssertionError(f"tasks left behind: {sorted(map(_task, left))}")
            return result

        with asyncio.Runner(loop_factory=virtual_time.VirtualTimeLoop) as runner:
            return runner.run(checked())

    def state(self) -> Mapping[str, object]:
        """Everything that verbs can change but the record, without times and versions."""
        return {
            "management": objects_of(self.management),
            "workload": objects_of(self.workload),
            "outside": self.outside(),
        }

    def _server(self, name: str, resources: Iterable[Resource]) -> memory.MemoryServer:
        return memory.MemoryServer(name=name, clock=self.clock, resources=resources)


def _task(task: asyncio.Task[Any]) -> str:
    return getattr(task.get_coro(), "__qualname__", task.get_name())


def objects_of(server: memory.MemoryServer) -> Mapping[str, object]:
    """Everything a server holds, by kind and name, without versions and times."""
    return {
        "/".join(filter(None, key)): _steady(
            {
                **obj,
                "metadata": {
                    name: value for name, value in obj["metadata"].items() if name not in _VOLATILE
                },
            }
        )
        for key, obj in sorted(server.store.rows.items())
    }


def _steady(value: Any) -> Any:
    """The value with every point in time replaced: a second attempt comes later."""
    if isinstance(value, dict):
        return {key: _steady(element) for key, element in value.items()}
    if isinstance(value, list | tuple):
        return [_steady(element) for element in value]
    return "(a time)" if isinstance(value, str) and _TIME.match(value) else value
