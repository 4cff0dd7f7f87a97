"""Keys that a change concerns: names of records, and of configs for their controller.

Both the old and the new state count: objects that were concerned until now are reconciled, too. The
cost of one change does not grow with the number of clusters, except for an AKODeploymentConfig: its
selector is tried on each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from akoo_core.cache import store
from akoo_core.kube import client
from akoo_core.objects import names, record
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.config import Config, from_object

Matches = Callable[[Config, Cluster], bool]
"""True if a config may serve a Cluster. Selection belongs to reconcile; here it is an argument."""


class ObjectLookups(Protocol):
    """Index lookups on the caches; they never block.

    Empty until the first list of a kind, whose objects arrive as changes.
    """

    def records_at(self, namespace: str, cluster_name: str) -> Iterable[str]:
        """Names of the records whose clusterRef has that namespace and name."""
        ...

    def records_naming(self, config_name: str) -> Iterable[str]:
        """Names of the records whose configRef is that AKODeploymentConfig."""
        ...

    def records_using_secret(self, namespace: str, name: str) -> Iterable[str]:
        """Names of the records that depend on that Secret."""
        ...

    def cluster_uid(self, namespace: str, name: str) -> str | None:
        """The UID of the Cluster of that name, or None."""
        ...

    def clusters(self) -> Iterable[Cluster]:
        """All Clusters. Read only for a change of a config."""
        ...


def records_of_cluster(
    change: store.Change, lookups: ObjectLookups, *, management_id: str
) -> tuple[str, ...]:
    """The records named after the old and the new UID, and those that name this Cluster."""
    derived = [names.record_name(management_id, obj["metadata"]["uid"]) for obj in _states(change)]
    return _unique(derived, lookups.records_at(change.key.namespace, change.key.name))


def records_of_config(
    change: store.Change, lookups: ObjectLookups, *, management_id: str, matches: Matches
) -> tuple[str, ...]:
    """The records that name this config, and those of Clusters it matches or used to match."""
    states = [config for config in map(_config, _states(change)) if config is not None]
    matched = (
        names.record_name(management_id, cluster.uid)
        for cluster in (lookups.clusters() if states else ())
        if any(matches(state, cluster) for state in states)
    )
    return _unique(lookups.records_naming(change.key.name), matched)


def records_of_record(
    change: store.Change, lookups: ObjectLookups, *, management_id: str
) -> tuple[str, ...]:
    """The record, the name its Cluster's UID gives, and other records of that Cluster's name.

    They differ only after ``clusterctl move``, or when a Cluster was created anew: then one record
    waits for the other.
    """
    related: list[str] = []
    for ref in _references(change, "clusterRef"):
        related.append(names.record_name(management_id, str(ref.get("uid", ""))))
        related += lookups.records_at(str(ref.get("namespace", "")), str(ref.get("name", "")))
    return _unique([change.key.name], related)


def records_of_secret(
    change: store.Change, lookups: ObjectLookups, *, management_id: str
) -> tuple[str, ...]:
    """The records that depend on this Secret; for a kubeconfig, those of its Cluster."""
    namespace = change.key.namespace
    record_names = list(lookups.records_using_secret(namespace, change.key.name))
    for obj in _states(change):
        owner = (obj["metadata"].get("labels") or {}).get(names.CAPI_CLUSTER_NAME_LABEL)
        if not owner or change.key.name != names.kubeconfig_secret_name(owner):
            continue
        record_names += lookups.records_at(namespace, owner)
        uid = lookups.cluster_uid(namespace, owner)
        if uid is not None:
            record_names.append(names.record_name(management_id, uid))
    return _unique(record_names)


def configs_of_record(change: store.Change) -> tuple[str, ...]:
    """The configs a record names or named: one of them may wait for its deletion."""
    return _unique(str(ref["name"]) for ref in _references(change, "configRef") if "name" in ref)


def configs_that_count(change: store.Change) -> tuple[str, ...]:
    """The config of a record that became Ready or ceased to be: it counts Ready records."""
    states = _states(change)
    if len({record.says_ready(obj) for obj in states}) < 2:
        return ()
    return configs_of_record(change)


def _states(change: store.Change) -> list[client.Object]:
    return [obj for obj in (change.old, change.new) if obj is not None]


def _references(change: store.Change, field: str) -> list[dict[str, Any]]:
    references = [(obj.get("spec") or {}).get(field) for obj in _states(change)]
    return [ref for ref in references if isinstance(ref, dict)]


def _config(obj: client.Object) -> Config | None:
    """The config; None if it cannot be decoded: then it matches nothing."""
    try:
        return from_object(obj)
    except Exception:  # noqa: BLE001 - selection says what is wrong with it; here it costs no event
        return None


def _unique(*groups: Iterable[str]) -> tuple[str, ...]:
    """All keys, in order and without duplicates."""
    return tuple(dict.fromkeys(key for group in groups for key in group))
