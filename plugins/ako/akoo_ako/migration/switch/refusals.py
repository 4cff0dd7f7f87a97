"""Reasons against the beginning of a switch, of its way back, and of its end; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from akoo_ako.installs.seen import metadata_of, name_of, namespace_of
from akoo_ako.migration import ancestor, report
from akoo_ako.migration.blockers import Blocker
from akoo_ako.migration.estate import Estate, has_finalizer, is_deleting, key_of, named
from akoo_ako.migration.steps import adoption, finalizers
from akoo_ako.migration.switch.journal import Journal
from akoo_core.plugin import names
from akoo_core.plugin.records import Record

WAITED = "AncestorFinalizer"
"""A blocker that ``run`` waits for, while the ancestor runs."""
BOTH = "TwoOperators"
"""A blocker that ``run`` mends where this switch gave the object to akoo-core: the ancestor was
started again."""


def of_run(estate: Estate, journal: Journal, operator: str) -> Iterator[Blocker]:
    """Against a switch, or against going on with one. ``operator``: the holder of its Lease."""
    if journal.phase == "Finishing":
        yield Blocker(
            reason="SwitchFinished",
            object=f"ConfigMap {journal.parts[0].name}",
            message="The switch is being finished: run akoo-core migrate-akoo finish again.",
        )
        return
    checked, ours = report.check(estate), _switched(estate, journal)
    for blocker in checked.blockers:
        if blocker.reason != WAITED and not (blocker.reason == BOTH and blocker.object in ours):
            yield blocker
    for sentence in checked.unseen:
        yield Blocker(reason="NotLookedAt", object="the management cluster", message=sentence)
    if operator:
        yield _runs(operator, "It would take over what is not switched yet.")
    if not adoption.possible():
        yield Blocker(
            reason="AdoptionMissing",
            object="akoo-core",
            message="This release cannot adopt an AKO: nobody would manage it after a switch.",
        )


def _switched(estate: Estate, journal: Journal) -> set[str]:
    """The objects that this switch gave to akoo-core."""
    uids = {entry.uid for entry in journal.of(finalizers.NAME)}
    return {
        named(obj) for obj in (*estate.configs, *estate.clusters) if metadata_of(obj)["uid"] in uids
    }


def of_back(
    estate: Estate, journal: Journal, operator: str, records: Sequence[Record]
) -> Iterator[Blocker]:
    """Against the way back."""
    if journal.phase == "Finishing":
        yield Blocker(
            reason="SwitchFinished",
            object=f"ConfigMap {journal.parts[0].name}",
            message="The switch was finished: what the way back needs is being deleted.",
        )
        return
    for sentence in estate.unseen:
        yield Blocker(reason="NotLookedAt", object="the management cluster", message=sentence)
    if operator:
        yield _runs(operator, "It would put its finalizers back.")
    uids = {metadata_of(cluster)["uid"]: cluster for cluster in estate.clusters}
    managing = [
        record for record in records if record.spec.finished_at is None and not record.spec.observed
    ]
    managed = {record.spec.cluster_ref.uid for record in managing}
    for record in managing:
        cluster = uids.get(record.spec.cluster_ref.uid)
        if record.finalizers and cluster is not None and not is_deleting(cluster):
            yield Blocker(
                reason="HandBackNeeded",
                object=f"Cluster {key_of(cluster)}",
                message=f"AKODeployment {record.name} manages its AKO. Stop akoo-core, and free "
                "it: akoo-core uninstall --orphan. AKO stays as it is.",
            )
    yield from _leaving(estate, managed)


def _leaving(estate: Estate, managed: set[str]) -> Iterator[Blocker]:
    """``managed``: the UIDs of the Clusters that a record manages, also under the ancestor's
    finalizer."""
    for obj in (*estate.configs, *estate.clusters):
        ours = has_finalizer(obj, names.FINALIZER) or metadata_of(obj)["uid"] in managed
        if is_deleting(obj) and ours:
            yield Blocker(
                reason="DeletionBegun",
                object=named(obj),
                message="It is being deleted under akoo-core, and can get no other finalizer. "
                "Start akoo-core, and wait until it is gone.",
            )


def of_finish(
    estate: Estate, journal: Journal, left: Sequence[str], records: Sequence[Record]
) -> Iterator[Blocker]:
    """Against the end. ``left``: the objects that a switch would still change."""
    for obj in (*estate.configs, *estate.clusters):
        if is_deleting(obj) and has_finalizer(obj, ancestor.FINALIZER):
            yield Blocker(
                reason=WAITED,
                object=named(obj),
                message="It is being deleted, and the finalizer of the ancestor holds it. "
                "akoo-core takes that off while the journal of the switch is there. Wait until it "
                "is gone.",
            )
    if journal.phase != "Finishing":
        for thing in left:
            yield Blocker(
                reason="SwitchUnfinished",
                object=thing,
                message="The switch has not changed it yet: akoo-core migrate-akoo run.",
            )
    taken = {
        record.spec.cluster_ref.uid: record.spec.ako_cluster_name
        for record in records
        if record.spec.finished_at is None and not record.spec.observed
    }
    switched = {entry.uid for entry in journal.of(finalizers.NAME) if entry.kind == "Cluster"}
    for cluster in estate.clusters:
        uid = metadata_of(cluster)["uid"]
        name = ancestor.cluster_name(namespace_of(cluster), name_of(cluster))
        if uid in switched and not is_deleting(cluster) and taken.get(uid) != name:
            yield Blocker(
                reason="NotAdopted",
                object=f"Cluster {key_of(cluster)}",
                message=f"No AKODeployment has adopted its AKO ({name}). Wait for akoo-core, and "
                f"see akoo-core explain {key_of(cluster)}.",
            )


def _runs(holder: str, effect: str) -> Blocker:
    return Blocker(
        reason="OperatorRuns",
        object="akoo-core",
        message=f"{holder} holds its Lease. {effect} Stop it first: kubectl scale --replicas=0 its "
        "Deployment.",
    )
