"""Reads of AKO's objects, and of all that may own them. Thin; it only reads.

Every list is bounded, and every object is compared with the types that are read; ``unseen`` names
lists that could not be read, or not in full.
"""

from __future__ import annotations

from typing import Any, Final

from akoo_ako import names
from akoo_ako.installs import checked, kapp, kinds, owners
from akoo_ako.installs.seen import Seen, label, name_of, namespace_of
from akoo_core.plugin import records, structs
from akoo_core.plugin.kube import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    SECRETS,
    STATEFUL_SETS,
    ForbiddenError,
    KubeClient,
    NotFoundError,
    Resource,
)

_IN_MANAGEMENT: Final = (
    kinds.HELM_RELEASES,
    kinds.APPLICATIONS,
    kinds.HELM_RELEASE_PROXIES,
    kinds.CLUSTER_SUMMARIES,
    kinds.BUNDLE_DEPLOYMENTS,
    kinds.KUSTOMIZATIONS,
)
_OF_KAPP: Final = (kinds.PACKAGE_INSTALLS, kinds.APPS)
"""Read where an object of AKO has the mark of kapp."""
_BESIDE_CLUSTERS: Final = (kinds.HELM_CHART_PROXIES, kinds.CLUSTER_RESOURCE_SETS)
_OF_CLUSTERS: Final = (kinds.CLUSTER_RESOURCE_SET_BINDINGS, kinds.CLUSTER_BOOTSTRAPS)
"""Kinds whose objects are in the namespace of a Cluster; the latter have its name."""
MANAGEMENT: Final = (
    SECRETS,
    *(versions[0] for versions in (*_IN_MANAGEMENT, *_OF_KAPP, *_BESIDE_CLUSTERS, *_OF_CLUSTERS)),
)
"""Kinds that are listed in the management cluster, each at its newest version."""
LIMIT: Final = 500
"""Objects of one kind that are looked at in one list."""


async def read(workload: KubeClient, management: KubeClient, cluster: records.Cluster) -> Seen:
    """The objects of both clusters. Raises KubeErrors but Forbidden and NotFound."""
    there, here = _Look(workload, "in the workload cluster"), _Look(management, "here")
    own = await _own(there)
    owners = await _in_workload(there)
    return Seen(
        namespace=cluster.namespace,
        name=cluster.name,
        labels=cluster.labels,
        own=tuple(own),
        workload=tuple(owners),
        management=tuple(await _in_management(here, cluster, own)),
        unseen=(*there.unseen, *here.unseen),
    )


async def running(workload: KubeClient) -> Seen:
    """StatefulSets and ConfigMaps of AKO in all namespaces, without their owners. Raises
    KubeErrors but Forbidden and NotFound."""
    look = _Look(workload, "in the workload cluster")
    own = [
        obj
        for kind, name in ((STATEFUL_SETS, names.STATEFUL_SET), (CONFIG_MAPS, names.CONFIG_MAP))
        for obj in await look.at(kind, field_selector=f"metadata.name={name}")
    ]
    return Seen(namespace="", name="", own=tuple(own), unseen=tuple(look.unseen))


async def _own(look: _Look) -> list[structs.JSON]:
    objects: list[structs.JSON] = []
    for kind, name in (
        (STATEFUL_SETS, names.STATEFUL_SET),
        (CONFIG_MAPS, names.CONFIG_MAP),
        (SECRETS, names.SECRET),
        (kinds.SERVICE_ACCOUNTS, names.SERVICE_ACCOUNT),
        (kinds.CLUSTER_ROLES, names.CLUSTER_ROLE),
        (kinds.INGRESS_CLASSES, names.CLASS),
        (kinds.GATEWAY_CLASSES, names.CLASS),
    ):
        field = f"metadata.name={name}"
        objects += await look.at(kind, field_selector=field, metadata_only=kind == SECRETS)
    namespaces = {namespace_of(obj) for obj in objects} - {""}
    bindings = {names.CLUSTER_ROLE_BINDING} | {
        f"{names.CLUSTER_ROLE_BINDING}-{namespace}" for namespace in namespaces
    }
    for name in sorted(bindings):
        field = f"metadata.name={name}"
        objects += await look.at(kinds.CLUSTER_ROLE_BINDINGS, field_selector=field)
    definitions = await look.at(CUSTOM_RESOURCE_DEFINITIONS, metadata_only=True)
    objects += [obj for obj in definitions if name_of(obj).endswith(".ako.vmware.com")]
    return objects


