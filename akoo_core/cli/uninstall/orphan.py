"""`uninstall --orphan`: our finalizers and annotation go, everything else stays as it is.

The order is Clusters, configs, what plugins' controllers hold, records: a record is the last to
lose its protection. Whatever ends this half-way, every record is there with all it knows, and an
operator that is started again puts the finalizers back. Nothing is deleted, and no workload
cluster is called.
"""

from __future__ import annotations

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
    """Every finalizer of ours and of these controllers, in the order in which they go."""
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
    for one in registered:
        if one.registration.finalizer:
            for kind in one.registration.writes:
                yield kind, one.registration.finalizer


async def _listed(kube: client.KubeClient, kind: resource.Resource) -> list[client.Object]:
    """Of a plugin that never ran here there may be no definitions, so nothing to be freed."""
    try:
        return await fleet.listed(kube, kind)
    except errors.NotFoundError:
        return []


def problems(found: list[Mark], records: fleet.Records) -> Iterator[str]:
    """What is under way and would never be finished. Pure."""
    for one in found:
        if one.deleting:
            yield f"{one} is being deleted and waits for its cleanup"
    for record in records.known:
        if record.spec.leaving is not None and record.spec.finished_at is None:
            yield f"AKO is being taken away from {fleet.key_of(record)} ({record.name})"


def plan(found: list[Mark]) -> Iterator[str]:
    """What will happen, in lines. Pure."""
    yield "Nothing is deleted; AKO goes on working wherever it is. In this order:"
    for one in found:
        yield f"  finalizer {one.finalizer} goes from {one}"
    yield "Clusters that are deleted afterwards are not cleaned up: what AKO made on Avi stays."
    yield "What plugins made for other objects (address ranges, say) stays where it is, too."


def left_behind(records: fleet.Records) -> Iterator[str]:
    """What is where, and how to come back. Pure."""
    yield "Left behind:"
    for one in remove.living(records):
        objects = len(one.spec.inventory)
        yield f"  {fleet.key_of(one)}: AKO and {objects} objects; on Avi what {one.name} made"
    yield "  in the management cluster: all our objects, without our finalizers, and the CRDs"
    yield "Keep the records: kubectl get akodeployments -o yaml > akodeployments.yaml"
    yield "An operator that is started again takes all of this up where it was."


async def take_off(kube: client.KubeClient, one: Mark, say: Callable[[str], None]) -> None:
    """Take the finalizer off; from a Cluster also our annotation and condition, before it."""
    metadata = one.object["metadata"]
    if one.kind.kind == "Cluster":
        await _take_words(kube, one)
    await finalizers.Finalizers(kube).remove(
        one.kind, one.finalizer, metadata["name"], metadata.get("namespace"), uid=metadata["uid"]
    )
    say(f"{one}: done")


async def _take_words(kube: client.KubeClient, one: Mark) -> None:
    target = cluster.from_object(one.object)
    if names.RECORD_ANNOTATION in target.annotations:
        patch = {"metadata": {"uid": target.uid, "annotations": {names.RECORD_ANNOTATION: None}}}
        await kube.merge_patch(one.kind, target.name, patch, target.namespace)
    if one.kind.version != "v1beta2" or names.LOAD_BALANCER_READY not in str(
        one.object.get("status") or {}
    ):
        return
    body: structs.JSON = {
        "apiVersion": one.kind.api_version,
        "kind": one.kind.kind,
        "metadata": {"name": target.name, "namespace": target.namespace, "uid": target.uid},
        "status": {},
    }
    manager = status.CLUSTER_FIELD_MANAGER
    await kube.apply(one.kind, body, field_manager=manager, subresource="status")
