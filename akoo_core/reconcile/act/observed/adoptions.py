"""Adoptions begin and end: an observed cluster is managed, under the name that its AKO has. Thin.

Two records with one cluster name would both delete its objects. So one adoption begins at a time in
this process, after a quorum list of the records that have the name; only the leader writes.
"""

from __future__ import annotations

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.objects import conditions, names
from akoo_core.objects import record as records
from akoo_core.objects.config import Config
from akoo_core.objects.record import Adoption, RecordSpec, Workload
from akoo_core.plugin import api
from akoo_core.reconcile.act.attempt import Attempt
from akoo_core.reconcile.decide import adoption_limit, leaving

AGAIN_SECONDS = 60.0
"""Interval at which an adoption that has to wait is looked at again."""
NAME_TAKEN = "ClusterNameTaken"


async def begin(attempt: Attempt, obstacle: str) -> bool:
    """Manage the cluster from now on, if a plugin that observes it gave AdoptedName and nothing
    speaks against it. True: the record changed. Raises KubeError."""
    adopted, config = _adopted(attempt.spec), attempt.config
    if adopted is None or config is None:
        return False
    if obstacle:
        return _held(attempt, "TwoOperators", obstacle)
    if not adopted.cluster_name:
        await attempt.store(observed=False, ako_cluster_name=attempt.name)
        return True
    if names.is_record_name(adopted.cluster_name) and adopted.cluster_name != attempt.name:
        return _held(attempt, NAME_TAKEN, _made_for_another(adopted.cluster_name))
    async with attempt.services.adopting:
        held = _limit(attempt, config, adopted)
        if held is not None:
            return _held(attempt, held.reason, held.message)
        other = await holder(attempt, adopted.cluster_name)
        if other:
            return _held(attempt, NAME_TAKEN, _taken(adopted.cluster_name, other))
        await _store(attempt, adopted.cluster_name)
        attempt.services.adoptions.note(attempt.name, config.name)
    return True


def _adopted(spec: RecordSpec) -> api.AdoptedName | None:
    fact = spec.facts.get(api.AdoptedName.fact_name)
    if fact is None or fact.version != api.AdoptedName.fact_version:
        return None
    return structs.convert(fact.data, api.AdoptedName, path=api.AdoptedName.fact_name)


def _held(attempt: Attempt, reason: str, message: str) -> bool:
    attempt.report.ready = (reason, message)
    attempt.report.requeue(AGAIN_SECONDS)
    return False


def _limit(
    attempt: Attempt, config: Config, adopted: api.AdoptedName
) -> adoption_limit.AdoptionHold | None:
    services = attempt.services
    shown = services.world.adoptions(config)
    unseen = set(services.adoptions.unseen(config.name, shown.begun)) - {attempt.name}
    return adoption_limit.held(attempt.name, shown, len(unseen), config, adopted.at_once)


async def holder(attempt: Attempt, cluster_name: str) -> str:
    """Another record whose objects outside have that cluster name; "" for none."""
    kind, management = resources.AKO_DEPLOYMENTS, attempt.services.management
    selector = f"{names.ADOPTED_NAME_LABEL}={names.adopted_name_label(cluster_name)}"
    listed = (await management.list(kind, label_selector=selector)).items
    for record in map(records.from_object, listed):
        if record.name != attempt.name and _holds(record.spec, cluster_name):
            return record.name
    return ""


def _holds(spec: RecordSpec, cluster_name: str) -> bool:
    """The record manages, or may have left, objects of that name."""
    gone = spec.finished_at is not None and leaving.ended_clean(spec)
    return spec.ako_cluster_name == cluster_name and not spec.observed and not gone


def _made_for_another(cluster_name: str) -> str:
    """Whoever writes to the workload cluster can set this name, and objects with it count as those
    of one record alone, in all tenants."""
    return (
        f"Its AKO has the clusterName {cluster_name}, which akoo-core makes for one record alone. "
        "This record has another name, so the cluster is only observed. Give its AKO another name, "
        "or bring the record of that name here (clusterctl move, akoo-core adopt)."
    )


def _taken(cluster_name: str, other: str) -> str:
    return (
        f"Its AKO has the clusterName {cluster_name}, and so has record {other}. Objects on the "
        "Avi Controller cannot be told apart by it, so the cluster is only observed. Give one of "
        "the two another name."
    )


async def _store(attempt: Attempt, cluster_name: str) -> None:
    """One write: the name, and that the cluster is managed. The facts stay; the workload cluster
    that they are of is stored with them."""
    reached = await attempt.workload()
    spec = structs.replace(
        attempt.spec,
        observed=False,
        ako_cluster_name=cluster_name,
        adoption=Adoption(started_at=attempt.services.clock.now()),
        workload=Workload(kube_system_uid=reached.uid),
    )
    label = {names.ADOPTED_NAME_LABEL: names.adopted_name_label(cluster_name)}
    await attempt.change(spec, labels=label)


def unwritten(spec: RecordSpec, plugin: str) -> bool:
    """The plugin adopts, and nothing of it is written yet. So it still looks at the AKO in each
    round, whatever its other verbs wait for: its findings must not grow old."""
    fact = spec.facts.get(api.AdoptedName.fact_name)
    under_way = spec.adoption is not None and spec.adoption.ended_at is None
    mine = fact is not None and fact.plugin == plugin
    return under_way and mine and not any(item.plugin == plugin for item in spec.inventory)


def contested(spec: RecordSpec, plugin: str) -> bool:
    """The plugin has adopted, and somebody else writes its objects: it is asked about that in each
    round, and nothing that it deployed is written again."""
    fact = spec.facts.get(api.AdoptedName.fact_name)
    return fact is not None and fact.plugin == plugin and bool(fact.data.get("contested"))


async def note(attempt: Attempt) -> None:
    """Store the end or the failure of an adoption that is under way. Raises ConflictError."""
    adoption = attempt.spec.adoption
    fact = attempt.spec.facts.get(api.AdoptedName.fact_name)
    if adoption is None or adoption.ended_at is not None or fact is None:
        return
    condition = attempt.report.plugins.get(fact.plugin)
    if condition is None:
        return
    await attempt.store(adoption=_after(attempt, adoption, condition))


def _after(attempt: Attempt, adoption: Adoption, condition: conditions.Condition) -> Adoption:
    if condition.status == "True":
        now = attempt.services.clock.now()
        return structs.replace(adoption, ended_at=now, failure="", config_generation=0)
    if condition.reason not in api.ADOPTION_FAILURES or attempt.config is None:
        return adoption
    generation = attempt.config.generation
    return structs.replace(adoption, failure=condition.reason, config_generation=generation)
