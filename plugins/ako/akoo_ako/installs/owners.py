"""The chain of owners of an object, from its marks to the top; pure.

Helm, kapp, Flux, Argo CD, Sveltos, Fleet and Cluster API's Helm provider each leave marks on what
they deploy. A mark counts even if its owner is not found: it may be in a third cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from akoo_ako.installs import seen
from akoo_ako.installs.kinds import ADDON_SECRET
from akoo_ako.installs.seen import Seen, annotation, at, items, label, name_of, namespace_of
from akoo_core.plugin import structs

Where = Literal["workload", "management", "not found"]

HELM: Final = "Helm release"
HELM_STORES: Final = ("Secret", "ConfigMap")
"""Kinds in which Helm keeps releases. Which of them, HELM_DRIVER says; by default Secrets."""
HELM_LABEL: Final = "owner"
"""The label by which Helm finds them. Its value is ``helm``."""
KAPP: Final = "kapp app"
RECONCILERS: Final = frozenset(
    {
        *("HelmChartProxy", "HelmReleaseProxy", "HelmRelease", "Kustomization", "Application"),
        *("ClusterSummary", "BundleDeployment", "AKOConfig"),
    }
)
"""Kinds whose controllers write the object again. ``App``, ``PackageInstall`` and what is above
them do so, too, and are judged by the package."""


class Owner(structs.Struct, frozen=True, kw_only=True):
    """One owner in a chain."""

    kind: str
    name: str
    namespace: str = ""
    where: Where = "not found"

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        text = f"{self.kind} {place}{self.name}"
        return text if self.where == "workload" else f"{text} ({_PLACES[self.where]})"


_PLACES: Final[dict[str, str]] = {
    "management": "management cluster",
    "not found": "found in neither cluster",
}


def chain(obj: structs.JSON, objects: Seen) -> tuple[Owner, ...]:
    """The owners of an object, the nearest first; () for an object that nobody owns."""
    for rule in (_by_reference, _argo, _flux, _sveltos, _fleet, _helm, _kapp):
        owners = tuple(rule(obj, objects))
        if owners:
            return owners
    return ()


# Rules. Each yields the chain from its own mark on, or nothing.


def _by_reference(obj: structs.JSON, objects: Seen) -> Iterator[Owner]:
    for reference in seen.items(obj, "metadata.ownerReferences")[:1]:
        kind, name = str(reference.get("kind", "")), str(reference.get("name", ""))
        there = _find(objects.workload_of(kind), name)
        if there is None:
            yield Owner(kind=kind, name=name, namespace=namespace_of(obj))
            return
        yield _owner(there, "workload")
        yield from chain(there, objects)


def _argo(obj: structs.JSON, objects: Seen) -> Iterator[Owner]:
    tracking = annotation(obj, "argocd.argoproj.io/tracking-id").partition(":")[0]
    name = tracking or label(obj, "argocd.argoproj.io/instance")
    namespace, _, name = name.rpartition("_")
    sure = bool(name)
    # Argo CD's usual label is one that charts set, too: it counts with its Application only.
    name = name or label(obj, "app.kubernetes.io/instance")
    for where, listed in _both(objects, "Application"):
        for application in listed:
            if _elsewhere(application, where) or name_of(application) != name:
                continue
            if sure or _tracks(application, obj):
                yield _owner(application, where)
                yield from _by_reference(application, objects)
                return
    if sure:
        yield Owner(kind="Application", name=name, namespace=namespace)


def _elsewhere(application: structs.JSON, where: Where) -> bool:
    """The Application deploys into the cluster that it is in, and that is not this one."""
    server = str(at(application, "spec.destination.server") or "")
    return where == "management" and server == "https://kubernetes.default.svc"


def _tracks(application: structs.JSON, obj: structs.JSON) -> bool:
    mine = (obj["kind"], namespace_of(obj), name_of(obj))
    return any(
        (each.get("kind"), each.get("namespace") or "", each.get("name")) == mine
        for each in items(application, "status.resources")
    )


def _flux(obj: structs.JSON, objects: Seen) -> Iterator[Owner]:
    for kind, prefix in (("HelmRelease", "helm"), ("Kustomization", "kustomize")):
        name = label(obj, f"{prefix}.toolkit.fluxcd.io/name")
        if not name:
            continue
        namespace = label(obj, f"{prefix}.toolkit.fluxcd.io/namespace")
        for where, listed in _both(objects, kind):
            for owner in listed:
                if (namespace_of(owner), name_of(owner)) == (namespace, name):
                    yield _owner(owner, where)
                    yield from _flux(owner, objects)
                    return
        yield Owner(kind=kind, name=name, namespace=namespace)
        return


def _sveltos(obj: structs.JSON, objects: Seen) -> Iterator[Owner]:
    if _marked(obj, "projectsveltos.io/"):
        for summary in _summaries(objects):
            yield _owner(summary, "management")
            return
        name = annotation(obj, "projectsveltos.io/owner-name")
        yield Owner(kind="ClusterSummary", name=name or "of this Cluster")


def _fleet(obj: structs.JSON, objects: Seen) -> Iterator[Owner]:
    identifier = annotation(obj, "objectset.rio.cattle.io/id")
    if not identifier and not _marked(obj, "fleet.cattle.io/"):
        return
    for deployment in objects.management_of("BundleDeployment"):
        if name_of(deployment) and identifier.endswith(name_of(deployment)):
            yield _owner(deployment, "management")
            return
    yield Owner(kind="BundleDeployment", name=identifier or "of this Cluster")


def _helm(obj: structs.JSON, objects: Seen) -> Iterator[Owner]:
    name = annotation(obj, "meta.helm.sh/release-name")
    if not name:
        return
    namespace = annotation(obj, "meta.helm.sh/release-namespace")
    stored = any(
        (namespace_of(revision), label(revision, "name")) == (namespace, name)
        for revision in revisions(objects)
    )
    yield Owner(
        kind=HELM, name=name, namespace=namespace, where="workload" if stored else "not found"
    )
    yield from _reconcilers(namespace, name, objects)


def revisions(objects: Seen) -> Iterator[structs.JSON]:
    """The Secrets and ConfigMaps in which Helm keeps its releases (HELM_DRIVER)."""
    for kind in HELM_STORES:
        for obj in objects.workload_of(kind):
            if label(obj, HELM_LABEL) == "helm":
                yield obj


def _reconcilers(namespace: str, name: str, objects: Seen) -> Iterator[Owner]:
    """The owners of a Helm release, which leaves no mark of them on its objects."""
    for find in (_proxy, _helm_release, _sveltos_release, _fleet_release):
        owners = tuple(find(namespace, name, objects))
        if owners:
            yield from owners
            return


def _proxy(namespace: str, name: str, objects: Seen) -> Iterator[Owner]:
    for proxy in objects.management_of("HelmReleaseProxy"):
        release = (at(proxy, "spec.namespace") or "default", at(proxy, "spec.releaseName"))
        if at(proxy, "spec.clusterRef.name") != objects.name or release != (namespace, name):
            continue
        yield _owner(proxy, "management")
        for reference in items(proxy, "metadata.ownerReferences"):
            if reference.get("kind") == "HelmChartProxy":
                chart = str(reference.get("name", ""))
                place = namespace_of(proxy)
                yield Owner(kind="HelmChartProxy", name=chart, namespace=place, where="management")
        return


def _helm_release(namespace: str, name: str, objects: Seen) -> Iterator[Owner]:
    for where, listed in _both(objects, "HelmRelease"):
        for release in listed:
            if _releases(release, namespace, name) and _reaches(release, where, objects):
                yield _owner(release, where)
                yield from _flux(release, objects)
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


def _sveltos_release(namespace: str, name: str, objects: Seen) -> Iterator[Owner]:
    for summary in _summaries(objects):
        for release in items(summary, "status.helmReleaseSummaries"):
            if (release.get("releaseNamespace"), release.get("releaseName")) == (namespace, name):
                yield _owner(summary, "management")
                return


def _fleet_release(namespace: str, name: str, objects: Seen) -> Iterator[Owner]:
    """Fleet calls the namespace of a BundleDeployment ``cluster-<namespace>-<name>-<hash>``."""
    place = f"cluster-{objects.namespace}-{objects.name}-"
    for deployment in objects.management_of("BundleDeployment"):
        release = str(at(deployment, "status.release") or "").rpartition(":")[0]
        if release == f"{namespace}/{name}" and namespace_of(deployment).startswith(place):
            yield _owner(deployment, "management")
            return


def _kapp(obj: structs.JSON, objects: Seen) -> Iterator[Owner]:
    value = label(obj, "kapp.k14s.io/app")
    if not value:
        return
    for config_map in objects.workload_of("ConfigMap"):
        if _label_value(config_map) == value:
            name, namespace = name_of(config_map), namespace_of(config_map)
            yield Owner(kind=KAPP, name=name, namespace=namespace, where="workload")
            yield from _of_kapp(namespace, name, objects)
            return
    yield Owner(kind=KAPP, name=value)


def _label_value(config_map: structs.JSON) -> str:
    """The value of kapp's label on the objects of an app, from the ConfigMap of that app."""
    try:
        spec: Any = structs.decode_json(str(at(config_map, "data.spec") or "{}"))
    except structs.DecodeError:
        return ""
    return str(spec.get("labelValue") or "") if isinstance(spec, dict) else ""


