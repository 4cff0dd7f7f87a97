"""The adoption of an AKO that somebody else deployed, object by object, by dry run."""

from __future__ import annotations

from akoo_core import errors, structs
from akoo_core.kube.client import FIELD_MANAGER
from akoo_core.objects.record import Adoption, RecordSpec
from akoo_core.plugin import api
from akoo_core.reconcile.act import attempt
from akoo_core.reconcile.act.observed import adoptions
from akoo_core.reconcile.deploy import adoption, inventory
from akoo_core.reconcile.deploy.objects import WorkloadObjects

Rows = tuple[api.PlannedAction, ...]


def is_ahead(spec: RecordSpec, plugin: str) -> bool:
    """The plugin has given AdoptedName, and has written nothing yet."""
    fact = spec.facts.get(api.AdoptedName.fact_name)
    if fact is None or fact.plugin != plugin or not fact.data.get("clusterName"):
        return False
    return spec.observed or adoptions.unwritten(spec, plugin)


async def preview(looking: attempt.Attempt, plugin: api.Plugin) -> Rows:
    """A row for each object of the install. Other plugins may make more of it wait.

    Raises AkooError when the workload cluster does not answer.
    """
    spec, now = looking.spec, looking.services.clock.now()
    name = str(spec.facts[api.AdoptedName.fact_name].data["clusterName"])
    begun = structs.replace(
        spec,
        observed=False,
        ako_cluster_name=name,
        adoption=spec.adoption or Adoption(started_at=now),
    )
    view = structs.replace(looking.view(plugin), spec=begun, awaited=())
    answer = looking.services.caller.call_pure("contribute", plugin, view)
    if isinstance(answer, api.Wait | api.Blocked):
        why = f"{answer.reason}: {answer.message}"
        return (api.PlannedAction(action="keep", kind="AKO", name=name, why=why),)
    reached = await looking.workload()
    if reached.client is None:
        raise errors.AkooError(f"{reached.reason}: {reached.message}")
    contribution = answer or api.Contribution()
    objects = WorkloadObjects(looking.name, reached.client, adoption.uids([contribution]))
    wanted = inventory.wanted(looking.name, {plugin.name: contribution})
    rows = [await _row(objects, obj) for obj in wanted]
    if contribution.held is None:
        return tuple(rows)
    first = api.PlannedAction(action="change", kind="AKO", name=name, why=contribution.held.message)
    return (first, *rows)


async def _row(objects: WorkloadObjects, obj: inventory.WantedObject) -> api.PlannedAction:
    existing = await objects.read(obj.api_version, obj.key)
    if existing is None:
        return _planned(obj, "create", "it is not there")
    if reason := objects.in_the_way(obj, existing):
        return _planned(obj, "keep", f"ForeignObject: {reason}")
    marked = f"it is marked as ours{_handed_over(existing)}"
    if obj.secret is not None:
        return _planned(obj, "change", f"{marked}; its values are compared first")
    paths = await objects.changes(obj, obj.manifest, existing)
    if paths:
        named = ", ".join(paths[: adoption.NAMED])
        return _planned(obj, "keep", f"AdoptionWouldRestart: {named} would change")
    return _planned(obj, "change", f"{marked}, and is applied as it stands")


def _planned(obj: inventory.WantedObject, action: str, why: str) -> api.PlannedAction:
    key = obj.key
    return structs.convert(
        {
            "action": action,
            "kind": key.kind,
            "name": key.name,
            "where": key.namespace,
            "why": why,
        },
        api.PlannedAction,
    )


def _handed_over(existing: structs.JSON) -> str:
    managers = {
        str(entry.get("manager"))
        for entry in existing["metadata"].get("managedFields") or ()
        if not entry.get("subresource")
    } - adoption.CONTROLLERS
    former = sorted(managers - {FIELD_MANAGER})
    return f" with the fields of {', '.join(former)}" if former else ""
