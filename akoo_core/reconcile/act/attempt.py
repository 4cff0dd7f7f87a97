"""One attempt at one record: the services it uses and the state it has come to."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any, Literal

from akoo_core import clock as clock_
from akoo_core import external as external_
from akoo_core import structs
from akoo_core.kube import client as client_
from akoo_core.kube.finalizers import Finalizers
from akoo_core.kube.resource import Resource
from akoo_core.objects import cluster as cluster_
from akoo_core.objects import config as config_
from akoo_core.objects import record as record_
from akoo_core.plugin import api
from akoo_core.plugin_host import caller, context, registry
from akoo_core.reconcile.act.record_writes import Records
from akoo_core.reconcile.decide import decisions, facts, removal_limit, situation, user_annotations
from akoo_core.reconcile.deploy.deployer import Deployer
from akoo_core.reconcile.deploy.secrets import nothing_known
from akoo_core.reconcile.read import pace as pace_
from akoo_core.reconcile.read import secret_reader, workload
from akoo_core.reconcile.read.caches import RecordWorld, WorkloadAccess
from akoo_core.reconcile.status import events, findings

EventKind = Literal[
    "ClusterSelected", "ClusterUnmatched", "ClusterDeleting", "ClusterLetGo", "RecordFinished"
]

LONGEST_BACKOFF = 300.0
"""Seconds between two attempts that fail, at most."""
ATTEMPT_SECONDS = 900.0
RESYNC_SECONDS = 600.0
"""How often a healthy record is looked at without a cause; the queue adds jitter."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Services:
    """What does not change between attempts."""

    management: client_.KubeClient
    clusters: Resource
    """The Cluster kind at the version that discovery chose."""
    management_id: str
    world: RecordWorld
    plugins: registry.PluginSet
    caller: caller.VerbCaller
    workloads: WorkloadAccess
    secrets: secret_reader.ManagementSecretReader
    threads: Callable[[str], api.ThreadPool]
    """The pool of a plugin, by its name."""
    external: external_.External
    clock: clock_.Clock
    records: Records
    finalizers: Finalizers
    deployer: Deployer
    recorder: events.Recorder
    pace: pace_.Pace
    attempt_seconds: float = ATTEMPT_SECONDS
    """How long one attempt may take."""
    brake: removal_limit.Brake = dataclasses.field(default_factory=removal_limit.Brake)
    secret_version: Callable[[str, str], str | None] = nothing_known
    """Which state of a Secret (namespace, name) the caches show; None where they do not follow."""
    resync_seconds: float = RESYNC_SECONDS
    shared: Callable[[str], client_.KubeClient | None] = lambda _: None
    """What the verbs of a plugin, by its name, may read in the management cluster."""
    finished_kept: datetime.timedelta = situation.FINISHED_KEPT
    logins: api.LoginMemory | None = None
    """Refused logins of plugins, remembered beyond this process."""

    @property
    def verifies(self) -> bool:
        """Whether any loaded plugin can prove that nothing is left."""
        return any(self.caller.implements(one, "verify") for one in self.plugins.ordered)


