"""The chain of owners of an object, from its marks to the top; pure.

Helm, kapp, Flux, Argo CD, Sveltos, Fleet and Cluster API's Helm provider each leave marks on what
they deploy, in the workload cluster and above it. A mark counts even if its owner is not found: it
may be in a third cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from akoo_ako.installs import helm, kapp, owner
from akoo_ako.installs.owner import Link, Owner, Where
from akoo_ako.installs.seen import Seen, annotation, at, items, label, name_of, namespace_of
from akoo_core.plugin import structs

CAPI_MANAGER: Final = "manager"
"""The field manager of Cluster API's controller: the name of its program."""
LONGEST: Final = 32
"""Owners in a chain. A workload cluster may answer anything."""


def chain(obj: structs.JSON, objects: Seen) -> tuple[Owner, ...]:
    """The owners of an object, the nearest first; () for an object that nobody owns.

    It ends at an owner that nobody owns, at one that was not read, and at one that is in it
    already: Flux and Argo CD can deploy the object by which they deploy.
    """
    owners: list[Owner] = []
    where: Where = "workload"
    lowest: structs.JSON | None = obj
    while lowest is not None:
        links, lowest = _above(lowest, where, objects), None
        for above, read in links:
            if above in owners or len(owners) == LONGEST:
                return tuple(owners)
            owners.append(above)
            lowest, where = read, above.where
    return tuple(owners)


def _above(obj: structs.JSON, where: Where, objects: Seen) -> tuple[Link, ...]:
    for rule in _RULES:
        links = tuple(rule(obj, where, objects))
        if links:
            return links
    return ()


# Rules. Each yields the owners by its own mark, the nearest first, or nothing. ``where``: the
# cluster that the object is in.


def _by_reference(obj: structs.JSON, where: Where, objects: Seen) -> Iterator[Link]:
    references = items(obj, "metadata.ownerReferences")
    if where == "management":
        # Everything of a Cluster is deleted with it; it deploys nothing by itself.
        references = [reference for reference in references if reference.get("kind") != "Cluster"]
    if not references:
        return
    reference = max(references, key=lambda each: each.get("controller") is True)
    kind, name = str(reference.get("kind", "")), str(reference.get("name", ""))
    there = owner.find(owner.listed(objects, where, kind), name, namespace_of(obj))
    if there is not None:
        yield owner.made(there, where), there
        return
    # The management cluster is trusted: the owner is there, of a kind that is not read.
    beside: Where = "management" if where == "management" else "not found"
    yield Owner(kind=kind, name=name, namespace=namespace_of(obj), where=beside), None


def _argo(obj: structs.JSON, where: Where, objects: Seen) -> Iterator[Link]:
    tracking = annotation(obj, "argocd.argoproj.io/tracking-id").partition(":")[0]
    name = tracking or label(obj, "argocd.argoproj.io/instance")
    namespace, _, name = name.rpartition("_")
    sure = bool(name)
    # Argo CD's usual label is one that charts set, too: it counts with its Application only.
    name = name or label(obj, "app.kubernetes.io/instance")
    for place, listed in owner.both(objects, "Application", where):
        for application in listed:
            if name_of(application) != name or not _deploys_into(where, application, place):
                continue
            if sure or _tracks(application, obj):
                yield owner.made(application, place), application
                return
    if sure:
        yield Owner(kind="Application", name=name, namespace=namespace), None


def _deploys_into(where: Where, application: structs.JSON, place: Where) -> bool:
    """The Application in ``place`` may deploy into ``where``."""
    if place == "workload":
        return True
    server = str(at(application, "spec.destination.server") or "")
    name = str(at(application, "spec.destination.name") or "")
    beside = server == "https://kubernetes.default.svc" or name == "in-cluster"
    return beside == (where == "management")


def _tracks(application: structs.JSON, obj: structs.JSON) -> bool:
    mine = (obj["kind"], namespace_of(obj), name_of(obj))
    return any(
        (each.get("kind"), each.get("namespace") or "", each.get("name")) == mine
        for each in items(application, "status.resources")
    )


def _flux(obj: structs.JSON, where: Where, objects: Seen) -> Iterator[Link]:
    for kind, prefix in (("HelmRelease", "helm"), ("Kustomization", "kustomize")):
        name = label(obj, f"{prefix}.toolkit.fluxcd.io/name")
        if not name:
            continue
        namespace = label(obj, f"{prefix}.toolkit.fluxcd.io/namespace")
        for place, listed in owner.both(objects, kind, where):
            there = owner.find(listed, name, namespace)
            if there is not None:
                yield owner.made(there, place), there
                return
        yield Owner(kind=kind, name=name, namespace=namespace), None
        return


def _sveltos(obj: structs.JSON, where: Where, objects: Seen) -> Iterator[Link]:
    if where == "workload" and owner.marked(obj, "projectsveltos.io/"):
        for summary in owner.summaries(objects):
            yield owner.made(summary, "management"), summary
            return
        name = annotation(obj, "projectsveltos.io/owner-name")
        yield Owner(kind="ClusterSummary", name=name or "of this Cluster"), None


def _fleet(obj: structs.JSON, where: Where, objects: Seen) -> Iterator[Link]:
    if obj["kind"] == "BundleDeployment":
        name = label(obj, "fleet.cattle.io/bundle-name")
        namespace = label(obj, "fleet.cattle.io/bundle-namespace")
        if name:
            yield Owner(kind="Bundle", name=name, namespace=namespace, where=where), None
        return
    identifier = annotation(obj, "objectset.rio.cattle.io/id")
    if not identifier and not owner.marked(obj, "fleet.cattle.io/"):
        return
    for deployment in objects.management_of("BundleDeployment"):
        if name_of(deployment) and identifier.endswith(name_of(deployment)):
            yield owner.made(deployment, "management"), deployment
            return
    yield Owner(kind="BundleDeployment", name=identifier or "of this Cluster"), None


def _resource_set(obj: structs.JSON, where: Where, objects: Seen) -> Iterator[Link]:
    """Cluster API marks nothing that a ClusterResourceSet deploys, and keeps the objects in
    Secrets, too, which are not read. The field manager of its controller is a mark."""
    if where != "workload" or not of_cluster_api(obj):
        return
    bound = {
        str(each.get("clusterResourceSetName") or "")
        for binding in objects.management_of("ClusterResourceSetBinding")
        for each in items(binding, "spec.bindings")
    }
    for resource_set in objects.management_of("ClusterResourceSet"):
        reconciles = at(resource_set, "spec.strategy") == "Reconcile"
        if reconciles and name_of(resource_set) in bound:
            yield owner.made(resource_set, "management"), resource_set
            return


def of_cluster_api(obj: structs.JSON) -> bool:
    """Cluster API's controller wrote the object."""
    entries = items(obj, "metadata.managedFields")
    return any(
        entry.get("manager") == CAPI_MANAGER and not entry.get("subresource") for entry in entries
    )


_RULES: Final[tuple[Callable[[structs.JSON, Where, Seen], Iterator[Link]], ...]] = (
    *(_by_reference, _argo, _flux, _sveltos, _fleet, helm.by_release, kapp.by_app, _resource_set),
)
