"""Other writers in a workload cluster: they may write to Avi under the same clusterName.

AKO of another namespace (AKO's docs/multiple-ako.md), ako-crd-operator, AMKO, and whatever holds
AKO's credentials: a Job, a CronJob, a Deployment of somebody's own. Found by the labels of their
charts in all namespaces, and by references to AKO's Secret or ConfigMap in the namespaces that have
that Secret. All lists are bounded; ``unseen`` names what was left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from akoo_ako import names
from akoo_core.plugin import structs
from akoo_core.plugin.kube import (
    CONFIG_MAPS,
    PODS,
    SECRETS,
    STATEFUL_SETS,
    ForbiddenError,
    KubeClient,
    NotFoundError,
    Resource,
)

LIMIT = 200
"""Objects of one kind that are looked at in one list."""
NAMESPACES = 20
"""Namespaces with AKO's Secret that are looked at."""
NAMED = 3
_FAMILY = f"app.kubernetes.io/name in ({', '.join(names.FAMILY)})"
_KINDS = (
    PODS,
    STATEFUL_SETS,
    Resource("apps", "v1", "deployments", "Deployment"),
    Resource("apps", "v1", "daemonsets", "DaemonSet"),
    Resource("batch", "v1", "jobs", "Job"),
    Resource("batch", "v1", "cronjobs", "CronJob"),
)


class Others(NamedTuple):
    """The other writers, and the gaps in the search."""

    writers: tuple[str, ...] = ()
    """``Pod blue/ako-0``, sorted."""
    unseen: tuple[str, ...] = ()
    """Sentences on lists that could not be read, or not in full."""

    @property
    def evidence(self) -> str:
        """The reason why something may still write; "" if nothing does."""
        if self.writers:
            more = len(self.writers) - NAMED
            rest = f" and {more} more" if more > 0 else ""
            return (
                f"{', '.join(self.writers[:NAMED])}{rest} may write to Avi under the same name: "
                "stop or delete them"
            )
        return f"not looked at: {'; '.join(self.unseen)}" if self.unseen else ""


async def find(kube: KubeClient, cluster_name: str, own_namespace: str = names.NAMESPACE) -> Others:
    """Writers that run, or may run again, beside our own AKO. Raises KubeErrors but Forbidden."""
    look = _Look(kube, own_namespace)
    for kind in _KINDS:
        await look.at(kind, selector=_FAMILY)
    for namespace in await look.namespaces():
        for kind in _KINDS:
            await look.at(kind, namespace)
    writers = [
        writer for writer in look.writers if await look.has_name(writer.namespace, cluster_name)
    ]
    return Others(tuple(sorted({str(writer) for writer in writers})), tuple(sorted(look.unseen)))


class _Writer(NamedTuple):
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class _Look:
    """Reads lists, and keeps the writers."""

    def __init__(self, kube: KubeClient, own_namespace: str) -> None:
        self._kube = kube
        self._own_namespace = own_namespace
        self._named: dict[str, str | None] = {}
        self.writers: list[_Writer] = []
        self.unseen: set[str] = set()

    async def at(self, kind: Resource, namespace: str = "", selector: str = "") -> None:
        for obj in await self._list(kind, namespace, label_selector=selector):
            metadata = obj["metadata"]
            writer = _Writer(kind.kind, str(metadata.get("namespace", "")), str(metadata["name"]))
            if (
                not is_own(kind, obj, self._own_namespace)
                and may_run(kind, obj)
                and (selector or holds(obj))
            ):
                self.writers.append(writer)

    async def namespaces(self) -> Iterable[str]:
        """The namespaces that have AKO's Secret, and AKO's own."""
        field = f"metadata.name={names.SECRET}"
        secrets = await self._list(SECRETS, "", field_selector=field, metadata_only=True)
        namespaces = {str(secret["metadata"]["namespace"]) for secret in secrets} | {
            self._own_namespace
        }
        if len(namespaces) > NAMESPACES:
            self.unseen.add(f"more than {NAMESPACES} namespaces have a Secret {names.SECRET}")
        return sorted(namespaces)[:NAMESPACES]

    async def _list(self, kind: Resource, namespace: str, **selectors: Any) -> list[structs.JSON]:
        where = f"in namespace {namespace}" if namespace else "in the cluster"
        try:
            page = await self._kube.list(kind, namespace or None, limit=LIMIT, **selectors)
        except ForbiddenError:
            self.unseen.add(f"{kind.plural} {where} may not be listed")
            return []
        except NotFoundError:
            return []  # the API server has no such kind
        if page.token:
            self.unseen.add(f"there are more than {LIMIT} {kind.plural} {where}")
        return page.items

    async def has_name(self, namespace: str, cluster_name: str) -> bool:
        """AKO's ConfigMap there has this clusterName. True without one: it may be any name."""
        if namespace not in self._named:
            self._named[namespace] = await self._name_in(namespace)
        return self._named[namespace] in (None, cluster_name)

    async def _name_in(self, namespace: str) -> str | None:
        try:
            obj = await self._kube.get(CONFIG_MAPS, names.CONFIG_MAP, namespace)
        except (NotFoundError, ForbiddenError):
            return None
        return str((obj.get("data") or {}).get("clusterName") or "") or None


def is_own(kind: Resource, obj: structs.JSON, namespace: str = names.NAMESPACE) -> bool:
    """The object is our AKO, which fence looks at by itself. Pure."""
    metadata = obj["metadata"]
    if metadata.get("namespace") != namespace:
        return False
    if kind == STATEFUL_SETS:
        return bool(metadata["name"] == names.STATEFUL_SET)
    labels = metadata.get("labels") or {}
    return kind == PODS and labels.get("app.kubernetes.io/name") == names.PLUGIN


def may_run(kind: Resource, obj: structs.JSON) -> bool:
    """The object runs, or starts again by itself. Pure."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    match kind.kind:
        case "Pod":
            return bool(status.get("phase") not in ("Succeeded", "Failed"))
        case "StatefulSet" | "Deployment":
            return bool(spec.get("replicas", 1) != 0)
        case "Job":
            return not spec.get("suspend") and not any(
                condition.get("type") in ("Complete", "Failed")
                and condition.get("status") == "True"
                for condition in status.get("conditions") or ()
            )
        case "CronJob":
            return not spec.get("suspend")
    return True


def holds(obj: structs.JSON) -> bool:
    """Its Pods get AKO's credentials or configuration. Pure."""
    waiting: list[Any] = [obj.get("spec")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if any(_refers(key, inner) for key, inner in value.items()):
                return True
            waiting += value.values()
    return False


def _refers(key: str, value: Any) -> bool:
    """The field of a Pod spec is a reference to AKO's Secret or ConfigMap. Pure."""
    if not isinstance(value, dict):
        return False
    if key in ("secretRef", "secretKeyRef", "secret"):
        return names.SECRET in (value.get("name"), value.get("secretName"))
    return key in ("configMapRef", "configMapKeyRef", "configMap") and (
        value.get("name") == names.CONFIG_MAP
    )
