"""Objects and owners, put into installs of AKO; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from akoo_ako import names
from akoo_ako.installs import kapp, kinds, owners, template
from akoo_ako.installs.owner import HELM, Owner
from akoo_ako.installs.seen import Seen, at, label, metadata_of, name_of, namespace_of
from akoo_ako.releases.table import Table
from akoo_core.plugin import names as core_names
from akoo_core.plugin import structs

Kind = Literal["AkooCore", "Helm", "Ancestor", "Vendor", "AKOConfig", "Package", "YAML"]
"""Ancestor and Vendor: packages of the Go ancestor and of AKO's vendor. Package: any other."""

ANCESTOR_PACKAGE: Final = "load-balancer-and-ingress-service"
VENDOR_PACKAGE: Final = "ako.kubernetes.vmware.com"


class OwnedObject(structs.Struct, frozen=True, kw_only=True):
    """One object of an install."""

    kind: str
    name: str
    namespace: str = ""
    owners: tuple[Owner, ...] = ()
    """The nearest first; () for an object that nobody owns."""
    managers: tuple[str, ...] = ()
    """The programs that wrote fields of it (managedFields)."""

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"


class Install(structs.Struct, frozen=True, kw_only=True):
    """One AKO in a workload cluster."""

    kind: Kind
    namespace: str
    primary: bool
    """The AKO that owns what a cluster has once: class, role, definitions, routes."""
    cluster_name: str = ""
    version: str = ""
    """A release of AKO; "" where the image names none."""
    image: str = ""
    replicas: int = 0
    ready: int = 0
    data: dict[str, str] = {}
    """Of the ConfigMap."""
    stateful_set: structs.JSON = {}
    """{} where there is none."""
    objects: tuple[OwnedObject, ...] = ()

    @property
    def owner(self) -> Owner | None:
        """The top of the chain of owners."""
        chain = self.objects[0].owners if self.objects else ()
        return chain[-1] if chain else None


def installs(objects: Seen, table: Table) -> tuple[Install, ...]:
    """Every AKO in the cluster, the primary first. ``table``: the releases that are known."""
    namespaces = {
        namespace_of(obj)
        for kind, name in _MARKS
        for obj in objects.own_of(kind)
        if name_of(obj) == name
    }
    recognised = [
        _install(namespace, objects, namespaces, table) for namespace in sorted(namespaces)
    ]
    return tuple(sorted(recognised, key=lambda install: not install.primary))


def is_secondary(data: dict[str, str]) -> bool:
    """The ConfigMap is that of a secondary instance."""
    return data.get("primaryInstance", "").lower() == "false"


_MARKS: Final = (("StatefulSet", names.STATEFUL_SET), ("ConfigMap", names.CONFIG_MAP))
"""An AKO has one or both of these."""


_KINDS: Final = tuple(kind.kind for kind in kinds.OWN)


def _install(namespace: str, objects: Seen, namespaces: set[str], table: Table) -> Install:
    stateful_set = next(objects.own_of("StatefulSet", namespace), {})
    config_map = next(objects.own_of("ConfigMap", namespace), {})
    data = {str(key): str(value) for key, value in (at(config_map, "data") or {}).items()}
    primary = not is_secondary(data)
    pods = template.pod_spec(stateful_set)
    image = str(template.ako_container(pods).get("image") or "")
    mine = [
        obj
        for obj in objects.own
        if namespace_of(obj) == namespace
        or (not namespace_of(obj) and _belongs(obj, namespace, primary=primary, of=namespaces))
    ]
    owned = tuple(_owned(obj, objects) for obj in sorted(mine, key=_place))
    return Install(
        kind=_kind(stateful_set or config_map, owned, objects),
        namespace=namespace,
        primary=primary,
        cluster_name=data.get("clusterName", ""),
        version=version_of(image, stateful_set, table),
        image=image,
        replicas=int(at(stateful_set, "spec.replicas") or 0) if stateful_set else 0,
        ready=int(at(stateful_set, "status.readyReplicas") or 0),
        data=data,
        stateful_set=stateful_set,
        objects=owned,
    )


def _place(obj: structs.JSON) -> int:
    """Of its kind in the list of objects: the StatefulSet comes first."""
    return _KINDS.index(obj["kind"]) if obj["kind"] in _KINDS else len(_KINDS)


def _belongs(obj: structs.JSON, namespace: str, *, primary: bool, of: set[str]) -> bool:
    """The cluster-scoped object is part of the install in ``namespace``."""
    if name_of(obj) == f"{names.CLUSTER_ROLE_BINDING}-{namespace}":
        return True
    others = {f"{names.CLUSTER_ROLE_BINDING}-{each}" for each in of}
    return primary and name_of(obj) not in others


def version_of(image: str, stateful_set: structs.JSON, table: Table) -> str:
    """The release of an image, by its tag; else by the label that every chart sets."""
    tag = template.parse_image(image).tag
    labelled = label(stateful_set, "app.kubernetes.io/version")
    for text in (tag, tag.partition("-")[0], labelled):
        if table.find(text) is not None:
            return text
    looks = [text for text in (tag, labelled) if text[:1].isdigit()]
    return looks[0] if looks else ""


def _owned(obj: structs.JSON, objects: Seen) -> OwnedObject:
    managers = {
        str(entry.get("manager") or "") for entry in metadata_of(obj).get("managedFields") or ()
    }
    return OwnedObject(
        kind=obj["kind"],
        name=name_of(obj),
        namespace=namespace_of(obj),
        owners=owners.chain(obj, objects),
        managers=tuple(sorted(managers - {""})),
    )


def _kind(obj: structs.JSON, owned: tuple[OwnedObject, ...], objects: Seen) -> Kind:
    if label(obj, core_names.RECORD_LABEL):
        return "AkooCore"
    if any(True for _ in objects.workload_of("AKOConfig")):
        return "AKOConfig"
    chain = owned[0].owners if owned else ()
    for package in _packages(chain, objects):
        if package.startswith(ANCESTOR_PACKAGE):
            return "Ancestor"
        return "Vendor" if package.startswith(VENDOR_PACKAGE) else "Package"
    above = {owner.kind for owner in chain}
    if "AKOConfig" in above:
        return "AKOConfig"
    if HELM in above:
        return "Helm"
    return "Package" if above & {"App", "PackageInstall"} else "YAML"


def _packages(chain: tuple[Owner, ...], objects: Seen) -> Iterator[str]:
    for owner in chain:
        for install in objects.workload_of("PackageInstall"):
            mine: tuple[Any, ...] = (namespace_of(install), name_of(install))
            if owner.kind == "PackageInstall" and mine == (owner.namespace, owner.name):
                yield kapp.package_of(install)
