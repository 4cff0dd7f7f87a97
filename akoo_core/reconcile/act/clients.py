"""Closes the clients of workload clusters whose Cluster is gone. Thin."""

from __future__ import annotations

from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.read.caches import WorkloadAccess
from akoo_core.reconcile.read.pace import Pace


class Clients:
    """The Cluster of each record name, as long as there is one.

    A Cluster may be let go, torn away, moved away, or be made anew under its name. Each of these
    changes the caches, and so starts an attempt on its name.
    """

    def __init__(self, workloads: WorkloadAccess, pace: Pace) -> None:
        self._workloads = workloads
        self._pace = pace
        self._clusters: dict[str, str] = {}

    async def follow(self, attempt: Attempt) -> None:
        """Note the Cluster that an attempt ended with; close what is open to one that is gone."""
        current = attempt.cluster.uid if attempt.cluster is not None else ""
        before = self._clusters.pop(attempt.name, "")
        if current:
            self._clusters[attempt.name] = current
        if before and before != current:
            self._pace.forget(before)
            attempt.services.versions.forget(before)
            await self._workloads.forget(before)
