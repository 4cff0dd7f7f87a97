"""Apps of kapp, and the packages and controllers above them; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from akoo_ako.installs import owner as owners
from akoo_ako.installs.kinds import ADDON_SECRET
from akoo_ako.installs.owner import KAPP, Link, Owner, Where
from akoo_ako.installs.seen import Seen, at, items, label, name_of, namespace_of
from akoo_core.plugin import structs

LABEL: Final = "kapp.k14s.io/app"


def by_app(obj: structs.JSON, where: Where, objects: Seen) -> Iterator[Link]:
    value = label(obj, LABEL)
    if not value or where == "management":
        return
    for config_map in objects.workload_of("ConfigMap"):
        if _label_value(config_map) == value:
            name, namespace = name_of(config_map), namespace_of(config_map)
            yield Owner(kind=KAPP, name=name, namespace=namespace, where="workload"), None
            yield from _of_kapp(namespace, name, objects)
            return
    yield Owner(kind=KAPP, name=value), None


def _label_value(config_map: structs.JSON) -> str:
    """The value of kapp's label on the objects of an app, from the ConfigMap of that app."""
    try:
        spec: Any = structs.decode_json(str(at(config_map, "data.spec") or "{}"))
    except structs.DecodeError:
        return ""
    return str(spec.get("labelValue") or "") if isinstance(spec, dict) else ""


def _of_kapp(namespace: str, name: str, objects: Seen) -> Iterator[Link]:
    """kapp-controller calls the app of an App ``<name>-ctrl``, or ``<name>.app`` since 0.47. It
    runs in the workload cluster, or in the management cluster with a kubeconfig."""
    for suffix in ("-ctrl", ".app"):
        if not name.endswith(suffix):
            continue
        own, here = name.removesuffix(suffix), False
        for kind in ("App", "PackageInstall"):
            there = owners.find(objects.workload_of(kind), own, namespace)
            if there is not None:
                yield owners.made(there, "workload"), None
                here = True
                if kind == "PackageInstall":
                    yield from _of_package(there, objects)
        remote = None if here else _remote(own, objects)
        if remote is not None:
            yield owners.made(remote, "management"), remote


def _remote(name: str, objects: Seen) -> structs.JSON | None:
    """The App in the management cluster that deploys into this Cluster; its PackageInstall where
    there is no App yet."""
    apps = [
        app
        for kind in ("App", "PackageInstall")
        for app in objects.management_of(kind)
        if name_of(app) == name
    ]
    sure = (app for app in apps if _kubeconfig_of(app, objects) == "this")
    maybe = (app for app in apps if _kubeconfig_of(app, objects) == "unknown")
    return next(sure, next(maybe, None))


def _kubeconfig_of(app: structs.JSON, objects: Seen) -> Literal["this", "other", "unknown"]:
    """The Cluster of the kubeconfig of an App, by the name that Cluster API gives the Secret."""
    secret = str(at(app, "spec.cluster.kubeconfigSecretRef.name") or "")
    mine = namespace_of(app) == objects.namespace
    if not secret:
        return "other"
    if mine and secret == f"{objects.name}-kubeconfig":
        return "this"
    maybe = mine and secret.startswith(f"{objects.name}-")
    return "other" if secret.endswith("-kubeconfig") and not maybe else "unknown"


def _of_package(install: structs.JSON, objects: Seen) -> Iterator[Link]:
    """A ClusterBootstrap names the package; the ancestor's legacy clusters have its add-on Secret
    only."""
    package = package_of(install)
    for bootstrap in objects.management_of("ClusterBootstrap"):
        for each in items(bootstrap, "spec.additionalPackages"):
            if str(each.get("refName") or "").startswith(package):
                yield owners.made(bootstrap, "management"), None
                return
    secret = owners.find(objects.management_of("Secret"), ADDON_SECRET.format(objects.name))
    if secret is not None and package.startswith("load-balancer-and-ingress-service"):
        yield owners.made(secret, "management"), None


def package_of(install: structs.JSON) -> str:
    """The name of the package of a PackageInstall."""
    return str(at(install, "spec.packageRef.refName") or "")
