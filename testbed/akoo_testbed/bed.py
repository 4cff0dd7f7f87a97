"""The bed: a management cluster with Cluster API, and workload clusters on demand.

Start order, and why: etcd; the API servers, side by side; then the rest of the management cluster
(see `management`). The pool's servers start meanwhile, nobody waits for them before a Cluster does.
"""

import contextlib
import dataclasses
import pathlib
import secrets
import types
import typing
from collections.abc import Iterable, Mapping

from akoo_testbed import base, kubeapi, parts, waiting
from akoo_testbed import management as managements
from akoo_testbed.building import build, recipes
from akoo_testbed.management import Report
from akoo_testbed.openbao import OpenBaoOptions
from akoo_testbed.provider import FakeProvider, ProviderOptions, manifests
from akoo_testbed.vcsim import VcsimOptions
from akoo_testbed.workload import pool

CLUSTER = "cluster.x-k8s.io/v1beta2/Cluster"


@dataclasses.dataclass(frozen=True, slots=True)
class BedOptions:
    """The parts of a bed."""

    crds: tuple[pathlib.Path, ...] = ()
    """Files or folders applied to the management cluster beside Cluster API's and ours."""

    workload_servers: int = 1
    """Number of workload API servers that start at once; more are started when all are taken."""

    jaeger: bool = False

    jaeger_later: bool = False
    """`Bed.jaeger` is there and does not start: somebody starts it later."""

    vcsim: VcsimOptions | None = None
    """A vCenter beside the clusters (`Bed.vcsim`). None: there is none."""

    openbao: OpenBaoOptions | None = None
    """An OpenBao beside the clusters (`Bed.openbao`). None: there is none."""

    fast: bool = True
    """Cluster API without the waits that are on by default (`parts.cluster_api.FAST_GATES`)."""

    gates: Mapping[str, bool] = dataclasses.field(default_factory=dict)
    """Feature gates of Cluster API, added to the defaults."""

    provider: ProviderOptions | None = dataclasses.field(default_factory=ProviderOptions)
    """None: no fake provider; Clusters then get no further than Cluster API alone takes them."""

    versions: managements.Versions = dataclasses.field(default_factory=managements.Versions)
    """The releases of Kubernetes and Cluster API in the management cluster."""


class Bed:
    """Everything together. Use as `async with`, or `start` and `stop`, on one event loop.

    When the body of `async with` fails the logs are kept, and a note on its exception says where.
    """

    def __init__(
        self,
        options: BedOptions | None = None,
        *,
        report: Report | None = None,
        built: build.Built | None = None,
    ) -> None:
        self.options = options or BedOptions()
        needs = self.options.versions.needs(recipes.DEFAULT)
        self.base = base.BedBase(needs=needs, built=built)
        self._stops = contextlib.AsyncExitStack()
        self._report = report or (lambda _name, _seconds: None)

    async def __aenter__(self) -> typing.Self:
        await self.start()
        return self

    async def __aexit__(
        self, _: object, error: BaseException | None, __: types.TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            error.add_note(f"logs of the test bed: {self.base.keep_logs()}")
        await self.stop()

    async def start(self) -> None:
        """Start all; when it returns a Cluster can be made. Raises BuildError or PartError.

        A bed that does not start is stopped again; its logs are kept in `base.kept_logs`.
        """
        await self.base.start()
        self._stops.push_async_callback(self.base.stop)
        try:
            await self._start()
        except BaseException as error:
            await self.__aexit__(None, error, None)
            raise

    async def stop(self) -> None:
        """Stop all, at once, and remove all files."""
        await self._stops.aclose()

    @property
    def provider(self) -> FakeProvider:
        """The fake provider. AttributeError in a bed without."""
        return self._home.provider

    async def second_management(self, name: str) -> managements.Management:
        """Start another management cluster like the first, on the same etcd and pool.

        It stops with the bed.
        """
        second = self._management(name)
        self._stops.push_async_callback(second.api.close)
        await second.server.start()
        await second.start(self._stops, self._report)
        return second

    async def new_namespace(self, prefix: str = "test") -> str:
        """Create a namespace in the management cluster under a name not used before."""
        name = f"{prefix}-{secrets.token_hex(4)}"
        await self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    async def new_cluster(
        self,
        namespace: str,
        name: str,
        *,
        workers: int = 1,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Create a Cluster of the fake provider; does not wait for anything.

        For more than `workers` and `labels` give `provider.manifests.cluster(...)` to `create`.
        """
        await self.create(manifests.cluster(namespace, name, workers=workers, labels=labels))

    async def create(self, objects: Iterable[kubeapi.Object]) -> None:
        """Create objects in the management cluster, in this order."""
        for obj in objects:
            await self.api.create(obj)

    async def available(self, namespace: str, name: str, *, seconds: float = 60.0) -> None:
        """Wait until a Cluster is Available. Raises TimeoutError with its conditions."""
        cluster: kubeapi.Object = {}

        async def is_available() -> bool:
            cluster.update(await self.api.get(CLUSTER, namespace, name))
            return "Available" in _true_conditions(cluster)

        try:
            await waiting.until(is_available, title="Available", seconds=seconds, every=0.1)
        except TimeoutError:
            conditions = cluster.get("status", {}).get("conditions", [])
            why = "; ".join(f"{c['type']}={c['status']} {c.get('message', '')}" for c in conditions)
            raise TimeoutError(f"Cluster {namespace}/{name} is not Available: {why}") from None

    async def delete_cluster(self, namespace: str, name: str, *, seconds: float = 60.0) -> None:
        """Delete a Cluster and wait until it is gone. Raises TimeoutError."""
        await self.api.delete(CLUSTER, namespace, name)

        async def is_gone() -> bool:
            return await self.api.find(CLUSTER, namespace, name) is None

        await waiting.until(
            is_gone, title=f"the end of Cluster {namespace}/{name}", seconds=seconds, every=0.1
        )

    async def _start(self) -> None:
        self._compose()
        self._stops.push_async_callback(self.api.close)
        await self._bring(self.etcd)
        await self.management.start()
        await self.workloads.start()
        self._stops.push_async_callback(self.workloads.stop)
        jaeger = None if self.options.jaeger_later else self.jaeger
        further = (part for part in (jaeger, self.vcsim, self.openbao) if part is not None)
        await waiting.together(
            self._home.start(self._stops, self._report), *map(self._bring, further)
        )

    def _compose(self) -> None:
        options = self.options
        self.etcd = parts.Etcd(self.base)
        self.jaeger = parts.Jaeger(self.base) if options.jaeger else None
        self.vcsim = parts.Vcsim(self.base, options.vcsim) if options.vcsim else None
        self.openbao = parts.OpenBao(self.base, options.openbao) if options.openbao else None
        self.workloads = pool.WorkloadPool(self.base, self.etcd, size=options.workload_servers)
        self._home = self._management("management")
        self.management = self._home.server
        self.controller_manager = self._home.controller_manager
        self.cluster_api = self._home.cluster_api
        self.api = self._home.api

    def _management(self, name: str) -> managements.Management:
        options = managements.ManagementOptions(
            crds=self.options.crds,
            fast=self.options.fast,
            gates=self.options.gates,
            provider=self.options.provider,
            versions=self.options.versions,
        )
        return managements.Management(self.base, self.etcd, self.workloads, options, name=name)

    async def _bring(self, part: parts.Part) -> None:
        await managements.bring(part, self._report)


def _true_conditions(obj: kubeapi.Object) -> set[str]:
    conditions = obj.get("status", {}).get("conditions", [])
    return {c["type"] for c in conditions if c["status"] == "True"}
