"""Notes an AKO in the workload cluster that akoo-core did not deploy. Thin.

Nobody looks for the objects of such an AKO, so no count of ours proves that nothing is left.
Observes the ConfigMaps that are wanted with our clusterName; writes ``spec.foreignAkos``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.objects import names
from akoo_core.objects.record import ForeignAko
from akoo_core.plugin import api
from akoo_core.reconcile.act.attempt import Attempt

CLUSTER_NAME: Final = "clusterName"
"""Key of AKO's ConfigMap: the mark on all of AKO's objects (helm/ako, templates/configmap.yaml)."""
KEPT: Final = 5
"""Foreign AKOs that a record names, at most."""


async def note(
    attempt: Attempt, contributions: Iterable[api.Contribution], client: KubeClient
) -> None:
    """Store the names of AKOs that stand in the place of ours. Raises ConflictError.

    A ConfigMap that cannot be read now is read by the next attempt, since it stays in the way.
    """
    for namespace, name in _named(contributions, attempt.spec.ako_cluster_name):
        try:
            config_map = await client.get(resources.CONFIG_MAPS, name, namespace)
        except (errors.KubeError, TimeoutError):
            continue
        spec = attempt.spec
        known = with_foreign(spec.foreign_akos, config_map, attempt.name, spec.ako_cluster_name)
        await attempt.store(foreign_akos=known)


def _named(contributions: Iterable[api.Contribution], ours: str) -> Iterator[tuple[str, str]]:
    """(namespace, name) of the ConfigMaps that are wanted with our clusterName."""
    for contribution in contributions:
        for manifest in contribution.objects:
            data: dict[str, Any] = manifest.get("data") or {}
            if manifest.get("kind") == "ConfigMap" and data.get(CLUSTER_NAME) == ours:
                metadata: dict[str, Any] = manifest["metadata"]
                yield metadata["namespace"], metadata["name"]


def with_foreign(
    known: tuple[ForeignAko, ...], config_map: structs.JSON, record_name: str, ours: str
) -> tuple[ForeignAko, ...]:
    """``known``, and the AKO of the ConfigMap unless that is ours. Pure."""
    metadata: dict[str, Any] = config_map["metadata"]
    if (metadata.get("labels") or {}).get(names.RECORD_LABEL) == record_name:
        return known
    data = config_map.get("data")
    value = data.get(CLUSTER_NAME) if isinstance(data, dict) else None
    cluster_name = value[:253] if isinstance(value, str) else ""
    if cluster_name == ours or any(ako.cluster_name == cluster_name for ako in known):
        return known
    where = f"ConfigMap {metadata['namespace']}/{metadata['name']}"
    return (*known, ForeignAko(cluster_name=cluster_name, where=where))[:KEPT]
