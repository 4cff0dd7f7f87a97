"""Records begin, change their config or are orphaned, as the selection says. Thin."""

from __future__ import annotations

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import cluster as clusters
from akoo_core.objects import names
from akoo_core.objects import record as records
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.record import ClusterRef, ConfigRef, Orphaned
from akoo_core.reconcile.act import record_writes
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import decisions, leaving, plugin_annotations, user_annotations
from akoo_core.reconcile.decide.decisions import Stop
from akoo_core.reconcile.decide.situation import Situation
from akoo_core.reconcile.read import workload

COMPARE_SECONDS = 15.0
UNKNOWN_WORKLOAD = "?"
"""Equal to no UID: the workload cluster could not be asked."""


async def compare(attempt: Attempt, decision: decisions.CompareWorkload) -> Stop | None:
    """Ask the workload cluster for its UID."""
    reached = await workload.reach(
        attempt.services.workloads,
        namespace=decision.namespace,
        name=decision.name,
        turn=attempt.turn_of(decision.cluster_uid),
    )
    attempt.advance(workload_uid=reached.uid or UNKNOWN_WORKLOAD)
    if reached.uid:
        return None
    attempt.report.requeue(COMPARE_SECONDS)
    if attempt.record is None:
        unclear = "it is not known yet whether this is a moved cluster"
        return Stop(reached.reason, f"{unclear}: {reached.message}", COMPARE_SECONDS)
    return None


async def adopt(attempt: Attempt, decision: decisions.AdoptCluster) -> None:
    """Store the new UID of the record's Cluster."""
    ref = structs.replace(attempt.spec.cluster_ref, uid=decision.uid)
    await attempt.store(cluster_ref=ref)
    attempt.cluster = attempt.services.world.cluster_at(ref.namespace, ref.name)
    attempt.reached = None


async def create(attempt: Attempt, decision: decisions.CreateRecord) -> Stop | None:
    """Create the record, for the Cluster as a quorum read shows it: a record of a Cluster that is
    gone would wait for a person. Our marks on the Cluster show that a record of it was lost."""
    cluster = await attempt.read_cluster()
    if cluster is None:
        return Stop("CacheBehind", "the Cluster is gone", 1.0)
    attempt.cluster = cluster
    served = names.FINALIZER in cluster.finalizers or decision.unadopted
    if cluster.deleting and not served:
        return Stop("CacheBehind", "the Cluster is being deleted and was never served", 1.0)
    noted = cluster.annotations.get(names.RECORD_ANNOTATION) == attempt.name
    spec = record_writes.fresh(
        name=attempt.name,
        management_id=attempt.services.management_id,
        cluster_ref=ClusterRef(namespace=cluster.namespace, name=cluster.name, uid=cluster.uid),
        chosen=decision.config,
        history_unknown=not decision.unadopted and ((served and not _switched(cluster)) or noted),
    )
    # Marks of ours on the Cluster show that it was managed: then it may have objects on Avi.
    observed = decision.observed and not spec.history_unknown
    spec = structs.replace(spec, observed=observed)
    attempt.record = await attempt.services.records.create(attempt.name, spec)
    attempt.notify("ClusterSelected")
    return None


def _switched(cluster: Cluster) -> bool:
    """The finalizer of ours came with the switch from the ancestor: the Cluster lives, has its
    label, and never had a record that manages it."""
    known = names.RECORD_ANNOTATION in cluster.annotations
    return names.ANCESTOR_LABEL in cluster.labels and not known and not cluster.deleting


async def restart(attempt: Attempt, decision: decisions.RestartRecord) -> None:
    """Begin the record anew, without the annotations of its former life."""
    old = attempt.spec
    spec = record_writes.fresh(
        name=old.ako_cluster_name,
        management_id=old.management_id,
        cluster_ref=old.cluster_ref,
        chosen=decision.config,
        history_unknown=not leaving.ended_clean(old),
    )
    kept = {"instance": old.instance, "epoch": old.epoch, "foreign_akos": old.foreign_akos}
    attempt.services.deployer.forget(attempt.name)
    requests = plugin_annotations.of_plugins(attempt.existing.annotations)
    consumed = (*user_annotations.OF_ONE_LIFE, *requests)
    begun = structs.replace(spec, observed=decision.observed, **kept)
    await attempt.change(begun, consumed=consumed)
    attempt.notify("ClusterSelected")


async def add_finalizers(
    attempt: Attempt, situation: Situation, decision: decisions.AddFinalizers
) -> Stop | None:
    """Add them to the record first and to the Cluster last: the finalizer on the Cluster promises
    the others."""
    add = attempt.services.finalizers.add
    behind = Stop("CacheBehind", "it is gone or being deleted", 1.0)
    if "Record" in decision.on:
        record = attempt.existing
        kind = resources.AKO_DEPLOYMENTS
        changed = await add(kind, names.RECORD_FINALIZER, record.name, None, uid=record.uid)
        if changed is None:
            return behind
        attempt.record = records.from_object(changed)
    config = situation.choice.config
    if "Config" in decision.on and config is not None:
        kind = resources.AKO_DEPLOYMENT_CONFIGS
        if await add(kind, names.FINALIZER, config.name, None, uid=config.uid) is None:
            return behind
    cluster = attempt.cluster
    if "Cluster" in decision.on and cluster is not None:
        changed = await add(
            attempt.services.clusters,
            names.FINALIZER,
            cluster.name,
            cluster.namespace,
            uid=cluster.uid,
            annotations={names.RECORD_ANNOTATION: attempt.name},
            seen=cluster.raw,
        )
        if changed is None:
            return behind
        attempt.cluster = clusters.from_object(changed)
    if "Label" in decision.on and attempt.cluster is not None and config is not None:
        changed = await _labelled(attempt, attempt.cluster, config.name)
        if changed is None:
            return behind
        attempt.cluster = clusters.from_object(changed)
    attempt.advance(ensured=attempt.progress.ensured | set(decision.on))
    return None


async def _labelled(attempt: Attempt, cluster: Cluster, config: str) -> structs.JSON | None:
    """The Cluster with the name of its config in the ancestor's label; None if that has changed."""
    path = f"/metadata/labels/{names.ANCESTOR_LABEL.replace('/', '~1')}"
    tests = {"/metadata/uid": cluster.uid, path: cluster.labels[names.ANCESTOR_LABEL]}
    patch = [{"op": "test", "path": place, "value": value} for place, value in tests.items()]
    patch.append({"op": "replace", "path": path, "value": config})
    client, kind = attempt.services.management, attempt.services.clusters
    try:
        return await client.json_patch(kind, cluster.name, patch, cluster.namespace)
    except (errors.ConflictError, errors.NotFoundError):
        return None


async def change_config(attempt: Attempt, decision: decisions.ChangeConfig) -> None:
    """Store which config serves, with its policies."""
    config = decision.config
    ref = ConfigRef(name=config.name, uid=config.uid)
    await attempt.store(config_ref=ref, policies=config.policies, orphaned=None)


async def end_observing(attempt: Attempt) -> None:
    """Store that the cluster is managed from now on, under a name of ours and without the findings
    about another's AKO."""
    await attempt.store(observed=False, facts={}, ako_cluster_name=attempt.name)


async def orphan(attempt: Attempt, decision: decisions.Orphan) -> None:
    """Store that the record is orphaned."""
    at = attempt.services.clock.now()
    await attempt.store(orphaned=Orphaned(cause=decision.cause, at=at))
    attempt.notify("ClusterUnmatched")
