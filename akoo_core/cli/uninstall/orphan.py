"""`uninstall --orphan`: removes our finalizers and annotations, and nothing else.

The order is Clusters, configs, objects of plugins' controllers, records: a record is the last to
lose its protection. If this ends half-way, every record is complete, and an operator that starts
again puts the finalizers back. Nothing is deleted, and no workload cluster is called.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from akoo_core import structs
from akoo_core.cli import fleet
from akoo_core.cli.uninstall import remove
from akoo_core.kube import client, discovery, errors, finalizers, resource
from akoo_core.objects import cluster, names
from akoo_core.plugin_host import controllers
from akoo_core.reconcile.act import status


class Mark(NamedTuple):
    """One finalizer of ours on one object as it was read."""

    kind: resource.Resource
    object: client.Object
    finalizer: str

    def __str__(self) -> str:
        metadata = self.object["metadata"]
        place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
        return f"{self.kind.kind} {place}{metadata['name']}"

    @property
    def deleting(self) -> bool:
        return "deletionTimestamp" in self.object["metadata"]


async def marks(
    kube: client.KubeClient, registered: Sequence[controllers.Controller]
) -> list[Mark]:
    """Every finalizer of ours and of these controllers, in the order of removal."""
    kinds = (
        (await discovery.clusters(kube), names.FINALIZER),
        (resource.AKO_DEPLOYMENT_CONFIGS, names.FINALIZER),
        *_of_plugins(registered),
        (resource.AKO_DEPLOYMENTS, names.RECORD_FINALIZER),
    )
    return [
        Mark(kind, obj, finalizer)
        for kind, finalizer in kinds
        for obj in await _listed(kube, kind)
        if finalizer in (obj["metadata"].get("finalizers") or ())
    ]


def _of_plugins(
    registered: Sequence[controllers.Controller],
) -> Iterator[tuple[resource.Resource, str]]:
    for controller in registered:
        if controller.registration.finalizer:
            for kind in controller.registration.writes:
                yield kind, controller.registration.finalizer


async def _listed(kube: client.KubeClient, kind: resource.Resource) -> list[client.Object]:
    """All objects of a kind; [] where the kind is not defined (a plugin that never ran here)."""
    try:
        return await fleet.listed(kube, kind)
    except errors.NotFoundError:
        return []


def problems(marked: list[Mark], records: fleet.Records) -> Iterator[str]:
    """Removals under way that would never finish. Pure."""
    for mark in marked:
        if mark.deleting:
            yield f"{mark} is being deleted and waits for its cleanup"
    for record in records.known:
        if record.spec.leaving is not None and record.spec.finished_at is None:
            yield f"AKO is being removed from {fleet.key_of(record)} ({record.name})"


def plan(marked: list[Mark]) -> Iterator[str]:
    """The plan, in lines. Pure."""
    yield "Nothing is deleted; AKO keeps working in every cluster. In this order:"
    for mark in marked:
        yield f"  finalizer {mark.finalizer} is removed from {mark}"
    yield "Clusters deleted afterwards are not cleaned up: AKO's objects on Avi stay."
    yield "Objects that plugins made for other purposes (address ranges, for example) stay, too."


def left_behind(records: fleet.Records) -> Iterator[str]:
    """A list of the objects that stay, and the way back. Pure."""
    yield "Left behind:"
    for record in remove.living(records):
        key, objects = fleet.key_of(record), len(record.spec.inventory)
        yield f"  {key}: AKO and {objects} objects; on Avi the objects of {record.name}"
    yield "  in the management cluster: all our objects, without our finalizers, and the CRDs"
    yield "Keep the records: kubectl get akodeployments -o yaml > akodeployments.yaml"
    yield "An operator that starts again continues with all of this."


async def remove_mark(kube: client.KubeClient, mark: Mark, say: Callable[[str], None]) -> None:
    """Remove the finalizer; from a Cluster first our annotation and condition."""
    metadata = mark.object["metadata"]
    if mark.kind.kind == "Cluster":
        await _remove_annotation_and_condition(kube, mark)
    await finalizers.Finalizers(kube).remove(
        mark.kind, mark.finalizer, metadata["name"], metadata.get("namespace"), uid=metadata["uid"]
    )
    say(f"{mark}: done")


async def _remove_annotation_and_condition(kube: client.KubeClient, mark: Mark) -> None:
    decoded = cluster.from_object(mark.object)
    if names.RECORD_ANNOTATION in decoded.annotations:
        patch = {"metadata": {"uid": decoded.uid, "annotations": {names.RECORD_ANNOTATION: None}}}
        await kube.merge_patch(mark.kind, decoded.name, patch, decoded.namespace)
    if mark.kind.version != "v1beta2" or names.LOAD_BALANCER_READY not in str(
        mark.object.get("status") or {}
    ):
        return
    body: structs.JSON = {
        "apiVersion": mark.kind.api_version,
        "kind": mark.kind.kind,
        "metadata": {"name": decoded.name, "namespace": decoded.namespace, "uid": decoded.uid},
        "status": {},
    }
    manager = status.CLUSTER_FIELD_MANAGER
    # Where the condition is all of the status (nobody else wrote one), the server refuses to store
    # a status of null, and the condition stays. It holds nothing.
    with contextlib.suppress(errors.InvalidError):
        await kube.apply(mark.kind, body, field_manager=manager, subresource="status")
