"""The next decision about a record whose Cluster lives. Pure."""

from __future__ import annotations

from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.record import Cause, Record
from akoo_core.plugin import api
from akoo_core.reconcile.decide import placements, two_operators
from akoo_core.reconcile.decide.decisions import (
    AddFinalizers,
    ChangeConfig,
    Decision,
    Hold,
    Live,
    On,
    Orphan,
    StartLeaving,
)
from akoo_core.reconcile.decide.situation import Situation
from akoo_core.reconcile.decide.user_annotations import UserAnnotations

LABEL_LIMIT = 63
"""Characters of the value of a label; the name of a config may be longer."""


def decide(
    s: Situation, record: Record, cluster: Cluster, annotations: UserAnnotations
) -> Decision:
    """The next decision, unless the record leaves or nothing may be done."""
    if annotations.leave == "sweep":
        return StartLeaving(cause="UserWord", message=f"{names.LEAVE_ANNOTATION}: sweep")
    if annotations.leave == "orphan":
        message = f"{names.LEAVE_ANNOTATION}: orphan"
        return _orphaned(record, "UserWord", message)
    if given_back := _given_back(record):
        return _orphaned(record, "UserWord", given_back)
    if thing := two_operators.of_ancestor(s):
        return Hold(reason="TwoOperators", message=two_operators.message(thing))
    config = s.choice.config
    if config is None:
        return _unmatched(s, record)
    ref, policies = record.spec.config_ref, record.spec.policies
    same = ref.name == config.name and ref.uid == config.uid and policies == config.policies
    if record.spec.orphaned is not None or not same:
        return ChangeConfig(config=config)
    missing = tuple(
        on
        for on in _finalizers_missing(record, cluster, config.raw)
        if on not in s.progress.ensured
    )
    if missing:
        return AddFinalizers(on=missing)
    if s.progress.relocations:
        message = placements.described(s.progress.relocations)
        return StartLeaving(cause="Relocated", message=message)
    return Live()


def _given_back(record: Record) -> str:
    """The way in which its AKO was given back, in words; "" for one that was not."""
    fact = record.spec.facts.get(api.AdoptedName.fact_name)
    if fact is None or not fact.data.get("givenBack"):
        return ""
    kept = str(fact.data.get("kept") or "")
    return "its AKO was given back as it was" + (f", but for {kept}" if kept else "")


def _finalizers_missing(
    record: Record, cluster: Cluster, config: dict[str, object]
) -> tuple[On, ...]:
    metadata = config.get("metadata")
    on_config = metadata.get("finalizers") if isinstance(metadata, dict) else ()
    missing: list[On] = []
    if names.RECORD_FINALIZER not in record.finalizers and not record.deleting:
        missing.append("Record")
    if names.FINALIZER not in (on_config or ()):
        missing.append("Config")
    if names.FINALIZER not in cluster.finalizers or _is_unmarked(record, cluster):
        missing.append("Cluster")
    if _label_is_old(cluster, record.spec.config_ref.name):
        missing.append("Label")
    return tuple(missing)


def _is_unmarked(record: Record, cluster: Cluster) -> bool:
    """The Cluster came from the ancestor, whose switch put our finalizer on it before there was a
    record: it lacks our annotation, which shows that a record manages it."""
    switched = names.ANCESTOR_LABEL in cluster.labels
    return switched and cluster.annotations.get(names.RECORD_ANNOTATION) != record.name


def _label_is_old(cluster: Cluster, config: str) -> bool:
    """The Cluster came from the ancestor, whose label names another config; a label of that length
    can be written at all."""
    label = cluster.labels.get(names.ANCESTOR_LABEL)
    return label not in (None, config) and len(config) <= LABEL_LIMIT


def _unmatched(s: Situation, record: Record) -> Decision:
    name = record.spec.config_ref.name
    if record.spec.orphaned is not None:
        return _orphaned(record, record.spec.orphaned.cause, s.choice.why)
    if s.choice.current == "Missing":
        return Hold(
            reason="ConfigMissing",
            message=(
                f'AKODeploymentConfig "{name}" is gone and no other selects this cluster. AKO is '
                "left as it is. Create the config again, or annotate this record "
                f"{names.LEAVE_ANNOTATION}=sweep (remove) or orphan (keep)."
            ),
        )
    if s.choice.current == "Unusable":
        return Hold(
            reason="ConfigInvalid",
            message=(
                f'AKODeploymentConfig "{name}" cannot be used: {s.choice.current_problem}. AKO is '
                "left as it is until the config is corrected."
            ),
        )
    deleting = s.choice.current == "Deleting"
    cause: Cause = "ConfigDeleted" if deleting else "Unmatched"
    message = f'AKODeploymentConfig "{name}" is being deleted' if deleting else s.choice.why
    if record.spec.policies.on_unmatch == "Remove":
        return StartLeaving(cause=cause, message=message)
    return _orphaned(record, cause, message)


def _orphaned(record: Record, cause: Cause, message: str) -> Decision:
    if record.spec.orphaned is None or record.spec.orphaned.cause != cause:
        return Orphan(cause=cause, message=message)
    return Hold(
        reason="Orphaned",
        message=(
            f"AKO stays in place and is no longer managed ({message}). It is still cleaned up when "
            "the Cluster is deleted."
        ),
    )
