"""A clusterName that was not shown to be the cluster's alone: nothing with it is deleted. Pure."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api
from akoo_core.plugin import names as core_names

CONDITION: Final = "ClusterNameShared"


def use(view: api.View) -> api.ClusterNameUse | None:
    """The fact that others may use the name, unless a person named the tenants that are swept."""
    fact = view.fact(api.ClusterNameUse)
    return fact if fact is not None and not fact.exclusive and not view.sweep_tenants else None


def conditions(view: api.View) -> tuple[api.RecordCondition, ...]:
    """The condition of the record; () where the name is the cluster's alone."""
    fact = use(view)
    if fact is None:
        return ()
    return (api.RecordCondition(type=CONDITION, reason="NotExclusive", message=described(fact)),)


def described(fact: api.ClusterNameUse) -> str:
    """The objects, the consequence and the remedy, in words."""
    more = fact.count - len(fact.objects)
    rest = f"; and {more} more" if more > 0 else ""
    return (
        f'The clusterName "{fact.name}" was not shown to be this cluster\'s alone: '
        f"{'; '.join(fact.objects)}{rest}. AKO is not asked to delete its objects, nothing with "
        "this name is deleted, and there will be no proof. Look whose these objects are, and "
        f"annotate the record with {core_names.SWEEP_TENANTS_ANNOTATION}=<tenant>,... for the "
        "tenants in which all that has this name is this cluster's."
    )
