"""Services that attempts use. They stay the same between attempts."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
from collections.abc import Callable

from akoo_core.clock import Clock
from akoo_core.external import External
from akoo_core.kube.client import KubeClient
from akoo_core.kube.finalizers import Finalizers
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.plugin_host.caller import VerbCaller
from akoo_core.plugin_host.registry import PluginSet
from akoo_core.reconcile.act.record_writes import RecordWriter
from akoo_core.reconcile.decide.adoption_limit import Begun
from akoo_core.reconcile.decide.removal_limit import Brake
from akoo_core.reconcile.decide.situation import FINISHED_KEPT
from akoo_core.reconcile.deploy.deployer import Deployer
from akoo_core.reconcile.deploy.secrets import nothing_known
from akoo_core.reconcile.read.ancestor import Ancestor
from akoo_core.reconcile.read.caches import RecordWorld, WorkloadAccess
from akoo_core.reconcile.read.kubernetes_versions import KubernetesVersions
from akoo_core.reconcile.read.pace import Pace
from akoo_core.reconcile.read.secret_reader import ManagementSecretReader
from akoo_core.reconcile.status.events import Recorder

ATTEMPT_SECONDS = 900.0
RESYNC_SECONDS = 600.0
"""Interval at which a healthy record is looked at without a cause; the queue adds jitter."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Services:
    """Services of this process."""

    management: KubeClient
    clusters: Resource
    """The Cluster kind at the version that discovery chose."""
    management_id: str
    world: RecordWorld
    plugins: PluginSet
    caller: VerbCaller
    workloads: WorkloadAccess
    secrets: ManagementSecretReader
    threads: Callable[[str], api.ThreadPool]
    """The pool of a plugin, by its name."""
    external: External
    clock: Clock
    records: RecordWriter
    finalizers: Finalizers
    ancestor: Ancestor
    deployer: Deployer
    recorder: Recorder
    pace: Pace
    attempt_seconds: float = ATTEMPT_SECONDS
    """Longest time of one attempt."""
    brake: Brake = dataclasses.field(default_factory=Brake)
    adoptions: Begun = dataclasses.field(default_factory=Begun)
    adopting: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)
    """Held while one adoption begins: no two records may take one cluster name."""
    secret_version: Callable[[str, str], str | None] = nothing_known
    """The state of a Secret (namespace, name) in the caches; None if they do not follow it."""
    resync_seconds: float = RESYNC_SECONDS
    shared: Callable[[str], KubeClient | None] = lambda _: None
    """The client of a plugin, by its name, for what its verbs may read in the management
    cluster."""
    finished_kept: datetime.timedelta = FINISHED_KEPT
    logins: api.LoginMemory | None = None
    """Refused logins of plugins, remembered beyond this process."""
    keep: Callable[[api.Plugin], api.Keep | None] = lambda _: None
    """The kept Secrets of a plugin; None for one that keeps none."""
    config_maps: Callable[[api.Plugin], api.ConfigMapReader | None] = lambda _: None
    """The ConfigMaps of the operator's namespace; None for a plugin that reads none."""
    versions: KubernetesVersions = dataclasses.field(default_factory=KubernetesVersions)

    @property
    def verifies(self) -> bool:
        """True if a loaded plugin can prove that nothing is left."""
        return any(self.caller.implements(plugin, "verify") for plugin in self.plugins.ordered)
