"""Objects that the Go ancestor (AKOO) manages: two operators must not manage one object. Pure."""

from __future__ import annotations

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.reconcile.decide.situation import Situation


def of_ancestor(s: Situation) -> str:
    """The object that carries the finalizer of the ancestor, for people: the Cluster, or the
    chosen config; "" for none."""
    if s.cluster is not None and names.ANCESTOR_FINALIZER in s.cluster.finalizers:
        return f"Cluster {s.cluster.key}"
    config = s.choice.config
    if config is not None and carries(config.raw):
        return f"AKODeploymentConfig {config.name}"
    return ""


def carries(obj: structs.JSON) -> bool:
    """True if the object has the finalizer of the ancestor."""
    metadata = obj.get("metadata") or {}
    return names.ANCESTOR_FINALIZER in (metadata.get("finalizers") or ())


def message(thing: str) -> str:
    """The sentences about an object that carries the finalizer of the ancestor."""
    return (
        f"{thing} carries {names.ANCESTOR_FINALIZER}, the finalizer of AKOO, the Go ancestor. Two "
        "operators must not manage one object, so nothing is done while it is there. See "
        "akoo-core migrate-akoo check."
    )
