"""A management cluster: API server, its controllers, Cluster API, and the fake provider.

Start order, and why: the API server; CRDs; then the controllers (the garbage collector learns of
later CRDs only after half a minute) and the fake provider.
"""

import contextlib
import dataclasses
import pathlib
import time
from collections.abc import Callable, Mapping

from akoo_testbed import base, definitions, parts, waiting
from akoo_testbed.kube import older
from akoo_testbed.provider import FakeProvider, ProviderOptions
from akoo_testbed.workload import workloads

Report = Callable[[str, float], None]
"""Called with a part's name and the seconds it took, when it is ready."""


@dataclasses.dataclass(frozen=True, slots=True)
class Versions:
    """The releases in a management cluster, by the names of their recipes.

    Workload clusters have Kubernetes' default release.
    """

    kubernetes: str = "kubernetes"
    cluster_api: str = "clusterapi"

    def needs(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """`names` of recipes with Cluster API's replaced, and this Kubernetes beside it."""
        chosen = [self.cluster_api if name == "clusterapi" else name for name in names]
        return tuple(dict.fromkeys([*chosen, self.kubernetes]))


@dataclasses.dataclass(frozen=True, slots=True)
class ManagementOptions:
    """The choices for one management cluster; see `bed.BedOptions`."""

    crds: tuple[pathlib.Path, ...] = ()
    fast: bool = True
    gates: Mapping[str, bool] = dataclasses.field(default_factory=dict)
    provider: ProviderOptions | None = dataclasses.field(default_factory=ProviderOptions)
    versions: Versions = dataclasses.field(default_factory=Versions)


class Management:
    """One management cluster on a bed's etcd; workload APIs come from a pool that it may share."""

    provider: FakeProvider

    def __init__(
        self,
        bed_base: base.BedBase,
        store: parts.Etcd,
        pool: workloads.WorkloadApis,
        options: ManagementOptions,
        *,
        name: str = "management",
    ) -> None:
        self.base = bed_base
        self.options = options
        self._pool = pool
        versions = options.versions
        self.server = parts.ApiServer(bed_base, store, name, recipe=versions.kubernetes)
        self.controller_manager = parts.ControllerManager(bed_base, self.server)
        self.cluster_api = parts.ClusterApi(
            bed_base,
            self.server,
            fast=options.fast,
            gates=options.gates,
            recipe=versions.cluster_api,
            name="cluster-api" if name == "management" else f"cluster-api-{name}",
        )
        self.api = older.client(self.server.kubeconfig, versions.cluster_api)
        """Reads and writes Cluster API's objects as v1beta2, whatever is served."""

    async def start(self, stops: contextlib.AsyncExitStack, report: Report) -> None:
        """Start all but the API server, which was started before; `stops` gets what ends them."""
        await become_ready(self.server, report)
        started = time.monotonic()
        share = self.base.built.share(self.options.versions.cluster_api)
        crds = share / "config" / "crd" / "bases"
        await definitions.install(self.api, crds, definitions.FOLDER, *self.options.crds)
        report("CRDs", time.monotonic() - started)
        await waiting.together(
            bring(self.controller_manager, report),
            bring(self.cluster_api, report),
            self._provide(stops),
        )

    async def _provide(self, stops: contextlib.AsyncExitStack) -> None:
        if self.options.provider is None:
            return
        self.provider = FakeProvider(
            self.server.kubeconfig,
            self._pool,
            self.options.provider,
            cluster_api=self.options.versions.cluster_api,
        )
        await self.provider.start()
        stops.push_async_callback(self.provider.stop)


async def bring(part: parts.Part, report: Report) -> None:
    """Start a part and wait until it is ready."""
    await part.start()
    await become_ready(part, report)


async def become_ready(part: parts.Part, report: Report) -> None:
    """Wait until a part that was started is ready."""
    await part.ready()
    report(part.name, part.ready_after or 0.0)
