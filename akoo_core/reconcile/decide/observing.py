"""The next decision about a record that only observes. Pure.

Nothing was written for it but the record, so it ends where another record would leave. A plugin may
find that its AKO can be adopted: then the record manages it from that moment on.
"""

from __future__ import annotations

from akoo_core.objects.cluster import Cluster
from akoo_core.objects.record import Record
from akoo_core.reconcile.decide import two_operators
from akoo_core.reconcile.decide.decisions import (
    ChangeConfig,
    Decision,
    EndObserving,
    Finish,
    Observe,
)
from akoo_core.reconcile.decide.situation import Situation
from akoo_core.reconcile.decide.user_annotations import UserAnnotations


def goes(cluster: Cluster) -> bool:
    """The Cluster is being deleted, and it is not moved."""
    return cluster.deleting and not cluster.paused and not cluster.moving


def decide(s: Situation, record: Record, annotations: UserAnnotations) -> Decision:
    """The next decision for a Cluster that lives."""
    config = s.choice.config
    if annotations.leave or config is None:
        return Finish()
    ref, policies = record.spec.config_ref, record.spec.policies
    if (ref.name, ref.uid) != (config.name, config.uid) or policies != config.policies:
        return ChangeConfig(config=config)
    if not s.observes:
        return EndObserving()
    thing = two_operators.of_ancestor(s)
    return Observe(obstacle=two_operators.message(thing) if thing else "")