def _of_kapp(namespace: str, name: str, objects: Seen) -> Iterator[Owner]:
    """kapp-controller calls the app of an App ``<name>-ctrl``, or ``<name>.app`` since 0.47."""
    for suffix in ("-ctrl", ".app"):
        if not name.endswith(suffix):
            continue
        own = name.removesuffix(suffix)
        for kind in ("App", "PackageInstall"):
            there = _find(objects.workload_of(kind), own, namespace)
            if there is not None:
                yield _owner(there, "workload")
                if kind == "PackageInstall":
                    yield from _of_package(there, objects)


def _of_package(install: structs.JSON, objects: Seen) -> Iterator[Owner]:
    """A ClusterBootstrap names the package; the ancestor's legacy clusters have its add-on Secret
    only."""
    package = package_of(install)
    for bootstrap in objects.management_of("ClusterBootstrap"):
        for each in items(bootstrap, "spec.additionalPackages"):
            if str(each.get("refName") or "").startswith(package):
                yield _owner(bootstrap, "management")
                return
    secret = _find(objects.management_of("Secret"), ADDON_SECRET.format(objects.name))
    if secret is not None and package.startswith("load-balancer-and-ingress-service"):
        yield _owner(secret, "management")


def package_of(install: structs.JSON) -> str:
    """The name of the package of a PackageInstall."""
    return str(at(install, "spec.packageRef.refName") or "")


# Helpers.


def _both(objects: Seen, kind: str) -> tuple[tuple[Where, Iterator[structs.JSON]], ...]:
    return (
        ("workload", objects.workload_of(kind)),
        ("management", objects.management_of(kind)),
    )


def _summaries(objects: Seen) -> Iterator[structs.JSON]:
    for summary in objects.management_of("ClusterSummary"):
        of = (at(summary, "spec.clusterNamespace"), at(summary, "spec.clusterName"))
        if of == (objects.namespace, objects.name):
            yield summary


def _find(listed: Iterator[structs.JSON], name: str, namespace: str = "") -> structs.JSON | None:
    for obj in listed:
        if name_of(obj) == name and namespace in ("", namespace_of(obj)):
            return obj
    return None


def _marked(obj: structs.JSON, part: str) -> bool:
    metadata = seen.metadata_of(obj)
    marks = [*(metadata.get("labels") or {}), *(metadata.get("annotations") or {})]
    return any(part in mark for mark in marks)


def _owner(obj: structs.JSON, where: Where) -> Owner:
    return Owner(kind=obj["kind"], name=name_of(obj), namespace=namespace_of(obj), where=where)
