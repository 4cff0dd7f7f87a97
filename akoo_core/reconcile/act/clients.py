"""Closes the clients of workload clusters whose Cluster is gone, however it went. Thin."""

from __future__ import annotations

from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.read import pace as pace_
from akoo_core.reconcile.read.caches import WorkloadAccess


class Clients:
    """Remembers which Cluster each record name stands for, as long as there is one.

    A Cluster may be let go, torn away, moved away, or be made anew under its name; whatever the
    caches show of that starts an attempt on its name.
    """

    def __init__(self, workloads: WorkloadAccess, pace: pace_.Pace) -> None:
        self._workloads = workloads
        self._pace = pace
        self._clusters: dict[str, str] = {}

    async def follow(self, work: Attempt) -> None:
        """Note the Cluster that an attempt ended with; close what is open to one that is gone."""
        here = work.cluster.uid if work.cluster is not None else ""
        before = self._clusters.pop(work.name, "")
        if here:
            self._clusters[work.name] = here
        if before and before != here:
            self._pace.forget(before)
            await self._workloads.forget(before)