async def _in_workload(look: _Look) -> list[structs.JSON]:
    objects = [
        *await look.at(SECRETS, label_selector="owner=helm", metadata_only=True),
        *await look.at(CONFIG_MAPS, label_selector="owner=helm", metadata_only=True),
        *await look.at(CONFIG_MAPS, label_selector="kapp.k14s.io/is-app"),
    ]
    for versions in (
        kinds.PACKAGE_INSTALLS,
        kinds.APPS,
        kinds.AKO_CONFIGS,
        kinds.HELM_RELEASES,
        kinds.KUSTOMIZATIONS,
        kinds.APPLICATIONS,
    ):
        objects += await look.at_newest(versions)
    return objects


async def _in_management(
    look: _Look, cluster: records.Cluster, own: list[structs.JSON]
) -> list[structs.JSON]:
    objects: list[structs.JSON] = []
    for pattern in (kinds.ADDON_SECRET, kinds.VENDOR_SECRET, kinds.ACCOUNT_SECRET):
        field = f"metadata.name={pattern.format(cluster.name)}"
        objects += await look.at(
            SECRETS, cluster.namespace, field_selector=field, metadata_only=True
        )
    packaged = any(label(obj, kapp.LABEL) for obj in own)
    for versions in (*_IN_MANAGEMENT, *(_OF_KAPP if packaged else ())):
        objects += await look.at_newest(versions)
    applied = any(owners.of_cluster_api(obj) for obj in own)
    proxied = any(obj["kind"] == "HelmReleaseProxy" for obj in objects)
    for wanted, versions in zip((proxied, applied), _BESIDE_CLUSTERS, strict=True):
        objects += await look.at_newest(versions, cluster.namespace) if wanted else []
    for versions in _OF_CLUSTERS if applied else (kinds.CLUSTER_BOOTSTRAPS,):
        field = f"metadata.name={cluster.name}"
        objects += await look.at_newest(versions, cluster.namespace, field_selector=field)
    return objects


class _Look:
    """Bounded lists of one API server."""

    def __init__(self, kube: KubeClient, where: str) -> None:
        self._kube = kube
        self._where = where
        self.unseen: list[str] = []

    async def at(self, kind: Resource, namespace: str = "", **selectors: Any) -> list[structs.JSON]:
        """The objects of a kind; [] where it is not served."""
        return await self._list(kind, namespace, **selectors) or []

    async def at_newest(
        self, versions: tuple[Resource, ...], namespace: str = "", **selectors: Any
    ) -> list[structs.JSON]:
        """The objects of a kind at the first version that is served."""
        for kind in versions:
            objects = await self._list(kind, namespace, **selectors)
            if objects is not None:
                return objects
        return []

    async def _list(
        self, kind: Resource, namespace: str, **selectors: Any
    ) -> list[structs.JSON] | None:
        """None where the kind is not served."""
        try:
            page = await self._kube.list(kind, namespace or None, limit=LIMIT, **selectors)
        except ForbiddenError:
            self.unseen.append(f"{kind.qualified} {self._where} may not be listed")
            return []
        except NotFoundError:
            return None
        if page.token:
            self.unseen.append(f"there are more than {LIMIT} {kind.qualified} {self._where}")
        for obj in page.items:
            checked.check(kind, obj)
        named = {"apiVersion": kind.api_version, "kind": kind.kind}
        return [{**obj, **named} for obj in page.items]
