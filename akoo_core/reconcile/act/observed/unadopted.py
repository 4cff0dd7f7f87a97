"""Clusters of the Go ancestor that are deleted before their AKO was adopted. Thin."""

from __future__ import annotations

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.record import Adoption
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.act.observed import adoptions
from akoo_core.reconcile.decide import unadopted
from akoo_core.reconcile.decide.decisions import Stop


async def ask(attempt: Attempt) -> None:
    """Ask whether the ancestor is stopped. Raises KubeError."""
    stopped = await attempt.services.ancestor.stopped()
    attempt.advance(ancestor="Stopped" if stopped else "Runs")
    if stopped and attempt.cluster is not None:
        attempt.report.ancestor = (
            f"Cluster {attempt.cluster.key} was deleted while AKOO, the Go ancestor, was being "
            f"stopped. Its finalizer {names.ANCESTOR_FINALIZER} stands for ours: it goes when ours "
            "would, and not while AKOO runs."
        )


async def take(attempt: Attempt) -> Stop | None:
    """Manage the cluster from now on, under the name that the ancestor gave its AKO. One write.

    Nothing of ours was ever made for it, so every plugin knows that. Where another record has the
    name, the record keeps its own: then nobody can say what is left.
    """
    cluster = await attempt.read_cluster()
    if cluster is None:
        return Stop("CacheBehind", "the Cluster is gone", 1.0)
    attempt.cluster = cluster
    name = unadopted.cluster_name(cluster)
    async with attempt.services.adopting:
        if names.is_record_name(name) or await adoptions.holder(attempt, name):
            await attempt.store(observed=False, history_unknown=True, ako_cluster_name=attempt.name)
            return None
        now = attempt.services.clock.now()
        spec = structs.replace(
            attempt.spec,
            observed=False,
            ako_cluster_name=name,
            adoption=Adoption(started_at=now, ended_at=now),
            plugins=tuple(sorted(plugin.name for plugin in attempt.services.plugins.ordered)),
        )
        label = {names.ADOPTED_NAME_LABEL: names.adopted_name_label(name)}
        await attempt.change(spec, labels=label)
    return None
