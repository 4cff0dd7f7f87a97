"""The next thing to do for a record whose Cluster lives. Pure."""

from __future__ import annotations

from akoo_core.objects import cluster, names, record
from akoo_core.reconcile.decide import user_annotations
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


def step(
    s: Situation, one: record.Record, target: cluster.Cluster, said: user_annotations.Words
) -> Decision:
    """The next thing to do, unless the record leaves or nothing may be done."""
    if said.leave == "sweep":
        return StartLeaving(cause="UserWord", message=f"{names.LEAVE_ANNOTATION}: sweep")
    if said.leave == "orphan":
        message = f"{names.LEAVE_ANNOTATION}: orphan"
        return _orphaned(one, "UserWord", message)
    chosen = s.choice.config
    if chosen is None:
        return _unmatched(s, one)
    ref, policies = one.spec.config_ref, one.spec.policies
    same = ref.name == chosen.name and ref.uid == chosen.uid and policies == chosen.policies
    if one.spec.orphaned is not None or not same:
        return ChangeConfig(config=chosen)
    missing = tuple(
        on for on in _finalizers_missing(one, target, chosen.raw) if on not in s.ensured
    )
    if missing:
        return AddFinalizers(on=missing)
    return StartLeaving(cause="Relocated", message=s.relocating) if s.relocating else Live()


def _finalizers_missing(
    one: record.Record, target: cluster.Cluster, chosen: dict[str, object]
) -> tuple[On, ...]:
    metadata = chosen.get("metadata")
    on_config = metadata.get("finalizers") if isinstance(metadata, dict) else ()
    found: list[On] = []
    if names.RECORD_FINALIZER not in one.finalizers and not one.deleting:
        found.append("Record")
    if names.FINALIZER not in (on_config or ()):
        found.append("Config")
    if names.FINALIZER not in target.finalizers:
        found.append("Cluster")
    return tuple(found)


def _unmatched(s: Situation, one: record.Record) -> Decision:
    name = one.spec.config_ref.name
    if one.spec.orphaned is not None:
        return _orphaned(one, one.spec.orphaned.cause, s.choice.why)
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
    cause: record.Cause = "ConfigDeleted" if deleting else "Unmatched"
    told = f'AKODeploymentConfig "{name}" is being deleted' if deleting else s.choice.why
    if one.spec.policies.on_unmatch == "Remove":
        return StartLeaving(cause=cause, message=told)
    return _orphaned(one, cause, told)


def _orphaned(one: record.Record, cause: record.Cause, message: str) -> Decision:
    if one.spec.orphaned is None or one.spec.orphaned.cause != cause:
        return Orphan(cause=cause, message=message)
    return Hold(
        reason="Orphaned",
        message=(
            f"AKO is left in place and not looked after ({message}). It is still cleaned up when "
            "the Cluster is deleted."
        ),
    )
