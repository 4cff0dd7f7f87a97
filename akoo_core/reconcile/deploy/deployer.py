"""The deploy executor: the contributions of all plugins become the objects in a workload cluster.

The inventory is stored before it is acted on; it may list more than there is, never less. Objects
are applied in the order of their kinds with server-side apply, and pruned in reverse order. An
object that is known to be applied costs no call. Once per resync interval all objects are compared,
and put right where somebody changed them.
"""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import Awaitable, Callable

from akoo_core.clock import Clock
from akoo_core.kube.client import KubeClient
from akoo_core.plugin import api
from akoo_core.reconcile.deploy import adoption, last_contributions
from akoo_core.reconcile.deploy import inventory as inv
from akoo_core.reconcile.deploy.deployment import (
    ANNOUNCED,
    KEPT_AGAIN_SECONDS,
    Deployment,
    DeployReport,
    Inventory,
    Job,
    Store,
    Tools,
    Verdict,
)
from akoo_core.reconcile.deploy.objects import WorkloadObjects
from akoo_core.reconcile.deploy.secrets import Seals, SecretOpener

__all__ = [
    "ANNOUNCED",
    "DRIFT_SECONDS",
    "KEPT_AGAIN_SECONDS",
    "DeployReport",
    "Deployer",
    "Inventory",
    "Job",
    "Verdict",
]

DRIFT_SECONDS = 600.0


class Deployer:
    """One per process. Remembers when it compared each record's objects, and what was deployed
    last."""

    def __init__(
        self,
        *,
        clock: Clock,
        opener: SecretOpener,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        drift_seconds: float = DRIFT_SECONDS,
    ) -> None:
        self._clock = clock
        self._tools = Tools(opener, Seals(), pause)
        self._drift_seconds = drift_seconds
        self._look_at: dict[str, float] = {}
        self._kept = last_contributions.Kept()

    async def deploy(self, job: Job, client: KubeClient, store: Store) -> DeployReport:
        """Make the cluster match the contributions. Raises KubeError when it does not answer.

        ``store`` writes the inventory into the record. Progress is stored even when an error ends
        the run.
        """
        try:
            wanted = inv.wanted(job.record_name, job.contributions | job.kept)
        except inv.DuplicateError as error:
            blocked = api.Blocked(reason="ObjectConflict", message=str(error))
            return DeployReport(verdicts={error.plugin: blocked})
        adopts = adoption.uids(job.contributions.values())
        objects = WorkloadObjects(job.record_name, client, adopts)
        run = Deployment(self._tools, job, wanted, objects, self._drift_due(job))
        await run.look()
        await run.keep(store)
        try:
            await run.apply()
            await run.prune()
        finally:
            await run.keep(store, final=True)
        self._looked(job)
        report = run.report()
        self._remember(job, wanted, report)
        return report

    def last(
        self, record_name: str, plugin: str, inventory: Inventory
    ) -> last_contributions.Last | None:
        """The plugin's last deployed contribution; None when it has nothing in the inventory."""
        return self._kept.last(record_name, plugin, inventory)

    async def undeploy(
        self, record_name: str, inventory: Inventory, client: KubeClient, store: Store
    ) -> DeployReport:
        """Delete everything in the inventory that carries our label, last kind first."""
        objects = WorkloadObjects(record_name, client)
        remaining = {inv.key_of(item): item for item in inventory}
        left: list[str] = []
        try:
            for item in reversed(inv.in_order(inventory)):
                left_reason = await objects.remove(item.api_version, inv.key_of(item))
                left += [left_reason] if left_reason else []
                del remaining[inv.key_of(item)]
        finally:
            if len(remaining) != len(inventory):
                await store(tuple(remaining.values()))
        self.forget(record_name)
        return DeployReport(pruned=len(inventory) - len(left), left=tuple(left))

    def forget(self, record_name: str) -> None:
        """Drop the memory of a record."""
        self._tools.seals.forget(record_name)
        self._kept.forget(record_name)
        self._look_at.pop(record_name, None)

    def _remember(self, job: Job, wanted: list[inv.WantedObject], report: DeployReport) -> None:
        for plugin, contribution in job.contributions.items():
            if plugin not in report.verdicts:
                digests = "".join(obj.digest for obj in wanted if obj.plugin == plugin)
                digest = hashlib.sha256(digests.encode()).hexdigest()
                self._kept.remember(job.record_name, plugin, contribution, digest)

    def _drift_due(self, job: Job) -> bool:
        now = self._clock.monotonic()
        if job.record_name not in self._look_at:
            # After a restart the first looks are spread over one interval, by the name.
            share = (zlib.crc32(job.record_name.encode()) % 1000) / 1000
            self._look_at[job.record_name] = now + share * self._drift_seconds
        return now >= self._look_at[job.record_name]

    def _looked(self, job: Job) -> None:
        now = self._clock.monotonic()
        if now >= self._look_at[job.record_name]:
            self._look_at[job.record_name] = now + self._drift_seconds
