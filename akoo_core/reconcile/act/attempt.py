"""One attempt at one record: the services it uses and its state so far."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from akoo_core import structs
from akoo_core.kube.client import KubeClient
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.config import Config
from akoo_core.objects.record import Leaving, Record, RecordSpec, Workload
from akoo_core.plugin import api
from akoo_core.plugin_host import context
from akoo_core.reconcile.act.services import Services
from akoo_core.reconcile.decide import facts, plugin_annotations, user_annotations
from akoo_core.reconcile.decide.situation import Progress
from akoo_core.reconcile.read import quorum, workload
from akoo_core.reconcile.read.pace import Turn
from akoo_core.reconcile.status.findings import AttemptReport

EventKind = Literal[
    "ClusterSelected", "ClusterUnmatched", "ClusterDeleting", "ClusterLetGo", "RecordFinished"
]

LONGEST_BACKOFF = 300.0
"""Longest time between two failing attempts, in seconds."""


@dataclasses.dataclass(kw_only=True)
class Attempt:
    """State of the attempt. ``record`` is always as last written."""

    services: Services
    name: str
    number: int
    """Failures in a row before this attempt."""
    explained: bool = False
    """All its causes are changes in the caches; it is not simply time to look."""
    writes: list[str] = dataclasses.field(default_factory=list)
    """The sites of the writes of this attempt so far."""
    record: Record | None = None
    cluster: Cluster | None = None
    config: Config | None = None
    report: AttemptReport = dataclasses.field(default_factory=AttemptReport)
    progress: Progress = dataclasses.field(default_factory=Progress)
    reached: workload.Reached | None = None
    turns: dict[str, Turn] = dataclasses.field(default_factory=dict)
    """By the UID of the Cluster."""
    broken: bool = False
    """It ended by something nobody foresaw, or by a refusal of the management API. If that goes on
    past the deadline, the deadline acts all the same."""
    failed: bool = False
    """Something went wrong that nobody answered for: the next attempt backs off further."""
    complete: bool = False
    """Leaving: all that could be tried was tried."""

    @property
    def existing(self) -> Record:
        """The record. Raises RuntimeError if there is none."""
        if self.record is None:
            raise RuntimeError(f"{self.name}: no record")
        return self.record

    @property
    def spec(self) -> RecordSpec:
        """The spec of the record. Raises RuntimeError if there is no record."""
        return self.existing.spec

    @property
    def leaving(self) -> Leaving:
        """``spec.leaving``. Raises RuntimeError if the record does not leave."""
        leaving = self.spec.leaving
        if leaving is None:
            raise RuntimeError(f"{self.name}: not leaving")
        return leaving

    def advance(self, **changes: Any) -> None:
        """Change the progress."""
        self.progress = structs.replace(self.progress, **changes)

    async def store(self, *, consumed: tuple[str, ...] = (), **changes: Any) -> None:
        """Change fields of the record's spec; the same write removes the annotations
        ``consumed``. Raises ConflictError."""
        spec = structs.replace(self.spec, **changes)
        if spec != self.spec or consumed:
            await self.change(spec, consumed=consumed)

    async def store_leaving(self, **changes: Any) -> None:
        """Change fields of ``spec.leaving``. Raises ConflictError."""
        await self.store(leaving=structs.replace(self.leaving, **changes))

    async def change(
        self,
        spec: RecordSpec,
        *,
        consumed: tuple[str, ...] = (),
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Store the spec; the same write removes the annotations ``consumed`` and sets ``labels``.
        Raises ConflictError."""
        self.record = await self.services.records.change(
            self.existing, spec, consumed=consumed, labels=labels or {}
        )

    async def read_cluster(self) -> Cluster | None:
        """The attempt's Cluster by a quorum read; None if it is gone or another has its name."""
        ref = self.record.spec.cluster_ref if self.record is not None else self.cluster
        if ref is None:
            return None
        return await quorum.read_cluster(self.services.management, self.services.clusters, ref)

    async def workload(self) -> workload.Reached:
        """The record's workload cluster; asked once per attempt.

        Never after let go, and never without the record's own Cluster: then another cluster may
        answer at its name. A record that begins to leave without knowing its workload cluster
        stores who answers first, before anything is asked of it.
        """
        spec, cluster = self.spec, self.cluster
        if cluster is None or (spec.leaving is not None and spec.leaving.let_go is not None):
            return workload.Reached(None, "", "ClusterGone", "The Cluster is gone or was let go.")
        if spec.leaving is not None and spec.never_deployed:
            return workload.Reached(None, "", "NeverDeployed", "AKO was never deployed.")
        if self.reached is None:
            self.reached = await workload.reach(
                self.services.workloads,
                namespace=cluster.namespace,
                name=cluster.name,
                turn=self.turn_of(cluster.uid),
                recorded=spec.workload.kube_system_uid if spec.workload else "",
            )
            if spec.leaving is not None and spec.workload is None and self.reached.client:
                await self.store(workload=Workload(kube_system_uid=self.reached.uid))
        return self.reached

    @property
    def kubernetes_version(self) -> str:
        """The version of the workload cluster, as it was read last; "" for one that was not."""
        return self.services.versions.of(self.cluster.uid) if self.cluster is not None else ""

    def turn_of(self, cluster_uid: str) -> Turn:
        """This attempt's calls to one cluster; ``end`` gives back what they hold."""
        return self.turns.setdefault(cluster_uid, Turn(self.services.pace, cluster_uid))

    def end(self) -> None:
        """Give back what the calls to workload clusters hold."""
        for turn in self.turns.values():
            turn.end()

    def silent_seconds(self) -> float:
        """Seconds for which the workload API has not answered."""
        return self.services.workloads.silent_seconds(self.cluster.uid) if self.cluster else 0.0

    def view(self, plugin: api.Plugin) -> api.View:
        """The view that pure verbs get. Raises structs.DecodeError for a wrong
        ``spec.plugins.<name>``."""
        return self._view(plugin, self.config.raw if self.config is not None else {})

    def context(self, plugin: api.Plugin, client: KubeClient | None) -> api.VerbContext:
        """The context that async verbs get. While leaving, a config that is wrong for the plugin
        counts as gone; before, ``view`` was asked first and the plugin is blocked."""
        try:
            view = self.view(plugin)
        except structs.DecodeError:
            view = self._view(plugin, {})
        return context.build_context(
            view=view,
            plugin=plugin,
            clock=self.services.clock,
            external=self.services.external,
            workload=client,
            workload_silent_seconds=self.silent_seconds(),
            secrets=self.services.secrets.once(),
            threads=self.services.threads(plugin.name),
            shared=self.services.shared(plugin.name),
            logins=self.services.logins,
            keep=self.services.keep(plugin),
            config_maps=self.services.config_maps(plugin),
        )

    def _view(self, plugin: api.Plugin, config: structs.JSON) -> api.View:
        return context.build_view(
            record_name=self.name,
            spec=self.spec,
            cluster=self.cluster,
            config=config,
            plugin=plugin,
            awaited=facts.awaited(self.spec, plugin, self.services.plugins.ordered),
            sweep_tenants=user_annotations.read(self.existing.annotations).sweep_tenants,
            annotations=plugin_annotations.of_plugin(self.existing.annotations, plugin),
            kubernetes_version=self.kubernetes_version,
        )

    def notify(self, kind: EventKind) -> None:
        """Inform the plugins of an event."""
        ref = self.spec.cluster_ref
        event = api.LifecycleEvent(
            kind=kind, record_name=self.name, namespace=ref.namespace, name=ref.name
        )
        self.services.caller.notify(event)

    def backoff(self) -> float:
        """Seconds until the next attempt after a failure of this one: 1, 2, 4 ... 300."""
        self.failed = True
        return min(LONGEST_BACKOFF, 2.0 ** min(self.number, 9))