@dataclasses.dataclass(kw_only=True)
class Attempt:
    """What changes. ``record`` is always as last written."""

    services: Services
    name: str
    number: int
    """Failures in a row before this attempt."""
    explained: bool = False
    """All that caused it is a change of something in the caches; it is not simply time to look."""
    writes: list[str] = dataclasses.field(default_factory=list)
    """The sites of the writes of this attempt so far."""
    record: record_.Record | None = None
    cluster: cluster_.Cluster | None = None
    config: config_.Config | None = None
    done: set[decisions.Step] = dataclasses.field(default_factory=set)
    report: findings.Report = dataclasses.field(default_factory=findings.Report)
    ensured: set[decisions.On] = dataclasses.field(default_factory=set)
    """Objects that carry our finalizer since this attempt, whatever the caches show."""
    compared: str = ""
    """kube-system UID of what answers at the kubeconfig of a namesake."""
    reached: workload.Reached | None = None
    turns: dict[str, pace_.Turn] = dataclasses.field(default_factory=dict)
    """By the UID of the Cluster."""
    tried: bool = False
    """Leaving: the deadline has passed and this attempt has done what it could."""
    broken: bool = False
    """It ended by what nobody foresaw, or by a refusal of the management API: where that goes on
    past the deadline, the deadline acts all the same."""
    failed: bool = False
    """Something went wrong that nobody answered for: the next attempt backs off further."""
    complete: bool = False
    """Leaving: all that could be tried was tried."""

    @property
    def one(self) -> record_.Record:
        """The record, where there must be one."""
        if self.record is None:
            raise RuntimeError(f"{self.name}: no record")
        return self.record

    async def store(self, **changes: Any) -> None:
        """Change the spec of the record."""
        spec = structs.replace(self.one.spec, **changes)
        if spec == self.one.spec:
            return
        self.record = await self.services.records.change(self.one, spec)

    async def store_leaving(self, **changes: Any) -> None:
        """Change ``spec.leaving``."""
        await self.store(leaving=structs.replace(self.leaving, **changes))

    @property
    def leaving(self) -> record_.Leaving:
        """``spec.leaving``, where there must be one."""
        state = self.one.spec.leaving
        if state is None:
            raise RuntimeError(f"{self.name}: not leaving")
        return state

    async def workload(self) -> workload.Reached:
        """The record's workload cluster; asked once per attempt.

        Never after let go, and never without the record's own Cluster: then somebody else may
        answer at its name. A record that begins to leave without knowing its workload cluster
        stores who answers first, before anything is asked of it.
        """
        spec, target = self.one.spec, self.cluster
        if target is None or (spec.leaving is not None and spec.leaving.let_go is not None):
            return workload.Reached(None, "", "ClusterGone", "The Cluster is gone or was let go.")
        if spec.leaving is not None and spec.never_deployed:
            return workload.Reached(None, "", "NeverDeployed", "AKO was never deployed.")
        if self.reached is None:
            self.reached = await workload.reach(
                self.services.workloads,
                namespace=target.namespace,
                name=target.name,
                turn=self.turn_of(target.uid),
                recorded=spec.workload.kube_system_uid if spec.workload else "",
            )
            if spec.leaving is not None and spec.workload is None and self.reached.client:
                await self.store(workload=record_.Workload(kube_system_uid=self.reached.uid))
        return self.reached

    def turn_of(self, cluster_uid: str) -> pace_.Turn:
        """This attempt's calls to one cluster; ``end`` gives back what they hold."""
        return self.turns.setdefault(cluster_uid, pace_.Turn(self.services.pace, cluster_uid))

    def end(self) -> None:
        """The attempt is over."""
        for turn in self.turns.values():
            turn.end()

    def silent_seconds(self) -> float:
        """How long the workload API has not answered."""
        target = self.cluster
        return self.services.workloads.silent_seconds(target.uid) if target else 0.0

    def view(self, plugin: api.Plugin) -> api.View:
        """What pure verbs see. Raises structs.DecodeError for a wrong ``spec.plugins.<name>``."""
        return self._view(plugin, self.config.raw if self.config is not None else {})

    def context(self, plugin: api.Plugin, client: client_.KubeClient | None) -> api.VerbContext:
        """What async verbs get. While leaving, a config that is wrong for the plugin counts as
        gone; before, ``view`` was asked first and the plugin is blocked."""
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
        )

    def _view(self, plugin: api.Plugin, config: structs.JSON) -> api.View:
        return context.build_view(
            record_name=self.name,
            spec=self.one.spec,
            cluster=self.cluster,
            config=config,
            plugin=plugin,
            awaited=facts.awaited(self.one.spec.facts, plugin, self.services.plugins.ordered),
            sweep_tenants=user_annotations.read(self.one.annotations).sweep_tenants,
        )

    def notify(self, kind: EventKind) -> None:
        """Tell the plugins that something happened, for information."""
        ref = self.one.spec.cluster_ref
        event = api.LifecycleEvent(
            kind=kind, record_name=self.name, namespace=ref.namespace, name=ref.name
        )
        self.services.caller.notify(event)

    def backoff(self) -> float:
        """Seconds until the next attempt after a failure of this one: 1, 2, 4 ... 300."""
        self.failed = True
        return min(LONGEST_BACKOFF, 2.0 ** min(self.number, 9))
