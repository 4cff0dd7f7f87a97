"""Clusters of the Go ancestor (AKOO) that are deleted before their AKO was adopted. Pure.

A switch gave them to akoo-core, so nobody else cleans up. Their AKO has the clusterName that the
ancestor gave it. An object that was deleted while the ancestor was being stopped can get no other
finalizer: the ancestor's stands for ours then, as long as the ancestor does not run.
"""

from __future__ import annotations

from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.reconcile.decide import two_operators
from akoo_core.reconcile.decide.decisions import AskAncestor, Hold, Nothing, ReleaseCluster
from akoo_core.reconcile.decide.situation import Situation

AGAIN_SECONDS = 60.0
"""Interval at which an ancestor that runs is looked at again."""


def cluster_name(cluster: Cluster) -> str:
    """AKO's clusterName, as the ancestor gives it."""
    return f"{cluster.namespace}-{cluster.name}"


def is_held(cluster: Cluster) -> bool:
    """The Cluster is being deleted, and of the two operators the ancestor alone has a finalizer."""
    finalizers = cluster.finalizers
    ancestors = names.ANCESTOR_FINALIZER in finalizers and names.FINALIZER not in finalizers
    return cluster.deleting and ancestors


def is_switched(cluster: Cluster) -> bool:
    """Our finalizer came with the switch, and no record has managed the Cluster."""
    switched = names.FINALIZER in cluster.finalizers and names.ANCESTOR_LABEL in cluster.labels
    return switched and names.RECORD_ANNOTATION not in cluster.annotations


def is_taken(s: Situation) -> bool:
    """The Cluster is cleaned up as the ancestor's: its finalizer stands for ours, or a switch gave
    it to a config that adopts."""
    cluster = s.cluster
    if cluster is None or not cluster.deleting:
        return False
    return is_held(cluster) or (s.adopts and is_switched(cluster))


def obstacle(s: Situation) -> AskAncestor | Hold | None:
    """The reason not to go on with a record whose Cluster the ancestor's finalizer alone holds."""
    if s.cluster is None or not is_held(s.cluster) or s.progress.ancestor == "Stopped":
        return None
    if not s.progress.ancestor:
        return AskAncestor()
    message = two_operators.message(f"Cluster {s.cluster.key}")
    return Hold(reason="TwoOperators", message=message, after=AGAIN_SECONDS)


def waits(s: Situation) -> AskAncestor | Nothing | None:
    """The reason not to begin to manage a Cluster in deletion: the ancestor, which has a finalizer
    on it, may clean up."""
    cluster = s.cluster
    if cluster is None or not is_taken(s) or s.progress.ancestor == "Stopped":
        return None
    if names.ANCESTOR_FINALIZER not in cluster.finalizers:
        return None
    if not s.progress.ancestor:
        return AskAncestor()
    return Nothing(why=two_operators.message(f"Cluster {cluster.key}"), after=AGAIN_SECONDS)


def release(s: Situation) -> AskAncestor | ReleaseCluster | None:
    """The end of the hold on a Cluster that is let go: our finalizer, and the ancestor's where it
    stands for ours, or where nobody else would take it off."""
    cluster = s.cluster
    if cluster is None or s.shared_with:
        return None
    if cluster.deleting and names.ANCESTOR_FINALIZER in cluster.finalizers:
        if not s.progress.ancestor:
            return AskAncestor()
        if s.progress.ancestor == "Stopped":
            return ReleaseCluster()
    return ReleaseCluster() if names.FINALIZER in cluster.finalizers else None
