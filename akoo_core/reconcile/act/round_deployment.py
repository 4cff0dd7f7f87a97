"""The deployment of a round: contributions of plugins into the workload cluster."""

from __future__ import annotations

from collections.abc import Callable, Container

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube.client import KubeClient
from akoo_core.objects import conditions
from akoo_core.objects.record import Workload
from akoo_core.plugin import api
from akoo_core.reconcile.act import foreign_ako
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.deploy.deployer import (
    ANNOUNCED,
    KEPT_AGAIN_SECONDS,
    DeployReport,
    Inventory,
    Job,
    Verdict,
)
from akoo_core.reconcile.deploy.last_contributions import Last
from akoo_core.reconcile.deploy.objects import FOREIGN_OBJECT
from akoo_core.reconcile.read import pace
from akoo_core.telemetry import tracing

AFTER_DEPLOY_SECONDS = 5.0
UNREACHABLE_SECONDS = 15.0

Contributions = dict[str, api.Contribution]
"""By plugin; empty for one that contributes nothing."""
ReportAll = Callable[[Container[str], api.Wait | api.Blocked], None]
"""Report the answer for each of the plugins with these names."""


class RoundDeployment:
    """The deployment of one round. Its findings go to ``report_all`` and into the report."""

    def __init__(self, attempt: Attempt, report_all: ReportAll) -> None:
        self._attempt = attempt
        self._report_all = report_all
        self._workload: Workload | None = None
        self.complete = True
        """False once something that was to be deployed is not."""

    async def run(self, contributions: Contributions, kept: dict[str, Last]) -> KubeClient | None:
        """Deploy, and keep the last contributions in ``kept`` up to date. The client of the
        workload cluster, if it was reached. Raises ConflictError."""
        spec, cluster = self._attempt.spec, self._attempt.cluster
        deployed = {item.plugin for item in spec.inventory}
        acting = {
            name: contribution
            for name, contribution in contributions.items()
            if contribution != api.Contribution() or name in deployed
        }
        if not acting and not kept:
            return None
        if cluster is None or not cluster.connectable:
            self.complete = False
            waiting = api.Wait(
                reason="ControlPlaneNotReady",
                message="The cluster's control plane is not initialized yet.",
                after=self._attempt.services.resync_seconds,
            )
            self._report_all(acting, waiting)
            return None
        reached = await self._attempt.workload()
        if reached.client is None:
            self.complete = False
            wait = api.Wait(
                reason=reached.reason, message=reached.message, after=UNREACHABLE_SECONDS
            )
            self._report_all(acting, wait)
            return None
        self._workload = Workload(kube_system_uid=reached.uid)
        if spec.inventory:  # Else it is stored with the inventory, before anything is applied.
            await self._attempt.store(workload=self._workload)
        await self._apply(acting, kept, reached.client)
        return reached.client

    async def _apply(
        self,
        acting: Contributions,
        kept: dict[str, Last],
        client: KubeClient,
    ) -> None:
        job = Job(
            record_name=self._attempt.name,
            inventory=self._attempt.spec.inventory,
            contributions=acting,
            kept={name: last.contribution for name, last in kept.items()},
            announced=frozenset(filter(self._announced, acting)),
        )
        try:
            with tracing.step("deploy") as span:
                report = await self._attempt.services.deployer.deploy(job, client, self._keep)
                span.set_attribute("akoo.result", report.summary)
                span.set_attributes(_counts(report))
        except errors.ConflictError:
            raise
        except (errors.KubeError, TimeoutError) as error:
            self.complete = False
            self._report_all(acting, self.interrupted(error))
            return
        if report.applied or report.pruned:
            self._attempt.report.requeue(AFTER_DEPLOY_SECONDS)
        if report.uncompared:
            self._attempt.report.requeue(KEPT_AGAIN_SECONDS)
        for name, verdict in report.verdicts.items():
            if name not in kept:
                self.complete = False
                self._report_all((name,), verdict)
        blocked = [
            name for name, verdict in report.verdicts.items() if verdict.reason == FOREIGN_OBJECT
        ]
        wanted = acting | job.kept
        await foreign_ako.note(self._attempt, [wanted[name] for name in blocked], client)
        for name, last in kept.items():
            self._report_kept(name, last, report.verdicts.get(name))

    def _announced(self, plugin: str) -> bool:
        stored = self._attempt.existing.status.conditions
        condition = conditions.find(stored, conditions.type_for_plugin(plugin))
        return condition is not None and condition.reason == ANNOUNCED

    def _report_kept(self, plugin: str, last: Last, verdict: Verdict | None) -> None:
        """Add the state of its deployed objects to the condition of a plugin in trouble."""
        plugins = self._attempt.report.plugins
        if plugin in plugins:
            message = f"{plugins[plugin].message} {_kept_text(last, verdict)}".strip()
            plugins[plugin] = structs.replace(plugins[plugin], message=message)

    def interrupted(self, error: errors.KubeError | TimeoutError) -> api.Wait:
        """The Wait of a deployment that was interrupted."""
        cause = str(error) or "it did not answer in time"
        message = f"Deploying was interrupted: {cause}."
        if isinstance(error, pace.SlowError):
            return api.Wait(reason="WorkloadSlow", message=message, after=UNREACHABLE_SECONDS)
        after = self._attempt.backoff()
        if isinstance(error, errors.ForbiddenError):
            return api.Wait(reason="WorkloadForbidden", message=message, after=after)
        if isinstance(error, errors.WorkloadConflictError):
            return api.Wait(reason="WorkloadConflict", message=message, after=after)
        return api.Wait(reason="WorkloadUnreachable", message=message, after=after)

    async def _keep(self, inventory: Inventory) -> None:
        await self._attempt.store(inventory=inventory, workload=self._workload)


def _kept_text(last: Last, verdict: Verdict | None) -> str:
    if verdict is not None:
        return f"The earlier deployment cannot be kept up to date: {verdict.message}"
    if last.complete:
        return "The earlier deployment stays as it is, with its Secrets."
    if last.contribution.secrets:
        return "Until then only the Secrets of the earlier deployment are kept up to date."
    return "Until then nothing of the earlier deployment is kept up to date."


def _counts(report: DeployReport) -> dict[str, int | str]:
    troubled = sorted(report.verdicts)
    counts: dict[str, int | str] = {
        "akoo.applied": report.applied,
        "akoo.pruned": report.pruned,
        "akoo.drifted": len(report.drifted),
    }
    return counts | ({"akoo.troubled": ", ".join(troubled)} if troubled else {})
