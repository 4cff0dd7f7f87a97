"""Once faults stop: pauses end, the user answers what waits for a person, and all must end."""

from __future__ import annotations

from akoo_core.objects import names
from akoo_core.objects import record as record_
from akoo_core.reconcile.decide import user_annotations
from tests.sim.sim_faults import Weather
from tests.sim.sim_fleet import SimFleet
from tests.sim.sim_outside import ROUTES


def calm(fleet: SimFleet, weather: Weather) -> None:
    """No more faults."""
    weather.failing = weather.latency = weather.lag = 0.0
    fleet.outside.whims.share = 0.0
    fleet.chance = lambda: 0.0
    for workload in fleet.workloads.values():
        workload.silent = False


async def begin(fleet: SimFleet, weather: Weather) -> None:
    """No more faults, no more pauses, no more marks."""
    calm(fleet, weather)
    for name in fleet.clusters():
        await fleet.patch_cluster(name, {"spec": {"paused": None}})
        await fleet.mark(name, moving=False)
    for record in fleet.laws.records():
        await fleet.annotate(record.name, paused=None)


def paused(fleet: SimFleet) -> frozenset[str]:
    """Records for which nothing may be done."""
    pausing = {
        cluster["metadata"]["uid"]
        for cluster in fleet.clusters().values()
        if (cluster.get("spec") or {}).get("paused")
        or names.DELETE_FOR_MOVE_ANNOTATION in (cluster["metadata"].get("annotations") or {})
    }
    return frozenset(
        record.name
        for record in fleet.laws.records()
        if record.spec.cluster_ref.uid in pausing
        or user_annotations.read(record.annotations).paused
    )


async def settled(fleet: SimFleet) -> bool:
    """True if everything is as it should be. An object that waits for a person gets its answer."""
    for record in fleet.laws.records():
        held = [c.reason for c in record.status.conditions]
        if "ClusterVanished" in held:
            await fleet.annotate(record.name, leave="sweep")
        if "RemovalHeld" in held:
            await fleet.annotate(record.name, confirm_removal="yes")
    await _select_again(fleet)
    return not unsettled(fleet)


async def _select_again(fleet: SimFleet) -> None:
    """A Cluster in deletion whose record was lost waits until a config selects it."""
    for name, cluster in fleet.clusters().items():
        metadata = cluster["metadata"]
        waits = "deletionTimestamp" in metadata and names.FINALIZER in metadata["finalizers"]
        if waits and fleet.record_of(metadata["uid"]) is None:
            await fleet.patch_cluster(name, {"metadata": {"labels": {"lb": "avi"}}})


def unsettled(fleet: SimFleet) -> list[str]:
    """The things that are not yet as they should be."""
    clusters = fleet.clusters()
    uids = {cluster["metadata"]["uid"]: cluster for cluster in clusters.values()}
    unfinished = [
        f"Cluster {name} is still there"
        for name, cluster in clusters.items()
        if "deletionTimestamp" in cluster["metadata"]
    ]
    for record in fleet.laws.records():
        unfinished += _unfinished(record, uids.get(record.spec.cluster_ref.uid))
        unfinished += _misrouted(fleet, record)
    served = {record.spec.cluster_ref.uid for record in fleet.laws.records() if _runs(record)}
    for uid, cluster in uids.items():
        wanted = (cluster["metadata"].get("labels") or {}).get("lb") == "avi"
        word = fleet.record_of(uid)
        annotated = word is not None and names.LEAVE_ANNOTATION in word.annotations
        if wanted and not annotated and uid not in served:
            unfinished.append(f"Cluster {cluster['metadata']['name']} is selected and not Running")
    return unfinished


def _misrouted(fleet: SimFleet, record: record_.Record) -> list[str]:
    """A former fact that is still deployed, or a config that waits for a fact."""
    workload = record.spec.workload
    data = fleet.deployed(workload.kube_system_uid) if workload is not None else {}
    level = fleet.log_level()
    if not _runs(record) or "route" not in data:
        return []
    if data["logLevel"] != level:
        return [f"{record.name} has the log level {data['logLevel']}, not {level}"]
    wanted = ROUTES.get(level, "")
    if data["route"] != wanted:
        return [f"{record.name} has the route {data['route']!r}, not {wanted!r}"]
    return []


def _runs(record: record_.Record) -> bool:
    return record.status.phase == "Running" and record.spec.leaving is None


def _unfinished(record: record_.Record, cluster: object) -> list[str]:
    state = record.spec.leaving
    if record.spec.finished_at is not None or (state is None and cluster is not None):
        return []
    held = [f"{c.type} {c.reason}" for c in record.status.conditions if c.type in ("Held", "Ready")]
    return [f"record {record.name} has not ended: {record.status.phase} {held}"]
