"""Helm releases and those who reconcile them; pure."""

from __future__ import annotations

from collections.abc import Iterator

from akoo_ako.installs import owner as owners
from akoo_ako.installs.owner import HELM, HELM_LABEL, HELM_STORES, Link, Owner, Where
from akoo_ako.installs.seen import Seen, annotation, at, items, label, name_of, namespace_of
from akoo_core.plugin import structs


def by_release(obj: structs.JSON, where: Where, objects: Seen) -> Iterator[Link]:
    name = annotation(obj, "meta.helm.sh/release-name")
    if not name:
        return
    namespace = annotation(obj, "meta.helm.sh/release-namespace")
    if where == "management":
        yield Owner(kind=HELM, name=name, namespace=namespace, where=where), None
        return
    stored = any(
        (namespace_of(revision), label(revision, "name")) == (namespace, name)
        for revision in revisions(objects)
    )
    place: Where = "workload" if stored else "not found"
    yield Owner(kind=HELM, name=name, namespace=namespace, where=place), None
    yield from _reconcilers(namespace, name, objects)


def revisions(objects: Seen) -> Iterator[structs.JSON]:
    """The Secrets and ConfigMaps in which Helm keeps its releases (HELM_DRIVER)."""
    for kind in HELM_STORES:
        for obj in objects.workload_of(kind):
            if label(obj, HELM_LABEL) == "helm":
                yield obj


def _reconcilers(namespace: str, name: str, objects: Seen) -> Iterator[Link]:
    """The owners of a Helm release, which leaves no mark of them on its objects."""
    for find in (_proxy, _helm_release, _sveltos_release, _fleet_release):
        links = tuple(find(namespace, name, objects))
        if links:
            yield from links
            return


def _proxy(namespace: str, name: str, objects: Seen) -> Iterator[Link]:
    for proxy in objects.management_of("HelmReleaseProxy"):
        release = (at(proxy, "spec.namespace") or "default", at(proxy, "spec.releaseName"))
        if at(proxy, "spec.clusterRef.name") == objects.name and release == (namespace, name):
            yield owners.made(proxy, "management"), proxy
            return


def _helm_release(namespace: str, name: str, objects: Seen) -> Iterator[Link]:
    for where, listed in owners.both(objects, "HelmRelease"):
        for release in listed:
            if _releases(release, namespace, name) and _reaches(release, where, objects):
                yield owners.made(release, where), release
                return


def _releases(release: structs.JSON, namespace: str, name: str) -> bool:
    target = str(at(release, "spec.targetNamespace") or "")
    default = f"{target}-{name_of(release)}" if target else name_of(release)
    named = str(at(release, "spec.releaseName") or default)
    return (target or namespace_of(release), named) == (namespace, name)


def _reaches(release: structs.JSON, where: Where, objects: Seen) -> bool:
    """The HelmRelease deploys into this Cluster."""
    secret = str(at(release, "spec.kubeConfig.secretRef.name") or "")
    if where == "workload":
        return not secret
    mine = namespace_of(release) == objects.namespace
    return mine and secret.startswith(f"{objects.name}-kubeconfig")


def _sveltos_release(namespace: str, name: str, objects: Seen) -> Iterator[Link]:
    for summary in owners.summaries(objects):
        for release in items(summary, "status.helmReleaseSummaries"):
            if (release.get("releaseNamespace"), release.get("releaseName")) == (namespace, name):
                yield owners.made(summary, "management"), summary
                return


def _fleet_release(namespace: str, name: str, objects: Seen) -> Iterator[Link]:
    """Fleet calls the namespace of a BundleDeployment ``cluster-<namespace>-<name>-<hash>``."""
    place = f"cluster-{objects.namespace}-{objects.name}-"
    for deployment in objects.management_of("BundleDeployment"):
        release = str(at(deployment, "status.release") or "").rpartition(":")[0]
        if release == f"{namespace}/{name}" and namespace_of(deployment).startswith(place):
            yield owners.made(deployment, "management"), deployment
            return
